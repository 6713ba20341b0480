/* What a session costs: an amount that is shown and paid elsewhere, credits, or both. The document has the minor unit. */

import { h } from '../widget/dom.js';
import { labelled } from './dialogs.js';

function digitsOf(currency) {
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
      .maximumFractionDigits;
  } catch {
    return 2; // being typed, or none: the server says so
  }
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
  const number = { type: 'number', min: 0, step: 'any', inputmode: 'decimal' };
  const amount = input('amount', price?.currency && price.amount / 10 ** digitsOf(price.currency), number);
  const credits = input('credits', price?.credits, { ...number, step: 1, inputmode: 'numeric' });
  const tell = () => {
    const code = currency.value.trim().toUpperCase();
    const said = {
      ...(amount.value !== '' && {
        amount: Math.round(Number(amount.value) * 10 ** digitsOf(code)),
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
