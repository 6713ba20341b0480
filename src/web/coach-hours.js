/*
 * Weekly hours, dates with hours of their own, blocked dates.
 */

import { addDays, addMonths, dayOf, daysInMonth, fill, firstWeekday, format, h, weekdayOf } from './widget.js?v=@VERSION@';
import { blockOn, changeWeekly, clock, closed, hasOverride, minutesOf, stretchOf, stretchesOn, weekdays, weeklyDocument, weeklyLists,
  withBlock, withOverride, withoutBlock } from './coach-time.js?v=@VERSION@';
import { monthGrid, timeGrid } from './coach-grid.js?v=@VERSION@';
import { draftOf } from './coach-draft.js?v=@VERSION@';

const monday = '2026-11-23'; // any Monday: its weekdays' names are wanted

export async function hoursView(house, heading) {
  const month = dayOf(Date.now(), house.zone).slice(0, 7);
  const view = { house, month, weekly: h('section', { class: 'stack' }), dates: h('section', { class: 'stack' }) };
  const draft = draftOf(house, await house.schedule(), (current) => {
    fill(current.body, view.weekly, view.dates);
    renderWeekly(view, current);
    renderDates(view, current);
  }, (path, body) => {
    // A fault in an override or a blocked range is shown at its line in the lists.
    const match = /^(weekly|overrides|blocked)\[(\d+)\]/.exec(path ?? '');
    return match && body.querySelector(`[data-path="${match[1]}[${match[2]}]"]`);
  });
  return [heading, h('p', { class: 'hint' }, house.t('zoneLine', { zone: house.zoneText() })), draft.elements];
}

/* ---- weekly hours ---- */

const order = (house) => Array.from({ length: 7 }, (_, index) => (index + firstWeekday(house.locale) + 6) % 7);
const weekdayName = (house, index, style = 'long') => format(Date.parse(addDays(monday, index)), house.locale, { timeZone: 'UTC', weekday: style });

function renderWeekly(view, draft, focus) {
  const { house } = view;
  const { t } = house;
  const lists = weeklyLists(draft.value.weekly);
  const columns = order(house);
  const parts = (index) => [...lists[index].map((one) => ({ from: one.from, to: Math.min(one.to, 1440) })),
    ...lists[(index + 6) % 7].filter((one) => one.to > 1440).map((one) => ({ from: 0, to: one.to - 1440 }))];
  const open = (index, minute) => parts(index).some((part) => part.from < minute + 30 && part.to > minute);
  const all = columns.flatMap(parts);
  const from = view.whole || !all.length ? 0 : Math.max(0, Math.floor(Math.min(...all.map((part) => part.from)) / 60) * 60 - 120);
  const to = view.whole || !all.length ? 1440 : Math.min(1440, Math.ceil(Math.max(...all.map((part) => part.to)) / 60) * 60 + 120);
  const set = (next, back) => {
    draft.value.weekly = weeklyDocument(next);
    draft.changed();
    renderWeekly(view, draft, back);
  };
  const grid = timeGrid({
    label: t('weeklyGrid'), days: columns.map((index) => ({ head: weekdayName(house, index, 'short') })), from, to, time: house.clock,
    name: (column, minute) => t('cell', { day: weekdayName(house, columns[column]), time: house.clock(minute), what: t(open(columns[column], minute) ? 'kindOpen' : 'kindClosed') }),
    kind: (column, minute) => (open(columns[column], minute) ? 'open' : 'closed'),
    blocks: (column) => parts(columns[column]).map((part) => ({ ...part, kind: 'working', text: part.to - part.from >= 60 ? `${house.clock(part.from)} – ${house.clock(part.to % 1440)}` : null })),
    onmove: (range) => house.say(t('selected', { from: `${weekdayName(house, columns[range.first], 'short')} ${house.clock(range.from)}`,
      to: `${weekdayName(house, columns[range.last], 'short')} ${house.clock(range.to % 1440)}` })),
    // The cell on which a range begins decides: over closed time it opens, over open time it closes.
    onrange: (range) => {
      const opening = !open(columns[range.first], range.from);
      let next = lists;
      for (let column = range.first; column <= range.last; column += 1) next = changeWeekly(next, columns[column], range.from, range.to, opening);
      set(next, { column: range.first, minute: range.from });
      house.say(t('toggled', { day: weekdayName(house, columns[range.first]), from: house.clock(range.from), to: house.clock(range.to % 1440), what: t(opening ? 'opened' : 'closed') }));
    },
  });
  const whole = h('button', { type: 'button', class: 'plain', 'aria-pressed': String(Boolean(view.whole)), onclick: () => {
    view.whole = !view.whole;
    renderWeekly(view, draft);
    view.weekly.querySelector('.row button').focus();
  } }, t('allDay'));
  fill(view.weekly, h('div', { class: 'row' }, h('h2', null, t('weekly')), whole), h('p', { class: 'hint' }, t('weeklyHint')), h('div', { class: 'week' }, grid.table),
    h('details', { open: view.exact, ontoggle: (event) => { view.exact = event.target.open; } }, h('summary', null, t('exactly')),
      h('div', { class: 'exact' }, columns.map((index) => exactDay(view, draft, lists, index, set)))));
  if (focus?.minute !== undefined) grid.goTo(focus.column, focus.minute);
  else if (focus?.id) view.weekly.querySelector(`#${focus.id}`)?.focus();
}

