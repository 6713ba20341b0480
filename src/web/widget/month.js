/*
 * The month as a grid of days (WAI-ARIA APG): one tab stop, arrows, Home and End, Page up and down.
 *
 * The first month that is shown begins with the week of its first free day and goes on into the next month, so that
 * nobody meets a month that is all but over.
 */

import { h } from './dom.js';
import {
  addDays,
  addMonths,
  dayOf,
  daysInMonth,
  firstWeekday,
  format,
  formatRange,
  weekdayOf,
} from './time.js';

const rowsShown = 5;

export const firstMonth = (panel) => dayOf(panel.now(), panel.zone).slice(0, 7);

/* Nothing can be booked after the horizon; a coach, who may, goes on as far as anything is known. */
export function lastMonth(panel) {
  const { answer } = panel;
  const known = dayOf(Math.max(panel.end, panel.now()), panel.zone).slice(0, 7);
  if (panel.exhausted) return known;
  if (answer?.horizon && !panel.element.hasAttribute('move-only'))
    return dayOf(Math.max(Date.parse(answer.horizon), panel.now()), panel.zone).slice(0, 7);
  return addMonths(known, 1);
}

const weekStart = (panel, day) => addDays(day, -((weekdayOf(day) - firstWeekday(panel.region) + 7) % 7));

/* The days of the view: {lead: empty places before the first, days}. */
function layOut(panel) {
  const { month } = panel;
  const first = `${month}-01`;
  const last = `${month}-${daysInMonth(month)}`;
  const begins = panel.first?.startsWith(month) ? weekStart(panel, panel.first) : first;
  const from = begins > first ? begins : first;
  const lead = (weekdayOf(from) - firstWeekday(panel.region) + 7) % 7;
  const days = [];
  for (let day = from; day <= last; day = addDays(day, 1)) days.push(day);
  if (from > first) while (days.length < rowsShown * 7) days.push(addDays(days.at(-1), 1));
  return { lead, days };
}

export const shownDays = (panel) => layOut(panel).days;

/* "December 2026", or the two months that are in view. */
export function monthTitle(panel) {
  const days = shownDays(panel);
  const [a, b] = [days[0].slice(0, 7), days.at(-7).slice(0, 7)]; // the last row's first day
  if (a === b) return panel.monthName(a);
  const options = { timeZone: 'UTC', month: 'long', year: 'numeric' };
  return formatRange(Date.parse(days[0]), Date.parse(days.at(-7)), panel.locale, options);
}

/* `choose` is called with a day that was pressed. */
export function renderMonth(panel, choose, focus = false) {
  const { page, t } = panel;
  const today = dayOf(panel.now(), panel.zone);
  const { lead, days } = layOut(panel);
  if (!days.includes(panel.focusDay)) {
    panel.focusDay =
      days.find((day) => day === panel.day) ??
      days.find((day) => panel.byDay.has(day)) ??
      days.find((day) => day === today) ??
      days[0];
  }
  const cells = [...Array(lead).fill(null), ...days];
  const rows = [];
  for (let index = 0; index < cells.length; index += 7) {
    const week = cells.slice(index, index + 7);
    while (week.length < 7) week.push(null);
    rows.push(
      h(
        'tr',
        null,
        week.map((day) => cell(panel, day, today, choose)),
      ),
    );
  }
  const start = firstWeekday(panel.region);
  const weekdays = Array.from({ length: 7 }, (_, index) => {
    const date = Date.parse(addDays('2026-11-22', (start + index) % 7)); // a Sunday
    const name = (weekday) => format(date, panel.locale, { timeZone: 'UTC', weekday });
    return h('th', { scope: 'col', abbr: name('long') }, name('short').replace('.', ''));
  });
  page.month.textContent = panel.large(monthTitle(panel));
  page.before.setAttribute('aria-disabled', panel.month <= firstMonth(panel));
  page.after.setAttribute('aria-disabled', panel.month >= lastMonth(panel));
  page.grid.replaceChildren(h('thead', null, h('tr', null, weekdays)), h('tbody', null, rows));
  if (focus) page.grid.querySelector('[tabindex="0"]')?.focus();
  page.grid.setAttribute('aria-label', t('calendar'));
}

function cell(panel, day, today, choose) {
  if (!day) return h('td', null);
  const free = panel.byDay.get(day)?.length ?? 0;
  const number = format(Date.parse(day), panel.locale, { timeZone: 'UTC', day: 'numeric' });
  const first = /\b1er\b/.exec(panel.dayName(day))?.[0]; // what is read on it is in its name
  const begins = day.endsWith('-01') && day.slice(0, 7) !== panel.month;
  const name = [
    panel.large(panel.dayName(day)),
    day === today && panel.t('today'),
    free ? panel.t('times', { n: free }) : panel.t('noTimes'),
  ]
    .filter(Boolean)
    .join(', ');
  return h(
    'td',
    { role: 'gridcell', 'aria-selected': String(day === panel.day) },
    h(
      'button',
      {
        type: 'button',
        tabindex: day === panel.focusDay ? '0' : '-1',
        'aria-label': name,
        'data-day': day,
        // The page says which month begins; the name has it in full.
        'data-month': begins && format(Date.parse(day), panel.locale, { timeZone: 'UTC', month: 'short' }),
        class: free ? 'free' : null,
        'aria-pressed': String(day === panel.day),
        'aria-disabled': free ? null : 'true',
        'aria-current': day === today && 'date',
        onclick: () => choose(day),
      },
      first ?? number.replace(/[^\p{N}]/gu, ''),
    ),
  );
}

/* Where a key leads to from a day: another day, or undefined for a key that is none of the grid's. */
export function dayAfterKey(panel, event, day) {
  const forward = getComputedStyle(event.target).direction === 'rtl' ? -1 : 1;
  const column = (weekdayOf(day) - firstWeekday(panel.region) + 7) % 7;
  const steps = {
    ArrowRight: forward,
    ArrowLeft: -forward,
    ArrowDown: 7,
    ArrowUp: -7,
    Home: -column,
    End: 6 - column,
  };
  return event.key in steps ? addDays(day, steps[event.key]) : undefined;
}
