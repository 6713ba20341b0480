/* Choosing a time: the month, its days, the times of a day. */

import { explain } from './calls.js';
import { fill, h } from './dom.js';
import { letGo } from './hold.js';
import { memory } from './memory.js';
import { slotList } from './slot_list.js';
import { ask, sort } from './slots.js';
import {
  addDays,
  addMonths,
  dayLength,
  dayOf,
  daysInMonth,
  firstWeekday,
  format,
  weekdayOf,
  zoneText,
} from './time.js';

/* Shows the month at once and fills it in; `moving` is the appointment that wants a new time, or null. */
export function startPicking(panel, moving, focus) {
  const t = panel.t;
  panel.moving = moving;
  panel.answer = null;
  panel.slots = [];
  panel.byDay = new Map();
  panel.end = 0;
  panel.exhausted = false;
  panel.day = panel.focusDay = null;
  panel.month = dayOf(Date.now(), panel.zone).slice(0, 7);
  const page = panel.page;
  page.choices = h('div', { class: 'row' });
  page.trouble = h('div', { class: 'stack' });
  page.month = h('h3', { id: 'month' });
  page.before = h(
    'button',
    { type: 'button', 'aria-label': t('monthBefore'), onclick: () => turn(panel, -1) },
    '\u2039',
  );
  page.after = h(
    'button',
    { type: 'button', 'aria-label': t('monthAfter'), onclick: () => turn(panel, 1) },
    '\u203a',
  );
  page.grid = h('table', {
    role: 'grid',
    'aria-labelledby': 'month',
    onkeydown: (event) => gridKey(panel, event),
  });
  page.times = h('section', { class: 'times', 'aria-label': t('loading') });
  page.settings = h('div', { class: 'settings' });
  const former =
    moving &&
    h(
      'div',
      { class: 'summary' },
      h('span', { class: 'muted small' }, t('moveFrom')),
      panel.when(Date.parse(moving.start), Date.parse(moving.end)),
    );
  panel.show(
    'pick',
    t(moving ? 'moveTitle' : 'book'),
    [
      h(
        'div',
        { class: 'stack wide' },
        former,
        page.trouble,
        page.choices,
        (page.pick = h(
          'div',
          { class: 'pick wide' },
          h(
            'section',
            { 'aria-label': t('calendar') },
            h('div', { class: 'bar' }, page.month, page.before, page.after),
            page.grid,
          ),
          page.times,
        )),
        h('div', { class: 'wide' }, page.settings),
      ),
    ],
    focus && page.title,
  );
  renderSettings(panel);
  return load(panel);
}

/* What is free from now on, as far as the coach takes bookings; jumps to the first free day. */
export async function load(panel) {
  const t = panel.t;
  const asked = ++panel.asked;
  wait(panel, true);
  panel.say(t('loading'));
  try {
    let { reply, slots } = await ask(panel);
    if (reply.refusal && (await letGo(panel))) ({ reply, slots } = await ask(panel));
    if (!slots.length && reply.next_available) {
      const from = Date.parse(reply.next_available);
      ({ reply, slots } = await ask(panel, from, from + 31 * dayLength));
    }
    if (asked !== panel.asked) return;
    panel.answer = reply;
    panel.slots = slots;
    panel.end = Date.parse(reply.to);
    panel.exhausted = !slots.length;
    panel.duration ??= panel.moving ? null : reply.duration_minutes;
    panel.type ??= panel.moving ? null : reply.session_type;
    sort(panel);
    panel.day = slots.length ? dayOf(slots[0].at, panel.zone) : null;
    if (panel.day) panel.month = panel.day.slice(0, 7);
    panel.focusDay = panel.day;
    wait(panel, false);
    panel.page.trouble.replaceChildren(...remarks(panel, reply));
    panel.page.pick.hidden = panel.page.settings.hidden = Boolean(reply.refusal);
    renderChoices(panel);
    renderMonth(panel);
    renderTimes(panel);
    if (reply.refusal) panel.say(`${t('limit')}. ${explain(reply.refusal, t)}`);
    else
      panel.say(
        panel.day
          ? t('timesOn', { n: panel.byDay.get(panel.day).length, day: panel.dayName(panel.day) })
          : t('none'),
      );
  } catch (problem) {
    if (asked !== panel.asked) return;
    wait(panel, false);
    panel.page.times.replaceChildren();
    panel.page.trouble.replaceChildren(panel.trouble(problem, () => startPicking(panel, panel.moving, true)));
  }
}

