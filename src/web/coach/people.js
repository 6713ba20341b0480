/*
 * Who is coming: contact, notes, the link; what became of it; moving and cancelling.
 */

import { fill, h, webAddress } from '../widget/dom.js';
import { cityOf, clockOptions, dayLength, dayOf, format, offsetMinutes, zoneName } from '../widget/time.js';
import { appointmentsIn, typeName } from './appointments.js';
import { answerBadge, bookingDialog, contactLines } from './booking.js';
import { cancelDialog, ifStands, moveDialog, statusWords } from './dialogs.js';
import { newBookingButton } from './new_booking.js';
import { waitingSections } from './waiting.js';

export function peopleView(house, heading) {
  const { t } = house;
  const list = h('div', { class: 'people' });
  const more = h('div', null);
  const view = { house, list, more, status: 'upcoming', asked: 0 };
  view.none = h('p', { class: 'muted', hidden: true }, t('noneFound'));
  view.search = h('input', {
    type: 'search',
    id: 'search',
    placeholder: t('search'),
    oninput: () => house.say(t('found', { n: filter(view) })),
  });
  const csv = h('button', { type: 'button', onclick: () => download(view) }, t('csv'));
  loadPeople(view);
  return [
    h(
      'div',
      { class: 'head' },
      heading,
      newBookingButton(house, () => loadPeople(view)),
    ),
    house.choice(
      'which',
      t('which'),
      [
        ['upcoming', t('upcoming')],
        ['past', t('past')],
        ['cancelled', t('cancelled')],
        ['waiting', t('waitList')],
      ],
      'upcoming',
      (status) => {
        view.status = status;
        csv.hidden = status === 'waiting';
        loadPeople(view);
      },
    ),
    h('div', { class: 'row' }, h('label', { for: 'search', class: 'hidden' }, t('search')), view.search, csv),
    h('p', { class: 'hint' }, t('zoneLine', { zone: house.zoneText() })),
    view.none,
    list,
    more,
  ];
}

/* Shows those that the search's words fit, and answers how many. */
function filter(view) {
  const words = view.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of view.list.querySelectorAll('section')) {
    let any = false;
    for (const article of section.querySelectorAll('article')) {
      const text = article.textContent.toLowerCase();
      article.hidden = !words.every((word) => text.includes(word));
      any ||= !article.hidden;
      count += article.hidden ? 0 : 1;
    }
    section.hidden = !any;
  }
  view.none.hidden = count > 0 || !view.list.querySelector('article');
  return count;
}

