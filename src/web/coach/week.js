/*
 * The week: who comes, what is busy, when the coach works. A click on a time says why it can or cannot be
 * booked; a dragged range can be opened or closed for that date only, or its days blocked.
 */

import { fill, h } from '../widget/dom.js';
import { addDays, dayOf, firstWeekday, instantOf, isoText, weekdayOf } from '../widget/time.js';
import { appointmentsIn, sessionsOf } from './appointments.js';
import { finger, timeGrid } from './grid.js';
import { instant, partOf, showPanel } from './panel.js';
import { blockOn } from './time.js';

let start = null; // the first day that is shown; kept when the coach comes back to this view
let whole = false; // all 24 hours

const wide = window.matchMedia('(min-width: 40rem)');
export async function weekView(house, heading) {
  const { t } = house;
  const page = {
    bar: h('div', { class: 'bar' }),
    grid: h('div', { class: 'week' }),
    panel: h('aside', { 'aria-label': t('panel') }),
    trouble: h('div', null),
  };
  const count = () => (wide.matches ? 7 : 3);
  const today = dayOf(house.now(), house.zone);
  const weekStart = (day) => addDays(day, -((weekdayOf(day) - firstWeekday(house.locale) + 7) % 7));
  start ??= count() === 7 ? weekStart(today) : today;

  let asked = 0; // a reply that is no longer the newest question's is dropped
  const load = async () => {
    const mine = ++asked;
    const first = start;
    const shown = count();
    const end = addDays(first, shown);
    const [from, to] = [first, end].map((day) => instantOf(day, 0, house.zone));
    const [busy, list, schedule] = await Promise.all([
      house.coachCall('GET', `busy?from=${isoText(from)}&to=${isoText(to)}`),
      appointmentsIn(house, 'all', from, to),
      house.schedule(),
    ]);
    return {
      newest: () => mine === asked,
      first,
      count: shown,
      busy,
      schedule,
      sessions: sessionsOf(list, schedule),
    };
  };
  const turn = async (to, focus) => {
    start = to;
    const mine = asked + 1;
    try {
      const loaded = await load();
      if (!loaded.newest()) return;
      renderWeek(house, page, loaded);
      page.bar.querySelector(`[data-go="${focus}"]`)?.focus();
      house.say(
        t('weekLoaded', {
          from: house.day(start),
          n: loaded.sessions.reduce((n, one) => n + (one.taken ?? 1), 0),
        }),
      );
      page.trouble.replaceChildren();
    } catch (problem) {
      if (asked !== mine) return;
      page.trouble.replaceChildren(house.trouble(problem, () => turn(to, focus)));
    }
  };
  page.go = (which) =>
    turn(
      {
        before: addDays(start, -count()),
        after: addDays(start, count()),
        today: count() === 7 ? weekStart(today) : today,
      }[which],
      which,
    );
  page.again = () => turn(start);
  page.whole = () => {
    whole = !whole;
    return turn(start, 'whole');
  };
  let columns = count();
  wide.onchange = () => {
    if (count() === columns) return;
    columns = count();
    const has = start <= today && today < addDays(start, 7);
    turn(columns === 7 ? weekStart(start) : has ? today : start);
  };
  const loaded = await load();
  if (loaded.newest()) renderWeek(house, page, loaded);
  return [
    heading,
    page.bar,
    page.trouble,
    h('p', { class: 'hint' }, t(finger.matches ? 'gridHintTouch' : 'gridHint')),
    h('div', { class: 'week-and-panel' }, page.grid, page.panel),
  ];
}

/* Further calendars have a pattern each, by name, for as long as the page is open. There are five; the sixth has the first again. */
const patterns = new Map();
const PATTERNS = 5;

function patternOf(name) {
  if (!patterns.has(name)) patterns.set(name, patterns.size % PATTERNS);
  return `busy other pattern-${patterns.get(name)}`;
}

/* Who comes, or what it is and how full. */
const sessionWords = (house, one) =>
  one.seats ? `${one.taken}/${one.seats} ${one.name}` : house.nameOf(one);

const meaning = (kind, words) => h('span', null, h('i', { class: `swatch ${kind}` }), words);

