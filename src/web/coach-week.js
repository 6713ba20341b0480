/*
 * The week: who comes, what is busy, when the coach works. A click on a time says why it can or cannot be booked; a dragged
 * range can be opened or closed for that date only, or its days blocked.
 */

import { addDays, dayOf, fill, firstWeekday, h, instantOf, offsetMinutes, webAddress, weekdayOf } from './widget.js?v=@VERSION@';
import { blockOn, changeDate, clock, hasOverride, minutesOf, withBlock, withOverride, withoutBlock } from './coach-time.js?v=@VERSION@';
import { timeGrid } from './coach-grid.js?v=@VERSION@';

let start = null; // the first day that is shown; kept when the coach comes back to this view
let whole = false; // all 24 hours

const wide = window.matchMedia('(min-width: 40rem)');
const instant = (text) => Date.parse(text);

export async function weekView(house, heading) {
  const { t } = house;
  const page = { bar: h('div', { class: 'bar' }), grid: h('div', { class: 'week' }), panel: h('aside', { 'aria-label': t('panel') }), trouble: h('div', null) };
  const count = () => (wide.matches ? 7 : 3);
  const today = dayOf(Date.now(), house.zone);
  const weekStart = (day) => addDays(day, -((weekdayOf(day) - firstWeekday(house.locale) + 7) % 7));
  start ??= count() === 7 ? weekStart(today) : today;

  const load = async () => {
    const first = start;
    const end = addDays(first, count());
    const from = new Date(instantOf(first, 0, house.zone)).toISOString().replace('.000', '');
    const to = new Date(instantOf(end, 0, house.zone)).toISOString().replace('.000', '');
    const range = `from=${from}&to=${to}`;
    const [busy, list, schedule] = await Promise.all([house.coachCall('GET', `busy?${range}`),
      house.coachCall('GET', `appointments?${range}&status=all&limit=100`), house.schedule()]);
    return { first, busy, schedule, appointments: list.appointments.filter((one) => !['cancelled', 'held', 'expired'].includes(one.status)) };
  };
  const turn = async (to, focus) => {
    start = to;
    try {
      const loaded = await load();
      if (loaded.first !== start) return;
      render(house, page, loaded, count());
      page.bar.querySelector(`[data-go="${focus}"]`)?.focus();
      house.say(t('weekLoaded', { from: house.day(start), n: loaded.appointments.length }));
      page.trouble.replaceChildren();
    } catch (problem) {
      page.trouble.replaceChildren(house.trouble(problem, () => turn(to, focus)));
    }
  };
  page.go = (which) => turn({ before: addDays(start, -count()), after: addDays(start, count()), today: count() === 7 ? weekStart(today) : today }[which], which);
  page.again = () => turn(start);
  page.whole = () => { whole = !whole; return turn(start, 'whole'); };
  let columns = count();
  wide.onchange = () => {
    if (!page.grid.isConnected || count() === columns) return;
    columns = count();
    turn(columns === 7 ? weekStart(start) : start);
  };
  render(house, page, await load(), count());
  return [heading, page.bar, page.trouble, h('p', { class: 'hint' }, t('gridHint')), h('div', { class: 'week-and-panel' }, page.grid, page.panel)];
}

/* The part of [start, end) that lies on a day, in minutes of its wall clock; null if none. */
function partOf(house, one, day) {
  const from = instant(one.start);
  const to = instant(one.end);
  const first = dayOf(from, house.zone);
  const last = dayOf(to - 1, house.zone);
  if (day < first || day > last) return null;
  const minutes = (at) => (((at / 60000 + offsetMinutes(at, house.zone)) % 1440) + 1440) % 1440;
  return { from: day === first ? minutes(from) : 0, to: day === last ? minutes(to) || 1440 : 1440 };
}