/* What the answer says beside the times. */
export function remarks(panel, reply) {
  const t = panel.t;
  const remarks = [];
  if (reply.refusal) {
    remarks.push(
      h(
        'div',
        { class: 'notice' },
        h('h3', null, t('limit')),
        h('p', null, explain(reply.refusal, t)),
        h('button', { type: 'button', onclick: () => panel.go('sessions') }, t('mySessions')),
      ),
    );
  }
  if (reply.calendar?.state === 'stale') remarks.push(h('p', { class: 'notice' }, t('stale')));
  return remarks;
}

/* Months after those already known; answers whether there was more to ask for. */
export async function extend(panel, month) {
  const asked = ++panel.asked;
  wait(panel, true);
  try {
    while (!panel.exhausted && dayOf(panel.end, panel.zone).slice(0, 7) <= month) {
      const { reply, slots } = await ask(panel, panel.end, panel.end + 61 * dayLength);
      if (asked !== panel.asked) return;
      panel.slots.push(...slots);
      panel.end += 61 * dayLength;
      panel.exhausted = !slots.length && !reply.next_available;
    }
    sort(panel);
    wait(panel, false);
    const within = panel.element.shadowRoot.activeElement?.closest('table') === panel.page.grid;
    renderMonth(panel, within);
    renderTimes(panel);
    sayMonth(panel);
  } catch (problem) {
    if (asked !== panel.asked) return;
    wait(panel, false);
    panel.page.trouble.replaceChildren(
      panel.trouble(problem, () => {
        panel.page.trouble.replaceChildren();
        extend(panel, month);
      }),
    );
  }
}

export function wait(panel, on) {
  const { grid, times } = panel.page;
  grid.classList.toggle('waiting', on);
  grid.setAttribute('aria-busy', on);
  if (!on) return;
  renderMonth(panel, panel.element.shadowRoot.activeElement?.closest('table') === grid);
  if (!panel.slots.length)
    times.replaceChildren(...Array.from({ length: 5 }, () => h('div', { class: 'bone' })));
}

export const firstMonth = (panel) => dayOf(Date.now(), panel.zone).slice(0, 7);

export function lastMonth(panel) {
  const known = dayOf(Math.max(panel.end, Date.now()), panel.zone).slice(0, 7);
  return panel.exhausted ? known : addMonths(known, 1);
}

/* Another month is shown; the day within it keeps its number as far as it can. */
export function turn(panel, count, focus = false) {
  const month = [addMonths(panel.month, count), firstMonth(panel)].sort()[1];
  const target = [month, lastMonth(panel)].sort()[0];
  if (target === panel.month) return sayMonth(panel);
  const number = Math.min(Number((panel.focusDay ?? '').slice(8)) || 1, daysInMonth(target));
  panel.month = target;
  panel.focusDay = focus ? `${target}-${String(number).padStart(2, '0')}` : null;
  renderMonth(panel, focus);
  if (!focus) renderTimes(panel);
  if (!panel.exhausted && dayOf(panel.end, panel.zone).slice(0, 7) <= target) return extend(panel, target);
  return sayMonth(panel);
}

export function sayMonth(panel) {
  const free = [...panel.byDay.keys()].filter((day) => day.startsWith(panel.month)).length;
  const month = panel.monthName(panel.month);
  panel.say(free ? panel.t('daysIn', { n: free, month }) : panel.t('monthEmpty', { month }));
}