function renderWeek(house, page, loaded) {
  const { t } = house;
  const { busy, schedule, sessions, count } = loaded;
  const names = [...new Set(busy.busy.map((one) => one.calendar).filter(Boolean))].sort();
  for (const name of names) patternOf(name);
  const inOthers = names.length > 0 && !busy.busy.some((one) => one.source === 'calendar' && !one.calendar);
  const days = Array.from({ length: count }, (_, index) => addDays(loaded.first, index));
  const parts = (list, day) =>
    list.map((one) => ({ one, ...partOf(house, one, day) })).filter((part) => part.to !== undefined);
  const columns = days.map((day) => ({
    day,
    blocked: blockOn(schedule, day),
    open: parts(busy.hours, day),
    busy: parts(
      busy.busy.filter((one) => one.source !== 'appointment'),
      day,
    ),
    sessions: parts(sessions, day),
  }));
  const covers = (list, minute) => list.find((part) => part.from < minute + 30 && part.to > minute);
  const words = (column, minute) => {
    const here = covers(column.sessions, minute)?.one;
    if (here) {
      const times = `${house.time(instant(here.start))} – ${house.time(instant(here.end))}`;
      return [t('kindAppointment'), house.nameOf(here), times, here.seats && t('seatsTaken', here)]
        .filter(Boolean)
        .join(', ');
    }
    const taken = covers(column.busy, minute)?.one;
    if (taken?.calendar) return t('kindBusyIn', { name: taken.calendar });
    if (taken) return t(taken.source === 'hold' ? 'kindHold' : 'kindBusy');
    if (column.blocked?.reason) return t('blockedFor', { reason: column.blocked.reason });
    if (column.blocked) return t('kindBlocked');
    return t(covers(column.open, minute) ? 'kindOpen' : 'kindClosed');
  };
  const [from, to] = span(columns);
  const today = dayOf(house.now(), house.zone);
  const grid = timeGrid({
    label: t('weekGrid'),
    days: days.map((day) => ({
      head: h(
        'button',
        {
          type: 'button',
          class: day === today ? 'plain today' : 'plain',
          'aria-current': day === today && 'date',
          onclick: () => choose({ first: days.indexOf(day), last: days.indexOf(day), from: 0, to: 1440 }),
        },
        house.day(day, 'short'),
      ),
    })),
    from,
    to,
    time: house.clock,
    hour: house.hour,
    name: (column, minute) =>
      t('cell', {
        day: house.day(days[column]),
        time: house.clock(minute),
        what: words(columns[column], minute),
      }),
    kind: (column, minute) => {
      const { blocked, open } = columns[column];
      return blocked ? 'blocked' : covers(open, minute) ? 'open' : 'closed';
    },
    blocks: (column) => [
      ...columns[column].busy.map((part) => ({
        ...part,
        kind: part.one.calendar ? patternOf(part.one.calendar) : part.one.source === 'hold' ? 'hold' : 'busy',
        lines: [part.one.calendar].filter(Boolean),
      })),
      ...columns[column].sessions.map((part) => ({
        ...part,
        kind: `appointment ${part.one.status}`,
        lines: [sessionWords(house, part.one), house.clock(part.from)],
      })),
    ],
    onrange: (range) => choose(range),
    onmove: (range) =>
      house.say(
        t('selected', {
          from: `${house.day(days[range.first], 'short')} ${house.clock(range.from)}`,
          to: `${house.day(days[range.last], 'short')} ${house.clock(range.to)}`,
        }),
      ),
  });
  const choose = (range) =>
    showPanel(house, page, loaded, { ...range, days: days.slice(range.first, range.last + 1) }, grid);
  const go = (name, text, label) =>
    h('button', { type: 'button', 'data-go': name, 'aria-label': label, onclick: () => page.go(name) }, text);
  fill(
    page.bar,
    h('h2', null, t('weekOf', { from: house.day(days[0], 'short'), to: house.day(days.at(-1), 'short') })),
    h(
      'div',
      null,
      go('before', '\u2039', t('before')),
      go('today', t('today')),
      go('after', '\u203a', t('after')),
    ),
    h(
      'button',
      {
        type: 'button',
        class: 'plain',
        'data-go': 'whole',
        'aria-pressed': String(whole),
        onclick: page.whole,
      },
      t('allDay'),
    ),
  );
  fill(
    page.grid,
    grid.table,
    h(
      'p',
      { class: 'legend small muted' },
      t('zoneLine', { zone: house.zoneText() }),
      ['open', !inOthers && 'busy', 'appointment', 'blocked']
        .filter(Boolean)
        .map((kind) => meaning(kind, t(`kind${kind[0].toUpperCase()}${kind.slice(1)}`))),
      names.map((name) => meaning(patternOf(name), name)),
    ),
  );
  fill(page.panel);
}

/* Which hours are shown: those with something in them and an hour around, or all. */
function span(columns) {
  const all = columns.flatMap((column) => [...column.open, ...column.sessions]);
  if (whole || !all.length) return whole ? [0, 1440] : [480, 1080];
  const from = Math.min(...all.map((part) => part.from));
  const to = Math.max(...all.map((part) => part.to));
  return [Math.max(0, Math.floor(from / 60) * 60 - 60), Math.min(1440, Math.ceil(to / 60) * 60 + 60)];
}