/* A weekday's hours to the minute: the way for hours off the half hour, past midnight, and for those who rather type. */
function exactDay(view, draft, lists, index, set) {
  const { house } = view;
  const { t } = house;
  const day = weekdayName(house, index);
  const replace = (list, focus) => set(lists.map((other, at) => (at === index ? list : other)), focus);
  return h('div', { class: 'exact-day' }, h('h3', null, day),
    lists[index].length === 0 && h('p', { class: 'muted' }, t('closedDay')),
    lists[index].map((stretch, at) => hoursInputs(house, stretch, `${weekdays[index]}-${at}`, day,
      `weekly[${draft.value.weekly.findIndex((one) => one.days.includes(weekdays[index]) && JSON.stringify(stretchOf(one)) === JSON.stringify(stretch))}]`,
      (next, part) => replace(lists[index].map((one, other) => (other === at ? next : one)), { id: `${weekdays[index]}-${at}-${part}` }),
      () => replace(lists[index].filter((_, other) => other !== at), { id: `${weekdays[index]}-add` }))),
    h('button', { type: 'button', class: 'plain small', id: `${weekdays[index]}-add`, 'aria-label': t('addHours', { day }), onclick: () => {
      const last = Math.max(0, ...lists[index].map((one) => one.to));
      const from = last === 0 ? 540 : Math.min(last + 60, 1380);
      replace([...lists[index], { from, to: Math.min(from + 120, 1440) }], { id: `${weekdays[index]}-${lists[index].length}-from` });
    } }, t('add')));
}

/* Two time fields; an end of 00:00 is midnight, an end before the start is on the next day. */
function hoursInputs(house, stretch, id, day, path, change, remove) {
  const { t } = house;
  const from = h('input', { type: 'time', id: `${id}-from`, name: `${path}.from`, value: clock(stretch.from), 'aria-label': `${day}, ${t('from')}` });
  const to = h('input', { type: 'time', id: `${id}-to`, name: `${path}.to`, value: clock(stretch.to % 1440), 'aria-label': `${day}, ${t('to')}` });
  const read = (part) => () => {
    const a = minutesOf(from.value);
    const b = minutesOf(to.value);
    if (Number.isNaN(a) || Number.isNaN(b)) return;
    change({ from: a, to: b <= a ? b + 1440 : b }, part);
  };
  from.addEventListener('change', read('from'));
  to.addEventListener('change', read('to'));
  return h('div', { class: 'hours' }, from, h('span', { 'aria-hidden': 'true' }, '–'), to, stretch.to > 1440 && h('span', { class: 'small muted' }, t('nextDay')),
    h('button', { type: 'button', class: 'close', 'aria-label': t('removeHours', { from: house.clock(stretch.from), to: house.clock(stretch.to % 1440), day }), onclick: remove }, '\u00d7'));
}

/* ---- dates ---- */