function render(house, page, loaded, count) {
  const { t } = house;
  const { busy, schedule, appointments } = loaded;
  const days = Array.from({ length: count }, (_, index) => addDays(loaded.first, index));
  const parts = (list, day) => list.map((one) => ({ one, ...partOf(house, one, day) })).filter((part) => part.to !== undefined);
  const columns = days.map((day) => ({
    day,
    blocked: blockOn(schedule, day),
    open: parts(busy.hours, day),
    busy: parts(busy.busy.filter((one) => one.source !== 'appointment'), day),
    appointments: parts(appointments, day),
  }));
  const covers = (list, minute) => list.find((part) => part.from < minute + 30 && part.to > minute);
  const what = (column, minute) => {
    const here = covers(column.appointments, minute);
    if (here) return ['appointment', `${t('kindAppointment')}, ${here.one.name ?? t('unnamed')}, ${house.time(instant(here.one.start))} – ${house.time(instant(here.one.end))}`];
    const taken = covers(column.busy, minute);
    if (taken) return [taken.one.source === 'hold' ? 'hold' : 'busy', t(taken.one.source === 'hold' ? 'kindHold' : 'kindBusy')];
    if (column.blocked) return ['blocked', column.blocked.reason ? t('blockedFor', { reason: column.blocked.reason }) : t('kindBlocked')];
    return covers(column.open, minute) ? ['open', t('kindOpen')] : ['closed', t('kindClosed')];
  };
  const [from, to] = span(columns);
  const today = dayOf(Date.now(), house.zone);
  const grid = timeGrid({
    label: t('weekGrid'),
    days: days.map((day) => ({ head: h('button', { type: 'button', class: day === today ? 'plain today' : 'plain',
      'aria-current': day === today && 'date', onclick: () => choose({ first: days.indexOf(day), last: days.indexOf(day), from: 0, to: 1440 }) }, house.day(day, 'short')) })),
    from, to, time: house.clock,
    name: (column, minute) => t('cell', { day: house.day(days[column]), time: house.clock(minute), what: what(columns[column], minute)[1] }),
    kind: (column, minute) => {
      const { blocked, open } = columns[column];
      return blocked ? 'blocked' : covers(open, minute) ? 'open' : 'closed';
    },
    blocks: (column) => [
      ...columns[column].busy.map((part) => ({ ...part, kind: part.one.source === 'hold' ? 'hold' : 'busy' })),
      ...columns[column].appointments.map((part) => ({ ...part, kind: `appointment ${part.one.status}`, text: `${part.one.name ?? t('unnamed')} ${house.clock(part.from)}` })),
    ],
    onrange: (range) => choose(range),
    onmove: (range) => house.say(t('selected', { from: `${house.day(days[range.first], 'short')} ${house.clock(range.from)}`,
      to: `${house.day(days[range.last], 'short')} ${house.clock(range.to)}` })),
  });
  const choose = (range) => showPanel(house, page, loaded, { ...range, days: days.slice(range.first, range.last + 1) }, grid);
  const go = (name, text, label) => h('button', { type: 'button', 'data-go': name, 'aria-label': label, onclick: () => page.go(name) }, text);
  fill(page.bar, h('h2', null, t('weekOf', { from: house.day(days[0], 'short'), to: house.day(days.at(-1), 'short') })),
    go('before', '\u2039', t('before')), go('today', t('today')), go('after', '\u203a', t('after')),
    h('button', { type: 'button', class: 'plain', 'data-go': 'whole', 'aria-pressed': String(whole), onclick: page.whole }, t('allDay')));
  fill(page.grid, grid.table, h('p', { class: 'legend small muted' }, t('zoneLine', { zone: house.zoneText() }),
    ['open', 'busy', 'appointment', 'blocked'].map((kind) => h('span', null, h('i', { class: `swatch ${kind}` }), t(`kind${kind[0].toUpperCase()}${kind.slice(1)}`)))));
  fill(page.panel);
}

/* Which hours are shown: those with something in them and an hour around, or all. */
function span(columns) {
  const all = columns.flatMap((column) => [...column.open, ...column.appointments]);
  if (whole || !all.length) return whole ? [0, 1440] : [480, 1080];
  const from = Math.min(...all.map((part) => part.from));
  const to = Math.max(...all.map((part) => part.to));
  return [Math.max(0, Math.floor(from / 60) * 60 - 60), Math.min(1440, Math.ceil(to / 60) * 60 + 60)];
}

/* ---- the panel: what about that time? ---- */

