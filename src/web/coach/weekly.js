/*
 * The weekly hours: a grid to drag over and walk with the keys, and below it the same to the minute, for
 * hours off the half hour or past midnight, and for those who rather type.
 */

import { fill, h } from '../widget/dom.js';
import { firstWeekday } from '../widget/time.js';
import { question } from './dialogs.js';
import { finger, timeGrid } from './grid.js';
import { addHours, hoursInputs } from './inputs.js';
import { changeWeekly, stretchOf, weekdayName, weekdays, weeklyDocument } from './time.js';

/* The weekdays, 0 for Monday, in the order of the locale. */
const columnsOf = (house) =>
  Array.from({ length: 7 }, (_, index) => (index + firstWeekday(house.locale) + 6) % 7);

/* What is open on a weekday, in minutes of that day: its own hours, and the end of the day before's. */
const partsOf = (lists, index) => [
  ...lists[index].map((one) => ({ from: one.from, to: Math.min(one.to, 1440) })),
  ...lists[(index + 6) % 7].filter((one) => one.to > 1440).map((one) => ({ from: 0, to: one.to - 1440 })),
];

export function renderWeekly(view, draft) {
  const { house } = view;
  const { t } = house;
  const whole = h(
    'button',
    {
      type: 'button',
      class: 'plain',
      'aria-pressed': String(view.whole),
      onclick: () => {
        view.whole = !view.whole;
        whole.setAttribute('aria-pressed', String(view.whole));
        renderGrid(view, draft);
      },
    },
    t('allDay'),
  );
  view.week = h('div', { class: 'week' });
  view.days = h('div', { class: 'exact' });
  // A finger cannot drag over a grid that scrolls: it sets when hours begin and end.
  if (finger.matches) {
    fill(view.weekly, h('h2', null, t('weekly')), view.days);
    renderGrid(view, draft);
    drawDays(view, draft);
    return;
  }
  fill(
    view.weekly,
    h('div', { class: 'row' }, h('h2', null, t('weekly')), whole),
    h('p', { class: 'hint' }, t('weeklyHint')),
    view.week,
    h(
      'details',
      {
        open: view.exact,
        ontoggle: (event) => {
          view.exact = event.target.open;
        },
      },
      h('summary', null, t('exactly')),
      view.days,
    ),
  );
  renderGrid(view, draft);
  drawDays(view, draft);
}

/* The days to the minute, in step with the grid. */
const drawDays = (view, draft) =>
  renderDays(view.house, view.days, view.lists, () => {
    changed(view, draft);
    renderGrid(view, draft);
  });

/* The lists have changed: the document follows. */
function changed(view, draft) {
  draft.value.weekly = weeklyDocument(view.lists);
  draft.changed();
}

/* The hours that are shown: those with something in them and two around, or all. */
function spanOf(view, parts) {
  if (view.whole || !parts.length) return [0, 1440];
  const from = Math.min(...parts.map((part) => part.from));
  const to = Math.max(...parts.map((part) => part.to));
  return [Math.max(0, Math.floor(from / 60) * 60 - 120), Math.min(1440, Math.ceil(to / 60) * 60 + 120)];
}

function renderGrid(view, draft) {
  const { house } = view;
  const { t } = house;
  const columns = columnsOf(house);
  const parts = columns.map((index) => partsOf(view.lists, index));
  const open = (column, minute) => parts[column].some((part) => part.from < minute + 30 && part.to > minute);
  const [from, to] = spanOf(view, parts.flat());
  const name = (column, style) => weekdayName(house, columns[column], style);
  const clock = (minute) => house.clock(minute % 1440);
  const grid = timeGrid({
    label: t('weeklyGrid'),
    days: columns.map((_, column) => ({ head: name(column, 'short') })),
    from,
    to,
    time: house.clock,
    hour: house.hour,
    name: (column, minute) =>
      t('cell', {
        day: name(column),
        time: clock(minute),
        what: t(open(column, minute) ? 'kindOpen' : 'kindClosed'),
      }),
    kind: (column, minute) => (open(column, minute) ? 'open' : 'closed'),
    blocks: (column) =>
      parts[column].map((part) => ({
        ...part,
        kind: 'working',
        lines: part.to - part.from >= 60 ? [`${clock(part.from)} – ${clock(part.to)}`] : [],
      })),
    onmove: (range) =>
      house.say(
        t('selected', {
          from: `${name(range.first, 'short')} ${clock(range.from)}`,
          to: `${name(range.last, 'short')} ${clock(range.to)}`,
        }),
      ),
    // The cell on which a range was begun decides: over closed time it opens, over open time it closes.
    onrange: (range) => {
      const opening = !open(range.origin.column, range.origin.minute);
      for (let column = range.first; column <= range.last; column += 1)
        view.lists = changeWeekly(view.lists, columns[column], range.from, range.to, opening);
      changed(view, draft);
      renderGrid(view, draft).goTo(range.origin.column, range.origin.minute);
      drawDays(view, draft);
      house.say(
        t(opening ? 'hoursOpened' : 'hoursClosed', {
          day: [...new Set([name(range.first), name(range.last)])].join(' – '),
          hours: house.hours(range.from, range.to),
        }),
      );
    },
  });
  fill(view.week, grid.table);
  return grid;
}

