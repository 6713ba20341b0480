/* Choosing a time: who it is with and what it is, the month, the times of a day. */

import { fill, h, icon } from './dom.js';
import { letGo } from './hold.js';
import { memory } from './memory.js';
import { dayAfterKey, firstMonth, lastMonth, monthTitle, renderMonth, shownDays } from './month.js';
import { slotList } from './slot_list.js';
import { ask, sort } from './slots.js';
import { addMonths, cityOf, dayLength, dayOf, daysInMonth, offsetMinutes, zoneText } from './time.js';

const draw = (panel, focus) => renderMonth(panel, (day) => chooseDay(panel, day), focus);

/*
 * Shows the month at once and fills it in; `moving` is the appointment that wants a new time, or null. `day` is the
 * one to open, if it has times.
 */
export function startPicking(panel, moving, focus, day = null) {
  const { t, page } = panel;
  panel.moving = moving;
  panel.chosen = null;
  const kept = panel.answer; // who it is does not change with the question
  Object.assign(panel, { slots: [], byDay: new Map(), end: 0, exhausted: false, day: null, focusDay: null });
  panel.first = dayOf(panel.now(), panel.zone);
  panel.month = (day ?? panel.first).slice(0, 7);
  page.trouble = h('div', { class: 'stack wide' });
  page.who = h('section', { class: 'who' });
  page.month = h('h3', { id: 'month' });
  page.before = h(
    'button',
    { type: 'button', 'aria-label': t('monthBefore'), onclick: () => turn(panel, -1) },
    icon('before'),
  );
  page.after = h(
    'button',
    { type: 'button', 'aria-label': t('monthAfter'), onclick: () => turn(panel, 1) },
    icon('after'),
  );
  page.grid = h('table', {
    role: 'grid',
    'aria-labelledby': 'month',
    onkeydown: (event) => gridKey(panel, event),
  });
  page.times = h('section', { class: 'times', 'aria-label': t('loading') });
  page.settings = h('div', { class: 'settings small' });
  // The next view is on its way before anybody presses.
  page.times.addEventListener('pointerenter', () => panel.fetch().catch(() => {}), { once: true });
  page.pick = h(
    'div',
    { class: 'pick wide' },
    page.who,
    h(
      'section',
      { 'aria-label': t('calendar') },
      h('div', { class: 'bar' }, page.month, page.before, page.after),
      page.grid,
      page.settings,
    ),
    page.times,
  );
  page.wait = h('button', { class: 'plain', hidden: true, onclick: () => panel.go('wait') }, t('wait'));
  panel.show(
    'pick',
    t(moving ? 'moveTitle' : 'book'),
    [h('div', { class: 'stack wide' }, page.trouble, page.pick, page.wait)],
    focus && page.title,
  );
  panel.answer = kept;
  renderWho(panel);
  renderSettings(panel);
  return load(panel, day);
}