function renderDates(view, draft, focus) {
  const { house } = view;
  const { t } = house;
  const { month } = view;
  const schedule = draft.value;
  const start = firstWeekday(house.locale);
  const days = Array.from({ length: daysInMonth(month) }, (_, index) => `${month}-${String(index + 1).padStart(2, '0')}`);
  const state = (day) => (blockOn(schedule, day) ? 'blocked' : hasOverride(schedule, day) ? 'special' : stretchesOn(schedule, day).length ? 'weekly' : 'none');
  const words = { blocked: 'stateBlocked', special: 'stateSpecial', weekly: 'stateWeekly', none: 'stateNone' };
  const go = (count, next) => {
    view.month = addMonths(month, count);
    const size = daysInMonth(view.month);
    const number = next === undefined ? 1 : next < 0 ? size + next + 1 : next - days.length + 1;
    renderDates(view, draft, { day: `${view.month}-${String(Math.max(1, Math.min(size, number))).padStart(2, '0')}` });
    house.say(format(Date.parse(`${view.month}-01`), house.locale, { timeZone: 'UTC', month: 'long', year: 'numeric' }));
  };
  const panel = h('div', { class: 'stack' });
  const grid = monthGrid({
    label: t('datesGrid'), month, days, lead: (weekdayOf(`${month}-01`) - start + 7) % 7, start: focus?.day,
    weekdayHeads: Array.from({ length: 7 }, (_, index) => [weekdayName(house, (start + index + 6) % 7, 'short'), weekdayName(house, (start + index + 6) % 7)]),
    name: (day) => t('dayState', { day: house.day(day), state: t(words[state(day)]) }), state,
    onrange: (first, last) => datesPanel(view, draft, panel, first, last),
    onmove: ([first, last]) => house.say(t('selected', { from: house.day(first), to: house.day(last) })), onmonth: go,
  });
  const button = (count, label, text) => h('button', { type: 'button', 'aria-label': label, onclick: () => {
    go(count);
    view.dates.querySelectorAll('.bar button')[count < 0 ? 0 : 1].focus();
  } }, text);
  fill(view.dates, h('h2', null, t('dates')), h('p', { class: 'hint' }, t('datesHint')),
    h('div', { class: 'dates' }, h('div', null, h('div', { class: 'bar' },
      h('h3', null, format(Date.parse(`${month}-01`), house.locale, { timeZone: 'UTC', month: 'long', year: 'numeric' })),
      button(-1, t('monthBefore'), '\u2039'), button(1, t('monthAfter'), '\u203a')), grid.table), panel),
    h('div', { class: 'lists' }, overridesList(view, draft), blockedList(view, draft)));
  if (focus?.day && !focus.quiet) grid.focus();
}

function changeDates(view, draft, next, said, back) {
  draft.value = next;
  draft.changed();
  renderDates(view, draft, back && { day: back });
  view.house.say(said);
}

function datesPanel(view, draft, panel, first, last) {
  const { house } = view;
  const { t } = house;
  const days = [];
  for (let day = first; day <= last; day = addDays(day, 1)) days.push(day);
  const title = first === last ? house.day(first) : `${house.day(first, 'short')} – ${house.day(last, 'short')}`;
  const reason = h('input', { id: 'dates-reason', maxlength: 2000 });
  const heading = h('h3', { tabindex: '-1' }, title);
  const after = addDays(last, 1);
  const set = (next, said) => changeDates(view, draft, next, said, first);
  const blocked = days.some((day) => blockOn(draft.value, day));
  const own = days.some((day) => hasOverride(draft.value, day));
  const special = () => {
    const hours = stretchesOn(draft.value, first);
    let next = draft.value;
    for (const day of days) next = withOverride(next, day, hours.length ? hours : [{ from: 540, to: 1020 }]);
    set(next, t('dayState', { day: title, state: t('stateSpecial') }));
    view.dates.querySelector(`[data-date="${first}"] input`)?.focus();
  };
  fill(panel, heading,
    h('div', { class: 'field' }, h('label', { for: 'dates-reason' }, t('reason'), h('span', { class: 'muted small' }, ` (${t('optional')})`)), reason),
    h('div', { class: 'actions' },
      h('button', { type: 'button', class: 'main', onclick: () => set(withBlock(draft.value, first, after, reason.value.trim()), t('dayState', { day: title, state: t('stateBlocked') })) },
        t(days.length === 1 ? 'block' : 'blockDays')),
      h('button', { type: 'button', onclick: special }, t('setSpecial')),
      blocked && h('button', { type: 'button', onclick: () => set(withoutBlock(draft.value, first, after), t('dayState', { day: title, state: t('stateWeekly') })) }, t('unblock')),
      own && h('button', { type: 'button', onclick: () => set(days.reduce((next, day) => withOverride(next, day, null), draft.value), t('dayState', { day: title, state: t('stateWeekly') })) }, t('asWeekly'))));
  heading.focus();
  house.say(title);
}