export function renderMonth(panel, focus = false) {
  const { page, t, month } = { page: panel.page, t: panel.t, month: panel.month };
  const today = dayOf(Date.now(), panel.zone);
  const start = firstWeekday(panel.locale);
  const count = daysInMonth(month);
  const lead = (weekdayOf(month + '-01') - start + 7) % 7;
  const days = Array.from({ length: count }, (_, index) => `${month}-${String(index + 1).padStart(2, '0')}`);
  if (!panel.focusDay?.startsWith(month)) {
    panel.focusDay =
      days.find((day) => day === panel.day) ??
      days.find((day) => panel.byDay.has(day)) ??
      days.find((day) => day === today) ??
      days[0];
  }
  const cells = [...Array(lead).fill(null), ...days];
  const rows = [];
  for (let index = 0; index < cells.length; index += 7) {
    const week = [...cells.slice(index, index + 7)];
    while (week.length < 7) week.push(null);
    rows.push(
      h(
        'tr',
        null,
        week.map((day) => cell(panel, day, today)),
      ),
    );
  }
  const weekdays = Array.from({ length: 7 }, (_, index) => {
    const date = Date.parse(addDays('2026-11-22', (start + index) % 7)); // a Sunday
    const name = (weekday) => format(date, panel.locale, { timeZone: 'UTC', weekday });
    return h('th', { scope: 'col', abbr: name('long') }, name('short').replace('.', ''));
  });
  page.month.textContent = panel.monthName(month);
  page.before.setAttribute('aria-disabled', month <= firstMonth(panel));
  page.after.setAttribute('aria-disabled', month >= lastMonth(panel));
  page.grid.replaceChildren(h('thead', null, h('tr', null, weekdays)), h('tbody', null, rows));
  if (focus) page.grid.querySelector('[tabindex="0"]')?.focus();
  page.grid.setAttribute('aria-label', t('calendar'));
}

export function cell(panel, day, today) {
  if (!day) return h('td', null);
  const free = panel.byDay.get(day)?.length ?? 0;
  const name = [
    panel.dayName(day),
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
        class: free && 'free',
        'aria-pressed': String(day === panel.day),
        'aria-disabled': free ? null : 'true',
        'aria-current': day === today && 'date',
        onclick: () => chooseDay(panel, day),
      },
      format(Date.parse(day), panel.locale, { timeZone: 'UTC', day: 'numeric' }).replace(/[^\p{N}]/gu, ''),
    ),
  );
}

export function gridKey(panel, event) {
  const day = event.target.dataset?.day;
  if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
  const forward = getComputedStyle(event.target).direction === 'rtl' ? -1 : 1;
  const column = (weekdayOf(day) - firstWeekday(panel.locale) + 7) % 7;
  const steps = {
    ArrowRight: forward,
    ArrowLeft: -forward,
    ArrowDown: 7,
    ArrowUp: -7,
    Home: -column,
    End: 6 - column,
  };
  if (event.key in steps) moveFocus(panel, addDays(day, steps[event.key]));
  else if (event.key === 'PageDown') turn(panel, event.shiftKey ? 12 : 1, true);
  else if (event.key === 'PageUp') turn(panel, event.shiftKey ? -12 : -1, true);
  else return;
  event.preventDefault();
}

export function moveFocus(panel, day) {
  const month = day.slice(0, 7);
  if (month < firstMonth(panel)) return moveFocus(panel, firstMonth(panel) + '-01');
  if (month > lastMonth(panel)) return undefined;
  const { grid } = panel.page;
  panel.focusDay = day;
  if (month !== panel.month) {
    panel.month = month;
    renderMonth(panel, true);
    if (!panel.exhausted && dayOf(panel.end, panel.zone).slice(0, 7) <= month) return extend(panel, month);
    return sayMonth(panel);
  }
  grid.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
  const button = grid.querySelector(`[data-day="${day}"]`);
  button.setAttribute('tabindex', '0');
  return button.focus();
}

export function chooseDay(panel, day) {
  panel.focusDay = day;
  if (!panel.byDay.has(day)) {
    moveFocus(panel, day);
    panel.say(panel.t('noTimesOn', { day: panel.dayName(day) }));
    return;
  }
  panel.day = day;
  panel.month = day.slice(0, 7);
  renderMonth(panel);
  renderTimes(panel);
  panel.page.times.querySelector('h3').focus();
  panel.say(panel.t('timesOn', { n: panel.byDay.get(day).length, day: panel.dayName(day) }));
}