function showPanel(house, page, loaded, range, grid) {
  const { t } = house;
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
  const title = single ? `${house.day(days[0])}${wholeDay ? '' : `, ${house.clock(range.from)} – ${house.clock(range.to)}`}`
    : `${house.day(days[0], 'short')} – ${house.day(days.at(-1), 'short')}${wholeDay ? '' : `, ${house.clock(range.from)} – ${house.clock(range.to)}`}`;
  const heading = h('h2', { tabindex: '-1' }, title);
  const from = h('input', { type: 'time', id: 'range-from', value: clock(range.from) });
  const to = h('input', { type: 'time', id: 'range-to', value: clock(range.to % 1440) });
  const reason = h('input', { id: 'block-reason', maxlength: 2000 });

  /* Saves at once; a way back is offered, so that a slip of the hand costs nothing. */
  const save = async (next) => {
    if (!next) {
      house.say(t('nothingToClose'));
      fill(trouble, h('p', { class: 'notice' }, t('nothingToClose')));
      return;
    }
    try {
      const before = schedule;
      const outside = await house.save(next);
      await page.again();
      const undo = h('button', { type: 'button', onclick: async () => {
        try {
          await house.save(before);
          await page.again();
          house.say(t('undone'));
          fill(page.panel, h('h2', { tabindex: '-1' }, t('undone')));
          page.panel.querySelector('h2').focus();
        } catch (problem) {
          fill(trouble, house.trouble(problem));
        }
      } }, t('undo'));
      const done = h('h2', { tabindex: '-1' }, t('daySaved', { day: title }));
      fill(page.panel, h('div', { class: 'stack' }, done, outsideNotice(house, outside), h('div', { class: 'actions' }, undo), trouble));
      done.focus();
      house.say(t('daySaved', { day: title }));
    } catch (problem) {
      fill(trouble, problem.code === 'changed_meanwhile' ? changedNotice(house, () => page.again()) : house.trouble(problem));
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
    return save(changed ? next : null);
  };

  const blocked = days.some((day) => blockOn(schedule, day));
  const own = days.some((day) => hasOverride(schedule, day));
  const after = addDays(days.at(-1), 1);
  const here = loaded.appointments.filter((one) => days.some((day) => {
    const part = partOf(house, one, day);
    return part && part.from < range.to && part.to > range.from;
  }));
  fill(page.panel, h('div', { class: 'stack' },
    h('div', { class: 'panel-head' }, heading, h('button', { type: 'button', class: 'close', 'aria-label': t('close'), onclick: close }, '\u00d7')),
    here.map((one) => card(house, one)),
    single && !wholeDay && whyPart(house, schedule, days[0], range.from),
    trouble,
    h('div', { class: 'stack ruled' }, h('h3', null, t('onDate')),
      h('div', { class: 'row' }, h('label', { for: 'range-from' }, t('from')), from, h('label', { for: 'range-to' }, t('to')), to),
      blocked && h('p', { class: 'hint' }, t('dayBlockedFirst')),
      h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => change(true) }, t('openHours')),
        h('button', { type: 'button', onclick: () => change(false) }, t('closeHours')),
        own && h('button', { type: 'button', onclick: () => save(days.reduce((next, day) => withOverride(next, day, null), schedule)) }, t('asWeekly')))),
    h('div', { class: 'stack ruled' }, h('h3', null, t(single ? 'block' : 'blockDays')),
      h('div', { class: 'field' }, h('label', { for: 'block-reason' }, t('reason'), h('span', { class: 'muted small' }, ` (${t('optional')})`)), reason),
      h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => save(withBlock(schedule, days[0], after, reason.value.trim())) }, t(single ? 'block' : 'blockDays')),
        blocked && h('button', { type: 'button', onclick: () => save(withoutBlock(schedule, days[0], after)) }, t('unblock'))))));
  page.panel.onkeydown = (event) => { if (event.key === 'Escape') close(); };
  heading.focus();
}

/* Every rule that stands against a start, for each length that is offered. */
function whyPart(house, schedule, day, minutes) {
  const { t } = house;
  const answer = h('div', { class: 'stack', id: 'why' });
  const time = h('input', { type: 'time', id: 'why-start', value: clock(minutes) });
  const type = schedule.session_types[0];
  let duration = type.durations[0];
  const ask = async () => {
    const at = minutesOf(time.value);
    if (Number.isNaN(at)) return;
    fill(answer, h('p', { class: 'muted' }, t('asking')));
    const begin = new Date(instantOf(day, at, house.zone)).toISOString().replace('.000', '');
    try {
      const reply = await house.coachCall('GET', `explain?start=${begin}&duration=${duration}`);
      const words = t(reply.bookable ? 'bookable' : 'notBookable');
      fill(answer, h('p', { class: reply.bookable ? 'yes' : 'no' }, words), !reply.bookable && h('ul', { class: 'reasons' }, reply.reasons.map((one) => h('li', { 'data-rule': one.rule }, one.detail ?? one.rule))));
      house.say([words, ...reply.reasons.map((one) => one.detail ?? one.rule)].join(' '));
    } catch (problem) {
      fill(answer, house.trouble(problem, ask));
    }
  };
  time.addEventListener('change', ask);
  ask();
  return h('div', { class: 'stack ruled' }, h('h3', null, t('why')),
    h('div', { class: 'row' }, h('label', { for: 'why-start' }, t('start')), time,
      type.durations.length > 1 && house.choice('why-length', t('length'), type.durations.map((n) => [String(n), t('minutes', { n })]), String(duration), (value) => {
        duration = Number(value);
        ask();
      })), answer);
}

/* An appointment in a few lines. */
function card(house, one) {
  const { t } = house;
  const link = webAddress(one.meeting?.url);
  return h('div', { class: 'card' }, h('strong', null, one.name ?? t('unnamed')),
    h('span', null, `${house.time(instant(one.start))} – ${house.time(instant(one.end))}`),
    one.email && h('a', { href: `mailto:${encodeURIComponent(one.email).replace('%40', '@')}` }, one.email),
    one.phone && h('a', { href: `tel:${one.phone.replace(/[^\d+]/g, '')}` }, one.phone),
    one.notes && h('p', { class: 'notes' }, one.notes),
    link && h('a', { href: link, target: '_blank', rel: 'noopener noreferrer' }, t('join')));
}

export function outsideNotice(house, outside) {
  return outside.length ? h('div', { class: 'notice' }, h('p', null, house.t('outside', { n: outside.length })),
    h('ul', null, outside.map((one) => h('li', null, `${house.moment(instant(one.start))} ${one.name ?? ''}`)))) : null;
}

export function changedNotice(house, reload) {
  house.say(house.t('changed'));
  return h('div', { class: 'notice alarm' }, h('p', null, house.t('changed')),
    h('button', { type: 'button', onclick: () => { house.forget(); reload(); } }, house.t('reload')));
}