function overridesList(view, draft) {
  const { house } = view;
  const { t } = house;
  const set = (date, stretches, focus) => {
    changeDates(view, draft, withOverride(draft.value, date, stretches), t('dayState', { day: house.day(date), state: t(stretches ? 'stateSpecial' : 'stateWeekly') }), null);
    view.dates.querySelector(focus ?? '.lists h3')?.focus();
  };
  return h('div', { class: 'stack' }, h('h3', { tabindex: '-1' }, t('specialTitle')), draft.value.overrides.length === 0 && h('p', { class: 'muted' }, t('none')),
    h('ul', { class: 'lines' }, draft.value.overrides.map((one, index) => {
      const stretches = one.intervals.map(stretchOf);
      const day = house.day(one.date);
      const year = one.date.slice(0, 4);
      return h('li', { 'data-date': one.date, 'data-path': `overrides[${index}]`, tabindex: '-1' }, h('div', { class: 'row' }, h('strong', null, `${day} ${year}`),
        h('button', { type: 'button', class: 'plain small', 'aria-label': `${t('remove')}: ${day}`, onclick: () => set(one.date, null) }, t('remove'))),
      stretches.length === 0 && h('p', { class: 'muted' }, t('closedAllDay')),
      stretches.map((stretch, at) => hoursInputs(house, stretch, `own-${one.date}-${at}`, day, `overrides[${index}].intervals[${at}]`,
        (next, part) => set(one.date, stretches.map((other, place) => (place === at ? next : other)), `#own-${one.date}-${at}-${part}`),
        () => set(one.date, closed(stretches, stretch.from, stretch.to), `[data-date="${one.date}"] .add`))),
      h('button', { type: 'button', class: 'plain small add', 'aria-label': t('addHours', { day }), onclick: () => {
        const last = Math.max(0, ...stretches.map((other) => other.to));
        const from = last === 0 ? 540 : Math.min(last + 60, 1380);
        set(one.date, [...stretches, { from, to: Math.min(from + 120, 1440) }], `#own-${one.date}-${stretches.length}-from`);
      } }, t('add')));
    })));
}

function blockedList(view, draft) {
  const { house } = view;
  const { t } = house;
  return h('div', { class: 'stack' }, h('h3', { tabindex: '-1' }, t('blockedTitle')), draft.value.blocked.length === 0 && h('p', { class: 'muted' }, t('none')),
    h('ul', { class: 'lines' }, draft.value.blocked.map((one, index) => {
      const last = addDays(one.to, -1);
      const text = one.from === last ? `${house.day(one.from)} ${one.from.slice(0, 4)}` : `${house.day(one.from, 'short')} – ${house.day(last, 'short')} ${last.slice(0, 4)}`;
      return h('li', { 'data-path': `blocked[${index}]`, tabindex: '-1' }, h('div', { class: 'row' }, h('strong', null, text), one.reason && h('span', { class: 'muted' }, one.reason),
        h('button', { type: 'button', class: 'plain small', 'aria-label': `${t('remove')}: ${text}`, onclick: () => {
          changeDates(view, draft, { ...draft.value, blocked: draft.value.blocked.filter((other) => other !== one) }, `${t('unblock')}: ${text}`, null);
          view.dates.querySelectorAll('.lists h3')[1].focus();
        } }, t('remove'))));
    })));
}