export function renderTimes(panel) {
  const { t } = { t: panel.t };
  const { times } = panel.page;
  const shown = panel.day?.startsWith(panel.month) ? panel.byDay.get(panel.day) : null;
  times.removeAttribute('aria-label');
  times.scrollTop = 0;
  if (shown) {
    return fill(
      times,
      h('h3', { tabindex: '-1' }, panel.dayName(panel.day)),
      h('p', { class: 'muted small' }, t('zone', { zone: zoneText(panel.zone, shown[0].at) })),
      slotList(panel, shown, (slot) => panel.go('details', slot)),
      h(
        'button',
        { type: 'button', class: 'plain small', onclick: () => renderMonth(panel, true) },
        t('otherDay'),
      ),
    );
  }
  if ([...panel.byDay.keys()].some((day) => day.startsWith(panel.month)))
    return fill(times, h('p', { class: 'muted' }, t('chooseDay')));
  const next = [...panel.byDay.keys()].find((day) => day > panel.month);
  const nothing = panel.slots.length ? t('monthEmpty', { month: panel.monthName(panel.month) }) : t('none');
  return fill(
    times,
    nothing && h('p', { class: 'muted' }, nothing),
    next
      ? h(
          'button',
          { type: 'button', onclick: () => chooseDay(panel, next) },
          t('nextAt', { day: panel.dayName(next) }),
        )
      : panel.slots.length && panel.exhausted && h('p', { class: 'muted' }, t('noneLater')),
  );
}

/* Which session, how long: only where the server says that there is a choice. */
export function renderChoices(panel) {
  const t = panel.t;
  const types = panel.answer?.session_types ?? [];
  const current = types.find((type) => type.id === panel.answer.session_type);
  const parts = [];
  const again = (focusName) =>
    startPicking(panel, null).then(() =>
      panel.element.shadowRoot.querySelector(`input[name=${focusName}]:checked`)?.focus(),
    );
  if (!panel.moving && !panel.answer?.refusal) {
    if (types.length > 1) {
      parts.push(
        panel.choice(
          'type',
          t('type'),
          types.map((type) => [type.id, type.name]),
          panel.type,
          (value) => {
            panel.type = value;
            panel.duration = null;
            again('type');
          },
        ),
      );
    }
    if (current?.durations?.length > 1) {
      parts.push(
        panel.choice(
          'length',
          t('length'),
          current.durations.map((n) => [String(n), t('minutes', { n })]),
          String(panel.answer.duration_minutes),
          (value) => {
            panel.duration = Number(value);
            again('length');
          },
        ),
      );
    }
  }
  panel.page.choices.replaceChildren(...parts);
  panel.page.choices.hidden = !parts.length;
}

/* ---- the zone and the clock ---- */
export function renderSettings(panel) {
  const t = panel.t;
  const change = h(
    'button',
    { type: 'button', class: 'plain', 'aria-expanded': 'false', onclick: () => open() },
    t('changeZone'),
  );
  const place = h('div', null);
  const open = () => {
    const opened = change.getAttribute('aria-expanded') === 'false';
    change.setAttribute('aria-expanded', opened);
    place.replaceChildren();
    if (opened) panel.go('zones', place, change, (zone) => setZone(panel, zone));
  };
  panel.page.settings.replaceChildren(
    h(
      'div',
      null,
      h(
        'div',
        { class: 'row' },
        h('span', null, t('zone', { zone: zoneText(panel.zone, Date.now()) })),
        change,
      ),
      place,
    ),
    panel.choice(
      'clock',
      t('clock'),
      [
        ['12', t('clock12')],
        ['24', t('clock24')],
      ],
      panel.hour12 ? '12' : '24',
      (value) => {
        panel.hour12 = value === '12';
        memory.write({ hour12: panel.hour12 });
        renderTimes(panel);
      },
    ),
  );
}

/* The same instants on another calendar. */
function setZone(panel, zone) {
  panel.zone = zone;
  memory.write({ zone });
  const shown = panel.byDay.get(panel.day)?.[0];
  sort(panel);
  panel.day = shown ? dayOf(shown.at, zone) : null;
  panel.month = (panel.day ?? dayOf(Date.now(), zone)).slice(0, 7);
  panel.focusDay = panel.day;
  renderSettings(panel);
  renderMonth(panel);
  renderTimes(panel);
  panel.page.settings.querySelector('button').focus();
  panel.say(panel.t('zoneSet', { zone: zoneText(zone, Date.now()) }));
}
