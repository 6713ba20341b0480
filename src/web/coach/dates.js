/*
 * Single dates: a month to choose from, hours of their own, blocked ranges.
 */

import { fill, h } from '../widget/dom.js';
import { addDays, addMonths, daysInMonth, firstWeekday, format, weekdayOf } from '../widget/time.js';
import { finger, monthGrid } from './grid.js';
import { addHours, hoursInputs } from './inputs.js';
import {
  blockOn,
  hasOverride,
  hoursOf,
  stretchOf,
  stretchesOn,
  weekdayName,
  withBlock,
  withOverride,
  withoutBlock,
} from './time.js';

/* What a date is, as the class of its cell and as words. */
function stateOf(schedule, day) {
  if (blockOn(schedule, day)) return ['blocked', 'stateBlocked'];
  if (hasOverride(schedule, day)) return ['special', 'stateSpecial'];
  return stretchesOn(schedule, day).length ? ['weekly', 'stateWeekly'] : ['none', 'stateNone'];
}

/* `focusDay` gets the keyboard's focus, if it is given. */
export function renderDates(view, draft, focusDay = null) {
  const { house, month } = view;
  const { t } = house;
  const start = firstWeekday(house.locale);
  const monthName = (which) =>
    format(Date.parse(`${which}-01`), house.locale, { timeZone: 'UTC', month: 'long', year: 'numeric' });
  const dayAt = (which, number) => `${which}-${String(number).padStart(2, '0')}`;
  const days = Array.from({ length: daysInMonth(month) }, (_, index) => dayAt(month, index + 1));
  // `index` is where an arrow key would have gone, counted from this month's first day.
  const turn = (count, index) => {
    view.month = addMonths(month, count);
    const size = daysInMonth(view.month);
    const number = index === undefined ? 1 : index < 0 ? size + index + 1 : index - days.length + 1;
    renderDates(view, draft, dayAt(view.month, Math.max(1, Math.min(size, number))));
    house.say(monthName(view.month));
  };
  const panel = h('div', { class: 'stack' });
  const grid = monthGrid({
    label: t('datesGrid'),
    days,
    lead: (weekdayOf(days[0]) - start + 7) % 7,
    start: focusDay,
    heads: Array.from({ length: 7 }, (_, index) =>
      ['short', 'long'].map((style) => weekdayName(house, (start + index + 6) % 7, style)),
    ),
    name: (day) => house.pair(house.day(day), t(stateOf(draft.value, day)[1])),
    kind: (day) => stateOf(draft.value, day)[0],
    onrange: (first, last) => showDatePanel(view, draft, panel, first, last),
    onmove: (first, last) => house.say(t('selected', { from: house.day(first), to: house.day(last) })),
    onmonth: turn,
  });
  const turner = (count, label, text) =>
    h(
      'button',
      {
        type: 'button',
        'aria-label': label,
        onclick: () => {
          turn(count);
          view.dates.querySelectorAll('.bar button')[count < 0 ? 0 : 1].focus();
        },
      },
      text,
    );
  fill(
    view.dates,
    h('h2', null, t('dates')),
    h('p', { class: 'hint' }, t(finger.matches ? 'datesHintTouch' : 'datesHint')),
    h(
      'div',
      { class: 'dates' },
      h(
        'div',
        null,
        h(
          'div',
          { class: 'bar' },
          h('h3', null, monthName(month)),
          turner(-1, t('monthBefore'), '\u2039'),
          turner(1, t('monthAfter'), '\u203a'),
        ),
        grid.table,
      ),
      panel,
    ),
    h('div', { class: 'lists' }, overridesList(view, draft), blockedList(view, draft)),
  );
  if (focusDay) grid.focus();
}

/* Another document; `back` is the day or the selector that gets the focus. */
function change(view, draft, next, said, { day, selector }) {
  draft.value = next;
  draft.changed();
  renderDates(view, draft, day);
  if (selector) view.dates.querySelector(selector)?.focus();
  view.house.say(said);
}

/* What can be done with the dates from `first` to `last`. */
function showDatePanel(view, draft, panel, first, last) {
  const { house } = view;
  const { t } = house;
  const schedule = draft.value;
  const days = [];
  for (let day = first; day <= last; day = addDays(day, 1)) days.push(day);
  const after = addDays(last, 1);
  const title =
    first === last ? house.day(first) : `${house.day(first, 'short')} – ${house.day(last, 'short')}`;
  const heading = h('h3', { tabindex: '-1' }, title);
  const reason = h('input', { id: 'dates-reason', maxlength: 2000 });
  const action = (text, state, next, selector, main = false) =>
    h(
      'button',
      {
        type: 'button',
        class: main && 'main',
        onclick: () => {
          const said = house.pair(title, t(state));
          change(view, draft, next(), said, selector ? { selector } : { day: first });
        },
      },
      t(text),
    );
  const withHours = () => {
    const hours = stretchesOn(schedule, first);
    const start = hours.length ? hours : [{ from: 540, to: 1020 }];
    return days.reduce((next, day) => withOverride(next, day, start), schedule);
  };
  fill(
    panel,
    heading,
    h(
      'div',
      { class: 'field' },
      h(
        'label',
        { for: 'dates-reason' },
        t('reason'),
        h('span', { class: 'muted small' }, ` (${t('optional')})`),
      ),
      reason,
    ),
    h(
      'div',
      { class: 'actions' },
      action(
        days.length === 1 ? 'block' : 'blockDays',
        'stateBlocked',
        () => withBlock(schedule, first, after, reason.value.trim()),
        null,
        true,
      ),
      action('setSpecial', 'stateSpecial', withHours, `[data-date="${first}"] input`),
      days.some((day) => blockOn(schedule, day)) &&
        action('unblock', 'stateWeekly', () => withoutBlock(schedule, first, after)),
      days.some((day) => hasOverride(schedule, day)) &&
        action('asWeekly', 'stateWeekly', () =>
          days.reduce((next, day) => withOverride(next, day, null), schedule),
        ),
    ),
  );
  heading.focus();
  house.say(title);
}

