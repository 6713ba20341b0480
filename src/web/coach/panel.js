/*
 * The panel beside the week, about the time that was chosen there: who comes, why it can or cannot be booked,
 * and what to do with it on its date.
 */

import { fill, h } from '../widget/dom.js';
import { addDays, dayOf, instantOf, isoText } from '../widget/time.js';
import { answerBadge, bookingDialog, contactLines, groupDialog, placeLine } from './booking.js';
import { cancelDialog, labelled, moveDialog, reasonText } from './dialogs.js';
import { newBookingButton } from './new_booking.js';
import { changedNotice, confirmsOutside, outsideNotice } from './notices.js';
import {
  blockOn,
  changeDate,
  clock,
  hasOverride,
  minutesOf,
  wallMinutes,
  withBlock,
  withOverride,
  withoutBlock,
} from './time.js';

export const instant = (text) => Date.parse(text);

/* The part of [start, end) that lies on a day, in minutes of its wall clock; null if none. */
export function partOf(house, one, day) {
  const from = instant(one.start);
  const to = instant(one.end);
  const first = dayOf(from, house.zone);
  const last = dayOf(to - 1, house.zone);
  if (day < first || day > last) return null;
  const minutes = (at) => wallMinutes(at, house.zone);
  return { from: day === first ? minutes(from) : 0, to: day === last ? minutes(to) || 1440 : 1440 };
}

/* `range` is what was chosen of the week in `loaded`: {days, from, to} in minutes, `to` exclusive. */
export function showPanel(house, page, loaded, range, grid) {
  const { t, coach } = house;
  const { schedule } = loaded;
  const { days } = range;
  const single = days.length === 1;
  const wholeDay = range.from === 0 && range.to === 1440;
  const trouble = h('div', null);
  const close = () => {
    fill(page.panel);
    grid.clear();
    grid.focus();
  };
  const dates = single
    ? house.day(days[0])
    : `${house.day(days[0], 'short')} – ${house.day(days.at(-1), 'short')}`;
  const title = wholeDay ? dates : `${dates}, ${house.clock(range.from)} – ${house.clock(range.to % 1440)}`;
  const heading = h('h2', { tabindex: '-1' }, title);
  const from = h('input', { type: 'time', id: 'range-from', value: clock(range.from) });
  const to = h('input', { type: 'time', id: 'range-to', value: clock(range.to % 1440) });
  const reason = h('input', { id: 'block-reason', maxlength: 2000 });

  /* Saves at once and says so; a way back is offered, so that a slip of the hand costs nothing. */
  const save = async (next, told) => {
    if (!next) {
      house.say(t('nothingToClose'));
      fill(trouble, h('p', { class: 'notice' }, t('nothingToClose')));
      return;
    }
    try {
      const before = schedule;
      if (!(await confirmsOutside(house, next))) return;
      const outside = await house.save(next, coach);
      await page.again();
      const undo = h(
        'button',
        {
          type: 'button',
          onclick: async () => {
            try {
              await house.save(before, coach);
              await page.again();
              house.say(t('undone'));
              fill(page.panel, h('h2', { tabindex: '-1' }, t('undone')));
              page.panel.querySelector('h2').focus();
            } catch (problem) {
              fill(trouble, house.trouble(problem));
            }
          },
        },
        t('undo'),
      );
      const done = h('h2', { tabindex: '-1' }, told);
      fill(
        page.panel,
        h(
          'div',
          { class: 'stack' },
          done,
          outsideNotice(house, outside),
          h('div', { class: 'actions' }, undo),
          trouble,
        ),
      );
      done.focus();
      house.say(told);
    } catch (problem) {
      fill(
        trouble,
        problem.code === 'changed_meanwhile'
          ? changedNotice(house, () => page.again())
          : house.trouble(problem),
      );
    }
  };
  const change = (open) => {
    const a = minutesOf(from.value);
    const b = minutesOf(to.value) || 1440;
    if (!(a < b)) return to.focus();
    let next = schedule;
    let changed = false;
    for (const day of days) {
      const one = changeDate(next, day, a, b, open);
      changed ||= Boolean(one);
      next = one ?? next;
    }
    return save(
      changed ? next : null,
      t(open ? 'hoursOpened' : 'hoursClosed', { day: dates, hours: house.hours(a, b) }),
    );
  };

  const blocked = days.some((day) => blockOn(schedule, day));
  const own = days.some((day) => hasOverride(schedule, day));
  const after = addDays(days.at(-1), 1);
  const here = loaded.sessions.filter((one) =>
    days.some((day) => {
      const part = partOf(house, one, day);
      return part && part.from < range.to && part.to > range.from;
    }),
  );
  fill(
    page.panel,
    h(
      'div',
      { class: 'stack' },
      h(
        'div',
        { class: 'panel-head' },
        heading,
        h('button', { type: 'button', class: 'close', 'aria-label': t('close'), onclick: close }, '\u00d7'),
      ),
      here.map((one) => card(house, page, one)),
      single &&
        !wholeDay &&
        h(
          'div',
          { class: 'actions' },
          newBookingButton(
            house,
            () => page.again(),
            () => instantOf(days[0], range.from, house.zone),
          ),
        ),
      single && !wholeDay && whyPart(house, schedule, days[0], range.from),
      trouble,
      h(
        'div',
        { class: 'stack ruled' },
        h('h3', null, t('onDate')),
        h(
          'div',
          { class: 'row' },
          labelled(house, from.id, t('from'), from),
          labelled(house, to.id, t('to'), to),
        ),
        blocked && h('p', { class: 'hint' }, t('dayBlockedFirst')),
        h(
          'div',
          { class: 'actions' },
          h('button', { type: 'button', onclick: () => change(true) }, t('openHours')),
          h('button', { type: 'button', onclick: () => change(false) }, t('closeHours')),
          own &&
            h(
              'button',
              {
                type: 'button',
                onclick: () =>
                  save(
                    days.reduce((next, day) => withOverride(next, day, null), schedule),
                    t('weeklyAgain', { day: dates }),
                  ),
              },
              t('asWeekly'),
            ),
        ),
      ),
      h(
        'div',
        { class: 'stack ruled' },
        h('h3', null, t(single ? 'block' : 'blockDays')),
        labelled(house, 'block-reason', t('reason'), reason, true),
        h(
          'div',
          { class: 'actions' },
          h(
            'button',
            {
              type: 'button',
              onclick: () =>
                save(
                  withBlock(schedule, days[0], after, reason.value.trim()),
                  t('dayBlocked', { day: dates }),
                ),
            },
            t(single ? 'block' : 'blockDays'),
          ),
          blocked &&
            h(
              'button',
              {
                type: 'button',
                onclick: () =>
                  save(withoutBlock(schedule, days[0], after), t('dayUnblocked', { day: dates })),
              },
              t('unblock'),
            ),
        ),
      ),
    ),
  );
  page.panel.onkeydown = (event) => {
    if (event.key === 'Escape') close();
  };
  heading.focus();
}

