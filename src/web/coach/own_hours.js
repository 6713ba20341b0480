/* The hours that a session type has of its own: weekly ones in place of the coach's, and single dates. */

import { fill, h } from '../widget/dom.js';
import { datesFaultPlace, overrideLine } from './dates.js';
import { labelled } from './dialogs.js';
import { weeklyDocument, weeklyLists } from './time.js';
import { renderDays, weeklyFaultPlace } from './weekly.js';

const prefixOf = (index) => `type-${index}-hours-`;

export function ownHoursPart(house, draft, type, index) {
  const { t } = house;
  const prefix = prefixOf(index);
  const days = h('div', { class: 'exact' });
  const lists = () => weeklyLists(type.weekly ?? draft.value.weekly);
  const drawWeek = () => {
    days.hidden = !type.weekly;
    const own = lists();
    const changed = () => {
      type.weekly = weeklyDocument(own);
      draft.changed();
    };
    renderDays(house, days, own, changed, prefix);
  };
  const weekly = h('input', {
    type: 'checkbox',
    id: `${prefix}weekly`,
    checked: Boolean(type.weekly),
    onchange: () => {
      // They begin with the coach's.
      type.weekly = weekly.checked ? structuredClone(draft.value.weekly) : undefined;
      draft.changed();
      drawWeek();
    },
  });
  const dates = h('div', { class: 'stack' });
  const put = (overrides, focus) => {
    type.overrides = overrides.length ? overrides : undefined;
    draft.changed();
    drawDates();
    dates.querySelector(focus).focus();
  };
  const date = h('input', { type: 'date', id: `${prefix}date` });
  const add = () => {
    const others = type.overrides ?? [];
    if (!date.value || others.some((one) => one.date === date.value)) {
      date.focus();
      return;
    }
    const next = [...others, { date: date.value, intervals: [{ from: '09:00', to: '17:00' }] }];
    next.sort((a, b) => (a.date < b.date ? -1 : 1));
    const at = next.findIndex((one) => one.date === date.value);
    put(next, `#${prefix}${at}-0-from`);
  };
  const addDate = h(
    'button',
    { type: 'button', class: 'add', id: `${prefix}add`, onclick: add },
    t('addDate'),
  );
  const drawDates = () => {
    const overrides = type.overrides ?? [];
    fill(
      dates,
      h(
        'ul',
        { class: 'lines' },
        overrides.map((one, at) =>
          overrideLine(house, one, {
            id: `${prefix}${at}`,
            path: `session_types[${index}].overrides[${at}]`,
            put: (intervals, focus) =>
              put(
                overrides.map((other) => (other === one ? { ...one, intervals } : other)),
                focus,
              ),
            remove: () =>
              put(
                overrides.filter((other) => other !== one),
                `#${prefix}date`,
              ),
            draft,
          }),
        ),
      ),
      h('div', { class: 'row' }, labelled(house, date.id, t('date'), date), addDate),
    );
  };
  drawWeek();
  drawDates();
  return h(
    'details',
    { open: Boolean(type.weekly || type.overrides) },
    h('summary', null, t('ownHours')),
    h('p', { class: 'hint' }, t('ownHoursHint')),
    h('label', { class: 'tickable', for: weekly.id }, weekly, h('span', null, t('ownWeekly'))),
    days,
    dates,
  );
}

/* The element for a path such as session_types[1].weekly[0].to. */
export function ownHoursFaultPlace(place, schedule, path) {
  const [, index, rest] = /^session_types\[(\d+)\]\.(.*)/.exec(path ?? '') ?? [];
  const weekly = schedule.session_types[index]?.weekly;
  return (
    weeklyFaultPlace(place, weekly, weeklyLists(weekly ?? []), rest, prefixOf(index)) ??
    datesFaultPlace(place, path)
  );
}