const removeButton = (house, text, onclick) =>
  h(
    'button',
    { type: 'button', class: 'plain small', 'aria-label': house.pair(house.t('remove'), text), onclick },
    house.t('remove'),
  );

function overridesList(view, draft) {
  const { house } = view;
  const { t } = house;
  const { overrides } = draft.value;
  return h(
    'div',
    { class: 'stack' },
    h('h3', { tabindex: '-1', id: 'special' }, t('specialTitle')),
    overrides.length === 0 && h('p', { class: 'muted' }, t('none')),
    h(
      'ul',
      { class: 'lines' },
      overrides.map((one, index) => {
        const day = house.day(one.date);
        const put = (intervals, selector) =>
          change(
            view,
            draft,
            {
              ...draft.value,
              overrides: overrides.map((other) => (other === one ? { ...one, intervals } : other)),
            },
            house.pair(day, t('stateSpecial')),
            { selector },
          );
        const remove = () =>
          change(
            view,
            draft,
            { ...draft.value, overrides: overrides.filter((other) => other !== one) },
            house.pair(day, t('stateWeekly')),
            { selector: '#special' },
          );
        return overrideLine(house, one, {
          id: `own-${index}`,
          path: `overrides[${index}]`,
          put,
          remove,
          draft,
        });
      }),
    ),
  );
}

/*
 * A date with hours of its own, at `path` of the document. put(intervals, selector) is told of other hours and
 * what is to have the focus then, remove() that the date goes; times that are only typed anew stand in `one`
 * at once.
 */
export function overrideLine(house, one, { id, path, put, remove, draft }) {
  const { t } = house;
  const day = house.day(one.date);
  const stretches = one.intervals.map(stretchOf);
  const replace = (next, selector) => put(next.map(hoursOf), selector);
  return h(
    'li',
    { 'data-date': one.date, 'data-path': path, tabindex: '-1' },
    h(
      'div',
      { class: 'row' },
      h('strong', null, house.day(one.date, 'long', 'numeric')),
      removeButton(house, day, remove),
    ),
    stretches.length === 0 && h('p', { class: 'muted' }, t('closedAllDay')),
    stretches.map((stretch, at) =>
      hoursInputs(house, stretch, {
        day,
        id: `${id}-${at}`,
        change: (next) => {
          stretches[at] = next;
          one.intervals[at] = hoursOf(next);
          draft.changed();
        },
        remove: () =>
          replace(
            stretches.filter((_, other) => other !== at),
            `#${id}-add`,
          ),
      }),
    ),
    addHours(house, stretches, {
      day,
      id: `${id}-add`,
      add: (stretch) => replace([...stretches, stretch], `#${id}-${stretches.length}-from`),
    }),
  );
}

function blockedList(view, draft) {
  const { house } = view;
  const { t } = house;
  const { blocked } = draft.value;
  return h(
    'div',
    { class: 'stack' },
    h('h3', { tabindex: '-1', id: 'blocked' }, t('blockedTitle')),
    blocked.length === 0 && h('p', { class: 'muted' }, t('none')),
    h(
      'ul',
      { class: 'lines' },
      blocked.map((one, index) => {
        const last = addDays(one.to, -1);
        const first = one.from === last ? '' : `${house.day(one.from, 'short')} – `;
        const text = `${first}${house.day(last, 'short', 'numeric')}`;
        return h(
          'li',
          { 'data-path': `blocked[${index}]`, tabindex: '-1' },
          h(
            'div',
            { class: 'row' },
            h('strong', null, text),
            one.reason && h('span', { class: 'muted' }, one.reason),
            removeButton(house, text, () =>
              change(
                view,
                draft,
                { ...draft.value, blocked: draft.value.blocked.filter((other) => other !== one) },
                house.pair(t('unblock'), text),
                { selector: '#blocked' },
              ),
            ),
          ),
        );
      }),
    ),
  );
}

/* The line for a path such as overrides[2].intervals[0].to or blocked[1]. */
export function datesFaultPlace(place, path) {
  const [, line] = /((?:session_types\[\d+\]\.)?(?:overrides|blocked)\[\d+\])/.exec(path ?? '') ?? [];
  return line && place.querySelector(`[data-path="${line}"]`);
}