/* Every rule that stands against a start, for each kind and length that is offered. */
function whyPart(house, schedule, day, minutes) {
  const { t } = house;
  const types = schedule.session_types;
  const answer = h('div', { class: 'stack', id: 'why' });
  const time = h('input', { type: 'time', id: 'why-start', value: clock(minutes), onchange: () => ask() });
  const kind = h(
    'select',
    { id: 'why-type', onchange: () => chooseType() },
    types.map((one) => h('option', { value: one.id }, one.name)),
  );
  const lengths = h('div', null);
  let duration;
  let asked = 0;
  const chooseType = () => {
    const { durations } = types.find(({ id }) => id === kind.value) ?? types[0];
    [duration] = durations;
    fill(
      lengths,
      durations.length > 1 &&
        house.choice(
          'why-length',
          t('length'),
          durations.map((n) => [String(n), t('minutes', { n })]),
          String(duration),
          (value) => {
            duration = Number(value);
            ask();
          },
        ),
    );
    ask();
  };
  const ask = async () => {
    const at = minutesOf(time.value);
    if (Number.isNaN(at)) return;
    const mine = ++asked;
    fill(answer, h('p', { class: 'muted' }, t('asking')));
    const query = new URLSearchParams({
      start: isoText(instantOf(day, at, house.zone)),
      duration,
      session_type: kind.value,
    });
    try {
      const reply = await house.coachCall('GET', `explain?${query}`);
      if (mine !== asked) return;
      const words = t(!reply.bookable ? 'notBookable' : reply.approval ? 'askable' : 'bookable');
      fill(
        answer,
        h('p', { class: reply.bookable ? 'yes' : 'no' }, words),
        !reply.bookable &&
          h(
            'ul',
            { class: 'reasons' },
            reply.reasons.map((one) => h('li', { 'data-rule': one.rule }, reasonText(house, one))),
          ),
      );
      house.say([words, ...reply.reasons.map((one) => reasonText(house, one))].join(' '));
    } catch (problem) {
      if (mine === asked) fill(answer, house.trouble(problem, ask));
    }
  };
  chooseType();
  return h(
    'div',
    { class: 'stack ruled' },
    h('h3', null, t('why')),
    h(
      'div',
      { class: 'row' },
      types.length > 1 && labelled(house, kind.id, t('session'), kind),
      labelled(house, time.id, t('start'), time),
      lengths,
    ),
    answer,
  );
}

/* An appointment in a few lines, and what can be done with it. */
function card(house, page, one) {
  const { t } = house;
  const name = house.nameOf(one);
  const trouble = h('div', null);
  const button = (word, act) =>
    h(
      'button',
      {
        type: 'button',
        'aria-label': house.pair(t(word), name),
        onclick: () => Promise.resolve(act()).catch((problem) => fill(trouble, house.trouble(problem))),
      },
      t(word),
    );
  const ahead = one.status === 'scheduled' && !one.seats && instant(one.end) > house.now();
  const open = one.seats ? groupDialog : bookingDialog;
  return h(
    'div',
    { class: 'card' },
    h('strong', null, name),
    h('span', null, `${house.time(instant(one.start))} – ${house.time(instant(one.end))}`),
    one.seats ? h('span', null, t('seatsTaken', one)) : contactLines(one),
    placeLine(house, one, 'small muted'),
    !one.seats && answerBadge(house, one),
    trouble,
    h(
      'div',
      { class: 'actions' },
      button('details', () => open(house, one, () => page.again())),
      ahead && button('moveIt', () => moveDialog(house, one, () => page.again())),
      ahead && button('cancelIt', () => cancelDialog(house, one, () => page.again())),
    ),
  );
}
