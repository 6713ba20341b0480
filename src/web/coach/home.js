/*
 * Home: what is next, the coach's own page to hand out, and what is still to be done by someone new.
 */

import { h } from '../widget/dom.js';
import { dayOf, format } from '../widget/time.js';
import { comingBookings, sessionsOf, typeName } from './appointments.js';
import { placeWords } from './booking.js';
import { decisionButtons } from './dialogs.js';
import { newBookingButton } from './new_booking.js';

const copiedMark = 'mosaic-coach-copied';
const remembered = () => {
  try {
    return localStorage.getItem(copiedMark);
  } catch {
    return null;
  }
};

const shownMost = 5;

/* Once there is a session more than are shown, all seats of those that are shown have been read. */
const manyEnough = (found) => {
  const coming = found.filter((one) => one.status === 'scheduled');
  return new Set(coming.map((one) => one.group_id ?? one.id)).size > shownMost;
};

export async function homeView(house, heading) {
  const { t } = house;
  const [list, profile, schedule, google] = await Promise.all([
    comingBookings(house, 'upcoming', manyEnough),
    house.profile(),
    house.schedule(),
    house.google(),
  ]);
  const asked =
    schedule.session_types.some((type) => type.approval) || list.some((one) => one.status === 'requested')
      ? await comingBookings(house, 'requested')
      : [];
  const hour = Number(
    format(house.now(), 'en-GB', { timeZone: house.zone, hour: '2-digit', hourCycle: 'h23' }).slice(0, 2),
  );
  const greeting = hour < 12 ? 'morning' : hour < 18 ? 'afternoon' : 'evening';
  heading.textContent = t(greeting, { name: profile.name?.split(/\s+/)[0] ?? house.coach });
  return [
    h(
      'div',
      { class: 'head' },
      h('div', null, h('p', { class: 'muted' }, house.day(dayOf(house.now(), house.zone))), heading),
      newBookingButton(house, () => house.show('home')),
    ),
    asked.length > 0 && requests(house, asked, schedule),
    h(
      'div',
      { class: 'two' },
      h(
        'section',
        { class: 'box' },
        h(
          'div',
          { class: 'box-head' },
          h('h2', null, t('nextSessions')),
          h('a', { href: '#week' }, t('openCalendar')),
        ),
        nextSessions(
          house,
          sessionsOf(list, schedule)
            .filter((one) => one.status === 'scheduled')
            .slice(0, shownMost),
          schedule,
        ),
      ),
      h('div', { class: 'stack' }, pageBox(house, profile), steps(house, profile, google)),
    ),
  ];
}

/* What waits for the coach's approval. */
function requests(house, list, schedule) {
  const { t } = house;
  return h(
    'section',
    { class: 'box' },
    h('h2', null, t('requests')),
    h(
      'ul',
      { class: 'next' },
      list.map((one) => {
        const start = Date.parse(one.start);
        return h(
          'li',
          null,
          h(
            'div',
            { class: 'when' },
            h('strong', null, house.time(start)),
            h('span', { class: 'small muted' }, house.day(dayOf(start, house.zone), 'short')),
          ),
          h(
            'div',
            null,
            h('strong', null, house.nameOf(one)),
            h(
              'p',
              { class: 'small muted' },
              [
                typeName(schedule, one.session_type),
                t('decideBefore', { when: house.moment(Date.parse(one.decide_before)) }),
              ].join(' · '),
            ),
            decisionButtons(house, one, () => house.show('home')),
          ),
        );
      }),
    ),
  );
}

function nextSessions(house, list, schedule) {
  const { t } = house;
  if (!list.length) return h('p', { class: 'muted' }, t('nothingNext'));
  const now = house.now();
  return h(
    'ul',
    { class: 'next' },
    list.map((one) => {
      const start = Date.parse(one.start);
      const type = one.seats ? t('seatsTaken', one) : typeName(schedule, one.session_type);
      const minutes = Math.round((start - now) / 60000);
      const near =
        minutes <= 0 ? t('now') : minutes < 120 && t('inTime', { time: t('minutes', { n: minutes }) });
      return h(
        'li',
        null,
        h(
          'div',
          { class: 'when' },
          h('strong', null, house.time(start)),
          h('span', { class: 'small muted' }, house.day(dayOf(start, house.zone), 'short')),
        ),
        h(
          'div',
          null,
          h('strong', null, house.nameOf(one)),
          h(
            'p',
            { class: 'small muted' },
            [type, t('minutes', { n: one.duration_minutes }), placeWords(house, one.meeting, one.phone)]
              .filter(Boolean)
              .join(' · '),
          ),
        ),
        near && h('span', { class: 'badge' }, near),
      );
    }),
  );
}

/* The address to hand out. */
function pageBox(house, profile) {
  const { t } = house;
  const address = house.pageAddress(profile);
  const field = h('input', { id: 'page-address', readonly: true, value: address });
  const copy = h(
    'button',
    {
      type: 'button',
      onclick: async () => {
        await house.copy(address, field);
        try {
          localStorage.setItem(copiedMark, '1');
        } catch {
          /* blocked: the step is asked for again */
        }
      },
    },
    t('copy'),
  );
  return h(
    'section',
    { class: 'box' },
    h('h2', null, t('yourPage')),
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'page-address', class: 'hidden' }, t('pageAddress')),
      h('div', { class: 'link' }, field, copy),
    ),
    h(
      'p',
      { class: 'small row' },
      h('a', { href: address, target: '_blank', rel: 'noopener' }, t('preview')),
      h('a', { href: '#profile' }, t('embed')),
    ),
  );
}

/* What a new coach has still to do; null when all of it is done. */
function steps(house, profile, google) {
  const { t } = house;
  const list = [
    ['stepProfile', '#profile', Boolean(profile.name)],
    ['stepHours', '#hours', house.scheduleVersion() > 1],
    google && google.mode !== 'off' && ['stepCalendar', '#google', google.state === 'ok'],
    ['stepLink', '#home', Boolean(remembered())],
  ].filter(Boolean);
  if (list.every(([, , done]) => done)) return null;
  return h(
    'section',
    { class: 'box' },
    h('h2', null, t('firstSteps')),
    h(
      'ul',
      { class: 'steps' },
      list.map(([word, href, done]) =>
        h(
          'li',
          null,
          h('span', { class: done ? 'dot done' : 'dot', 'aria-hidden': 'true' }, done && '✓'),
          done
            ? h('span', null, t(word), h('span', { class: 'hidden' }, ` (${t('stepDone')})`))
            : h('a', { href }, t(word)),
        ),
      ),
    ),
  );
}