/*
 * The hours of each weekday to the minute. `lists` has seven lists of stretches and is changed, `changed()` is
 * told; `prefix` begins the fields' ids, as there may be several such weeks on a page.
 */
export function renderDays(house, place, lists, changed, prefix = '') {
  const { t } = house;
  const idOf = (index, part) => `${prefix}${weekdays[index]}-${part}`;
  const replace = (index, list, focus) => {
    lists[index] = list;
    changed();
    renderDays(house, place, lists, changed, prefix);
    place.querySelector(`#${focus}`).focus();
  };
  fill(
    place,
    columnsOf(house).map((index) => {
      const list = lists[index];
      const day = weekdayName(house, index);
      return h(
        'div',
        { class: 'exact-day' },
        h('h3', null, day),
        list.length === 0 && h('p', { class: 'muted' }, t('closedDay')),
        list.map((stretch, at) =>
          hoursInputs(house, stretch, {
            day,
            id: idOf(index, at),
            change: (next) => {
              list[at] = next;
              changed();
            },
            remove: () =>
              replace(
                index,
                list.filter((_, other) => other !== at),
                idOf(index, 'add'),
              ),
          }),
        ),
        addHours(house, list, {
          day,
          id: idOf(index, 'add'),
          add: (stretch) => replace(index, [...list, stretch], `${idOf(index, list.length)}-from`),
        }),
        list.length > 0 &&
          h(
            'button',
            {
              type: 'button',
              class: 'plain small add',
              id: idOf(index, 'copy'),
              title: t('copyTo', { day }),
              onclick: () =>
                copyDialog(house, index, (others) => {
                  for (const other of others) lists[other] = list.map((one) => ({ ...one }));
                  replace(index, list, idOf(index, 'copy'));
                  house.say(t('copiedDay', { day }));
                }),
            },
            t('copyDay'),
          ),
      );
    }),
  );
}

/* Which other weekdays are to have the hours of one: done(their indices). */
function copyDialog(house, index, done) {
  const { t } = house;
  const boxes = columnsOf(house)
    .filter((other) => other !== index)
    .map((other) => ({ other, box: h('input', { type: 'checkbox', id: `copy-${weekdays[other]}` }) }));
  question(
    t('copyTo', { day: weekdayName(house, index) }),
    h(
      'div',
      null,
      boxes.map(({ other, box }) =>
        h('label', { class: 'tickable', for: box.id }, box, h('span', null, weekdayName(house, other))),
      ),
    ),
    [[t('copyHours'), () => done(boxes.filter(({ box }) => box.checked).map(({ other }) => other))]],
    t('close'),
  );
}

/* The field for a path such as weekly[2].to: that of the first weekday with those hours. */
export function weeklyFaultPlace(place, weekly, lists, path, prefix = '') {
  const [, number, part] = /^weekly\[(\d+)\](?:\.(from|to))?/.exec(path ?? '') ?? [];
  const entry = weekly?.[number];
  if (!entry) return null;
  const index = weekdays.indexOf(entry.days[0]);
  const { from, to } = stretchOf(entry);
  const at = lists[index].findIndex((one) => one.from === from && one.to === to);
  return place.querySelector(`#${prefix}${weekdays[index]}-${at}-${part ?? 'from'}`);
}
