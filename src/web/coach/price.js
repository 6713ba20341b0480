/* What a session costs: an amount that is shown and paid elsewhere, credits, or both. The document has the minor unit. */

import { h } from '../widget/dom.js';
import { labelled } from './dialogs.js';
import { numberText, typed, typedNumber } from './number.js';

function digitsOf(currency) {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
      .maximumFractionDigits;
  } catch {
    return 2; // being typed, or none: the server says so
  }
}

/* An amount as it was typed, in the minor unit; what has more places than the currency goes to the server as it is. */
function minorUnit(text, digits) {
  const number = typedNumber(text);
  const places = /[.,](\d*)$/.exec(text.trim())?.[1].length ?? 0;
  return typeof number === 'number' && places <= digits ? Math.round(number * 10 ** digits) : text.trim();
}

export function priceFields(house, { id, path, price, change }) {
  const { t } = house;
  const input = (name, value, properties) => {
    const field = h('input', {
      id: `${id}-${name}`,
      name: `${path}.${name}`,
      autocomplete: 'off',
      oninput: () => tell(),
      ...properties,
    });
    field.value = value ?? '';
    return field;
  };
  const currency = input('currency', price?.currency ?? 'EUR', { maxlength: 3, class: 'unit' });
  const digits = digitsOf(price?.currency);
  const cost = numberText(house, price?.amount, 10 ** digits, digits);
  const amount = input('amount', cost, typed);
  const credits = input('credits', price?.credits, { type: 'number', min: 0, step: 1, inputmode: 'numeric' });
  const tell = () => {
    const code = currency.value.trim().toUpperCase();
    const said = {
      ...(amount.value.trim() && {
        amount: minorUnit(amount.value, digitsOf(code)),
        currency: code,
      }),
      ...(Number(credits.value) > 0 && { credits: Number(credits.value) }),
    };
    change(Object.keys(said).length ? said : undefined);
  };
  const money = labelled(house, amount.id, t('price'), h('div', { class: 'row' }, amount, currency), true);
  currency.setAttribute('aria-label', t('currency'));
  return h('div', { class: 'fields' }, money, labelled(house, credits.id, t('priceCredits'), credits, true));
}