/* A file for a spreadsheet. A cell that would be taken for a formula is made text. */
export function saveCsv(name, columns, rows) {
  const cell = (value) => {
    const text = String(value ?? '');
    return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replace(/"/g, '""')}"`;
  };
  const lines = [columns, ...rows.map((one) => columns.map((column) => one[column]))];
  const text = lines.map((line) => line.map(cell).join(',')).join('\r\n') + '\r\n';
  const file = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv' }));
  h('a', { href: file, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(file), 60000);
}

/* What is listed. */
function download(view) {
  const columns = ['start', 'end', 'status', 'session_type', 'name', 'email', 'phone', 'notes'];
  const listed = [...view.list.querySelectorAll('article:not([hidden])')].map(({ booking }) => booking);
  saveCsv(`bookings-${view.status}.csv`, columns, listed);
}

/*
 * The next part of the list. What is ahead comes in one go, the soonest first; what is past a quarter at a
 * time, the latest first, back to where there is something, or a year if there is nothing.
 */
async function next(view) {
  const { house, status } = view;
  const now = house.now();
  if (status !== 'past') {
    view.ended = true;
    return appointmentsIn(
      house,
      status,
      now - (status === 'cancelled' ? 90 : 1) * dayLength,
      now + 270 * dayLength,
    );
  }
  for (let quarter = 0; quarter < 4; quarter += 1) {
    const to = view.until ?? now;
    view.until = to - 91 * dayLength;
    const found = await appointmentsIn(house, status, view.until, to);
    if (found.length) return found.reverse();
  }
  view.ended = true;
  return [];
}

async function loadPeople(view, afresh = true) {
  const { house, list, more } = view;
  const { t } = house;
  view.asked += 1;
  const { asked } = view;
  if (afresh) {
    Object.assign(view, { until: null, ended: false });
    fill(list, h('div', { class: 'bone', 'aria-hidden': 'true' }));
    fill(more);
  }
  try {
    if (view.status === 'waiting') {
      const sections = await waitingSections(house);
      if (asked === view.asked) showWaiting(view, sections);
      return;
    }
    const [found, schedule] = await Promise.all([next(view), house.schedule()]);
    if (asked !== view.asked) return;
    view.schedule = schedule;
    if (afresh) fill(list);
    let day = list.lastElementChild?.dataset.day;
    for (const one of found.filter((other) => other.status !== 'held' && other.status !== 'expired')) {
      const date = dayOf(Date.parse(one.start), house.zone);
      if (date !== day)
        list.append(h('section', { 'data-day': date }, h('h2', null, house.day(date, 'long', 'numeric'))));
      day = date;
      list.lastElementChild.append(person(view, one));
    }
    fill(
      more,
      !view.ended
        ? h('button', { type: 'button', onclick: () => loadPeople(view, false) }, t('more'))
        : !list.children.length && h('p', { class: 'muted' }, t('nobody')),
    );
    filter(view);
    house.say(
      list.children.length ? t('listed', { n: list.querySelectorAll('article').length }) : t('nobody'),
    );
  } catch (problem) {
    if (asked !== view.asked) return;
    if (afresh) fill(list);
    fill(
      more,
      house.trouble(problem, () => loadPeople(view, afresh)),
    );
  }
}

function showWaiting(view, sections) {
  const { house, list, more } = view;
  const { t } = house;
  fill(list, sections);
  fill(more, !sections.length && h('p', { class: 'muted' }, t('nobodyWaits')));
  const n = list.querySelectorAll('article').length;
  house.say(n ? t('waitingListed', { n }) : t('nobodyWaits'));
  filter(view);
}

function person(view, one) {
  const { house } = view;
  const { t } = house;
  const start = Date.parse(one.start);
  const now = house.now();
  const name = house.nameOf(one);
  const link = webAddress(one.meeting?.url);
  const zone = one.time_zone && zoneName(one.time_zone);
  const elsewhere = zone && offsetMinutes(start, zone) !== offsetMinutes(start, house.zone);
  const status = statusWords(house, one);
  const debt = { pending: 'eventPending', failed: 'eventFailed', conflict: 'eventConflict' }[
    one.calendar?.state
  ];
  const trouble = h('div', null);
  const set = async (next, words) => {
    try {
      const path = `booking/${one.id}`;
      const again = () => loadPeople(view);
      const reached = ({ status }) => status === next;
      const saved = await ifStands(house, { path, seen: one, name, again, reached }, () =>
        house.call('PUT', `${path}/status`, { body: { status: next } }),
      );
      if (!saved) return;
      const node = person(view, saved);
      article.replaceWith(node);
      node.querySelector('h3').focus();
      house.say(house.pair(name, words));
    } catch (problem) {
      fill(trouble, house.trouble(problem));
    }
  };
  const label = (text) => ({ 'aria-label': house.pair(text, `${name}, ${house.moment(start)}`) });
  const button = (text, onclick, pressed) =>
    h('button', { type: 'button', 'aria-pressed': pressed, ...label(text), onclick }, text);
  const ended = !['cancelled', 'declined', 'requested'].includes(one.status) && start <= now;
  const article = h(
    'article',
    null,
    h(
      'div',
      { class: 'when' },
      h('strong', null, `${house.time(start)} – ${house.time(Date.parse(one.end))}`),
      elsewhere &&
        h(
          'span',
          { class: 'small muted' },
          t('theirZone', {
            zone: cityOf(zone),
            time: format(start, house.locale, {
              timeZone: zone,
              weekday: 'short',
              ...clockOptions(house.hour12),
            }),
          }),
        ),
    ),
    h(
      'div',
      { class: 'who' },
      h('h3', { tabindex: '-1' }, name),
      h(
        'p',
        { class: 'small muted' },
        [typeName(view.schedule, one.session_type), t('minutes', { n: one.duration_minutes })].join(' · '),
      ),
      contactLines(one),
      status && h('span', { class: 'small' }, status),
      answerBadge(house, one),
      one.cancel_reason &&
        h(
          'p',
          { class: 'notes' },
          one.cancel_reason === 'too_few_booked' ? t('tooFewBooked') : one.cancel_reason,
        ),
      debt &&
        one.status === 'scheduled' &&
        h('p', { class: 'small' }, [t(debt), one.calendar.detail].filter(Boolean).join('. ')),
    ),
    h(
      'div',
      { class: 'actions' },
      link &&
        one.status === 'scheduled' &&
        h(
          'a',
          { class: 'button', href: link, target: '_blank', rel: 'noopener noreferrer', ...label(t('join')) },
          t('join'),
        ),
      button(t('details'), () =>
        bookingDialog(house, one, () => loadPeople(view)).catch((problem) =>
          fill(trouble, house.trouble(problem)),
        ),
      ),
      ended &&
        button(
          t('completed'),
          () => set('completed', t('statusCompleted')),
          String(one.status === 'completed'),
        ),
      ended && button(t('noShow'), () => set('no_show', t('statusNoShow')), String(one.status === 'no_show')),
      one.status === 'scheduled' &&
        Date.parse(one.end) > now && [
          button(t('moveIt'), () => moveDialog(house, one, () => loadPeople(view))),
          button(t('cancelIt'), () => cancelDialog(house, one, () => loadPeople(view))),
        ],
    ),
    trouble,
  );
  return Object.assign(article, { booking: one });
}