/* What is free from now on, as far as the coach takes bookings; jumps to the first free day. */
async function load(panel, day) {
  const { t, page } = panel;
  const asked = ++panel.asked;
  wait(panel, true);
  panel.say(t('loading'));
  if (memory.holding().key && !panel.form) panel.released = panel.go('recover');
  const others = panel.moving && panel.go('others'); // comes with the times, which it would move
  const { early } = panel;
  panel.early = null; // it answers the first question only
  try {
    let { reply, slots } = await (early ?? ask(panel));
    if (reply.refusal) {
      await letGo(panel);
      ({ reply, slots } = await ask(panel)); // also without any: the last page may have given its own back meanwhile
    }
    if (!slots.length && reply.next_available) {
      const from = Date.parse(reply.next_available);
      ({ reply, slots } = await ask(panel, from, from + 31 * dayLength));
    }
    await others;
    if (asked !== panel.asked) return;
    panel.answer = reply;
    panel.slots = slots;
    panel.end = Date.parse(reply.to);
    panel.exhausted = !slots.length;
    panel.tell('known', reply);
    if (!panel.moving && !panel.type && reply.session_types.length > 1) {
      await panel.go('types');
      return;
    }
    if (!panel.moving) {
      panel.duration ??= reply.duration_minutes;
      panel.type ??= reply.session_type;
    }
    sort(panel);
    open(panel, day ?? (panel.moving && dayOf(Date.parse(panel.moving.start), panel.zone)));
    wait(panel, false);
    fill(page.trouble, reply.calendar?.state === 'stale' && h('p', { class: 'notice' }, t('stale')));
    page.pick.hidden = reply.refusal;
    page.wait.hidden = panel.moving || reply.refusal || reply.coach === 'any';
    renderWho(panel);
    draw(panel);
    renderTimes(panel);
    if (reply.refusal) await panel.go('cannotBook', page.trouble, reply.refusal);
    else
      panel.say(
        panel.day
          ? t('timesOn', { n: panel.byDay.get(panel.day).length, day: panel.dayName(panel.day) })
          : t('none'),
      );
  } catch (problem) {
    if (asked !== panel.asked) return;
    if (
      await panel.signInFirst(problem, panel.moving && (() => startPicking(panel, panel.moving, true, day)))
    )
      return;
    wait(panel, false);
    page.pick.hidden = !panel.answer;
    page.times.replaceChildren();
    page.trouble.replaceChildren(panel.trouble(problem, () => startPicking(panel, panel.moving, true, day)));
  }
}

/* The day wished for if it has times, else the first after it, else the first of all. */
function open(panel, wished) {
  const days = [...panel.byDay.keys()];
  const later = wished && days.find((day) => day >= wished);
  panel.day = later ?? days[0] ?? null;
  panel.focusDay = panel.day;
  if (!panel.day) return;
  panel.month = panel.day.slice(0, 7);
  panel.first = days[0];
}

/* Who, what, how long, where, and the rule: in sight while a time is chosen. */
function renderWho(panel) {
  const { t, page, answer, moving } = panel;
  if (!answer) return fill(page.who, bone('line'), bone(), bone('line'), bone('line'));
  const type = panel.typeOf(moving?.session_type);
  if (!type) return fill(page.who);
  const name = panel.coachName();
  const zone = answer.coach_time_zone;
  const elsewhere = zone && offsetMinutes(panel.now(), zone) !== offsetMinutes(panel.now(), panel.zone);
  fill(
    page.who,
    h(
      'div',
      { class: 'face' },
      panel.face(),
      h('div', null, name && h('p', { class: 'small muted' }, name), h('h3', null, type.name)),
    ),
    type.description && h('p', { class: 'muted' }, type.description),
    !type.description && answer.profile?.headline && h('p', { class: 'muted' }, answer.profile.headline),
    answer.profile?.about &&
      h(
        'details',
        null,
        h('summary', { class: 'small' }, t('aboutCoach')),
        h('p', { class: 'muted about' }, answer.profile.about),
      ),
    moving
      ? h(
          'ul',
          { class: 'facts' },
          h('li', { class: 'small' }, t('moveFrom')),
          panel.when(Date.parse(moving.start), Date.parse(moving.end)),
        )
      : h(
          'ul',
          { class: 'facts' },
          panel.fact('clock', panel.lengths(type.durations)),
          panel.place(type.meeting),
          panel.company(type),
          panel.speech(),
          panel.cost(type),
          panel.promise(type),
          elsewhere &&
            panel.fact(
              'globe',
              t('coachIsIn', { coach: name ?? t('theCoach'), zone: zoneText(zone, panel.now()) }),
            ),
        ),
    !moving && type.durations.length > 1 && lengthChoice(panel, type),
    !moving &&
      answer.session_types.length > 1 &&
      h(
        'button',
        {
          type: 'button',
          class: 'plain small',
          onclick: () => {
            panel.type = panel.duration = null;
            panel.go('types', true);
          },
        },
        t('otherType'),
      ),
  );
  return moving && panel.go('nearest', page.who);
}

const bone = (kind = '') => h('div', { class: `bone ${kind}`, 'aria-hidden': 'true' });

