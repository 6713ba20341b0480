/* A number of a schedule as a field: a length of time in minutes, hours or days, or a count. */

import { h } from '../widget/dom.js';

/*
 * A number as people type it, with a comma or a point; a field of the browser's for numbers would make 15 of "1,5" where its
 * own language has a point. Anything else goes to the server as it is, which then names the fault.
 */
export function typedNumber(text) {
  const plain = text.trim().replace(',', '.');
  return /^\d+(\.\d*)?$/.test(plain) ? Number(plain) : text.trim();
}

/* A text field with the keyboard for such numbers. */
export const typed = { inputmode: 'decimal', autocomplete: 'off' };

/*
 * A number as it stands in such a field, in units of `size`: with the comma or the point of the page's language. What was
 * typed and is none stands there as it is. What is no whole number of units has at least `places` of them.
 */
export function numberText(house, number, size, places = 0) {
  if (typeof number !== 'number') return number ?? '';
  return new Intl.NumberFormat(house.locale, {
    useGrouping: false,
    numberingSystem: 'latn',
    minimumFractionDigits: number % size ? places : 0,
    maximumFractionDigits: 6,
  }).format(number / size);
}

/* A thousand to some and one to others: the server refuses it as it stands. */
const thousand = /^[1-9]\d{0,2}[.,]\d{3}$/;

const units = [
  [1, 'unitMinutes'],
  [60, 'unitHours'],
  [1440, 'unitDays'],
];

/* The largest unit that a length is a whole number of: 1440 minutes are 1 day, so that nobody counts them. */
const unitOf = (minutes) => (minutes && units.findLast(([size]) => minutes % size === 0)?.[0]) || 1;

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
    const number = thousand.test(input.value.trim()) ? input.value : typedNumber(input.value);
    if (number !== '')
      policy[name] = typeof number === 'number' ? Math.round(number * size * 1e6) / 1e6 : number;
    else if (own) delete policy[name];
    else policy[name] = null;
    show();
    draft.changed();
  };
  const input = h('input', {
    ...typed,
    id,
    name: `${path}.${name}`,
    value: numberText(house, policy[name], size),
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
