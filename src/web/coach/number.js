/* A number of a schedule as a field: a length of time in minutes, hours or days, or a count. */

import { h } from '../widget/dom.js';

const units = [
  [1, 'unitMinutes'],
  [60, 'unitHours'],
  [1440, 'unitDays'],
];

/* The largest unit that a length is a whole number of: 1440 minutes are 1 day, so that nobody counts them. */
const unitOf = (minutes) => (minutes ? units.findLast(([size]) => minutes % size === 0)[0] : 1);

/*
 * One number of a policy. A field that may be empty is null then (no limit), or, in a type's own policy, left
 * out. Minutes are shown, and may be given, in hours and days.
 */
export function numberField(house, draft, policy, [name, unit, limit], path, own = false) {
  const { t } = house;
  const id = `${path}.${name}`.replace(/[^\w]/g, '-');
  const words = h('span', { class: 'muted small', 'aria-live': 'off' });
  const lasting = unit === 'unitMinutes';
  let size = lasting ? unitOf(policy[name]) : 1;
  const show = () => {
    words.textContent = !lasting && limit && !own && input.value === '' ? t('unlimited') : '';
  };
  const change = () => {
    if (input.value !== '') policy[name] = Number(input.value) * size;
    else if (own) delete policy[name];
    else policy[name] = null;
    show();
    draft.changed();
  };
  const input = h('input', {
    type: 'number',
    id,
    name: `${path}.${name}`,
    min: 0,
    step: 'any',
    inputmode: 'decimal',
    value: policy[name] == null ? '' : policy[name] / size,
    oninput: change,
  });
  const choice =
    lasting &&
    h(
      'select',
      {
        class: 'unit',
        'aria-label': t('unitOf', { name: t(name) }),
        onchange: () => {
          size = Number(choice.value);
          change();
        },
      },
      units.map(([value, word]) => h('option', { value, selected: value === size }, t(word))),
    );
  show();
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, t(name)),
    h('div', { class: 'row' }, input, choice || h('span', { class: 'muted' }, t(unit)), words),
  );
}