function lengthChoice(panel, type) {
  return panel.choice(
    'length',
    panel.t('length'),
    type.durations.map((n) => [String(n), panel.lasting(n)]),
    String(panel.duration),
    (value) => {
      panel.duration = Number(value);
      startPicking(panel, null, false, panel.day).then(() =>
        panel.page.who.querySelector('input:checked')?.focus(),
      );
    },
  );
}

/* Months after those already known. */
async function extend(panel, month) {
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
    draw(panel, panel.element.shadowRoot.activeElement?.closest('table') === panel.page.grid);
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

function wait(panel, on) {
  const { grid, times } = panel.page;
  grid.classList.toggle('waiting', on);
  grid.setAttribute('aria-busy', on);
  if (!on) return;
  draw(panel, panel.element.shadowRoot.activeElement?.closest('table') === grid);
  if (!panel.slots.length)
    fill(
      times,
      bone('line'),
      Array.from({ length: 6 }, () => bone()),
    );
}

/* Whether the month reaches beyond what is known, and there may be more. */
const unknown = (panel, month) =>
  !panel.exhausted &&
  dayOf(panel.end, panel.zone).slice(0, 7) <= month &&
  panel.end <= Date.parse(panel.answer?.horizon ?? '9999-01-01');

/* Another month is shown; the day within it keeps its number as far as it can. */
function turn(panel, count, focus = false) {
  const month = [addMonths(panel.month, count), firstMonth(panel)].sort()[1];
  const target = [month, lastMonth(panel)].sort()[0];
  if (target === panel.month) return sayMonth(panel);
  const number = Math.min(Number((panel.focusDay ?? '').slice(8)) || 1, daysInMonth(target));
  panel.month = target;
  panel.focusDay = focus ? `${target}-${String(number).padStart(2, '0')}` : null;
  draw(panel, focus);
  if (!focus) renderTimes(panel);
  if (unknown(panel, target)) return extend(panel, target);
  return sayMonth(panel);
}

function sayMonth(panel) {
  const free = shownDays(panel).filter((day) => panel.byDay.has(day)).length;
  const month = monthTitle(panel);
  panel.say(free ? panel.t('daysIn', { n: free, month }) : panel.t('monthEmpty', { month }));
}

function gridKey(panel, event) {
  const day = event.target.dataset?.day;
  if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = dayAfterKey(panel, event, day);
  if (next) moveFocus(panel, next);
  else if (event.key === 'PageDown') turn(panel, event.shiftKey ? 12 : 1, true);
  else if (event.key === 'PageUp') turn(panel, event.shiftKey ? -12 : -1, true);
  else return;
  event.preventDefault();
}

function moveFocus(panel, day) {
  const { grid } = panel.page;
  const today = dayOf(panel.now(), panel.zone);
  if (day < today) return moveFocus(panel, today);
  const button = grid.querySelector(`[data-day="${day}"]`);
  panel.focusDay = day;
  if (button) {
    grid.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    button.setAttribute('tabindex', '0');
    return button.focus();
  }
  const month = day.slice(0, 7);
  if (month > lastMonth(panel)) return undefined;
  panel.month = month;
  draw(panel, true);
  return unknown(panel, month) ? extend(panel, month) : sayMonth(panel);
}

export function chooseDay(panel, day) {
  panel.focusDay = day;
  if (!panel.byDay.has(day)) {
    moveFocus(panel, day);
    panel.say(panel.t('noTimesOn', { day: panel.dayName(day) }));
    return;
  }
  panel.day = day;
  if (!shownDays(panel).includes(day)) panel.month = day.slice(0, 7);
  draw(panel);
  renderTimes(panel);
  panel.page.times.querySelector('h3').focus();
  panel.say(panel.t('timesOn', { n: panel.byDay.get(day).length, day: panel.dayName(day) }));
}

function renderTimes(panel) {
  const { t } = panel;
  const { times } = panel.page;
  const days = shownDays(panel);
  const shown = days.includes(panel.day) ? panel.byDay.get(panel.day) : null;
  times.removeAttribute('aria-label');
  if (shown) return showTimes(panel, shown);
  if (days.some((day) => panel.byDay.has(day)))
    return fill(times, h('p', { class: 'muted' }, t('chooseDay')));
  const next = [...panel.byDay.keys()].find((day) => day > days.at(-1));
  return fill(
    times,
    h(
      'p',
      { class: 'muted' },
      panel.slots.length ? panel.large(t('monthEmpty', { month: monthTitle(panel) })) : t('none'),
    ),
    next
      ? h(
          'button',
          { type: 'button', onclick: () => chooseDay(panel, next) },
          t('nextAt', { day: panel.dayName(next) }),
        )
      : panel.slots.length > 0 && h('p', { class: 'muted' }, t('noneLater')),
  );
}

/* Whether the visitor wants nothing to move. */
const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

/* The times of the day. Where there are more than fit, the end of the list says so. */
function showTimes(panel, shown) {
  const { t } = panel;
  const list = h(
    'div',
    { class: 'list' },
    slotList(panel, shown, (slot) => panel.go('details', slot)),
  );
  const later = h(
    'button',
    {
      type: 'button',
      class: 'plain small later',
      tabindex: '-1',
      'aria-hidden': 'true',
      onclick: () =>
        list.scrollBy({ top: list.clientHeight * 0.8, behavior: still() ? 'instant' : 'smooth' }),
    },
    `${t('later')} ↓`,
  );
  // At the end the button keeps its place: were it to go, a time would move away from the finger that presses it.
  const measure = () => {
    const beyond = list.scrollHeight - list.clientHeight;
    list.classList.toggle('long', beyond > 8);
    list.classList.toggle('more', beyond - list.scrollTop > 8);
  };
  list.addEventListener('scroll', measure);
  const watch = new ResizeObserver(measure);
  watch.observe(list);
  panel.leave.signal.addEventListener('abort', () => watch.disconnect());
  fill(
    panel.page.times,
    h('h3', { tabindex: '-1' }, panel.large(panel.dayName(panel.day))),
    list,
    later,
    h('button', { type: 'button', class: 'plain small', onclick: () => draw(panel, true) }, t('otherDay')),
  );
}

/* ---- the zone and the clock ---- */

const clockWords = (panel) => panel.t(panel.hour12 ? 'clock24' : 'clock12');

function renderSettings(panel) {
  const { t } = panel;
  const change = h(
    'button',
    { type: 'button', class: 'plain', 'aria-expanded': 'false', onclick: () => toggle() },
    t('changeZone'),
  );
  const place = h('div', null);
  const toggle = () => {
    const opened = change.getAttribute('aria-expanded') === 'false';
    change.setAttribute('aria-expanded', opened);
    place.replaceChildren();
    if (opened) panel.go('zones', place, change, (zone) => setZone(panel, zone));
  };
  panel.page.settings.replaceChildren(
    h(
      'div',
      { class: 'row' },
      h('span', { title: cityOf(panel.zone) }, t('zone', { zone: zoneText(panel.zone, panel.now()) })),
      change,
      h(
        'button',
        {
          type: 'button',
          class: 'plain',
          onclick: (event) => {
            panel.hour12 = !panel.hour12;
            memory.write({ hour12: panel.hour12 });
            event.target.textContent = clockWords(panel);
            renderTimes(panel);
            renderWho(panel);
          },
        },
        clockWords(panel),
      ),
    ),
    place,
  );
}

/* The same instants on another calendar. */
function setZone(panel, zone) {
  panel.zone = zone;
  memory.write({ zone });
  const shown = panel.byDay.get(panel.day)?.[0];
  sort(panel);
  open(panel, shown && dayOf(shown.at, zone));
  renderSettings(panel);
  renderWho(panel);
  draw(panel);
  renderTimes(panel);
  panel.page.settings.querySelector('button').focus();
  panel.say(panel.t('zoneSet', { zone: zoneText(zone, panel.now()) }));
}
