/* Who else is invited: as one line of addresses, while booking and afterwards. */

import { guestsAreGood, guestsIn } from './addresses.js';
import { busy } from './busy.js';
import { newKey } from './calls.js';
import { isChanged } from './changed.js';
import { h } from './dom.js';

/* The guests of a session that is booked, to be changed: who is new is invited, who is missing is told. */
export function showGuests(panel, a, back) {
  const { t } = panel;
  const place = h('div', { class: 'stack wide middle' });
  const wrong = h('p', { class: 'wrong', id: 'guests-wrong' });
  const trouble = h('div', { class: 'wide' });
  const submit = h('button', { type: 'submit', class: 'main' }, t('saveGuests'));
  const input = h('input', {
    id: 'guests',
    name: 'guests',
    type: 'text',
    autocomplete: 'off',
    'aria-describedby': 'guests-hint guests-wrong',
  });
  input.value = a.guests.join(', ');
  const refuse = (words) => {
    wrong.textContent = words;
    input.setAttribute('aria-invalid', 'true');
    panel.say(words);
    input.focus();
  };
  const form = h(
    'form',
    {
      class: 'wide',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        if (!guestsAreGood(input.value)) return refuse(t('needGuests'));
        const done = busy(panel, submit, t('saving'));
        if (!done) return undefined;
        try {
          const body = { guests: guestsIn(input.value) };
          Object.assign(a, await panel.call('PUT', `booking/${a.id}/guests`, { body, key: newKey() }));
          const saved = h('p', { tabindex: '-1' }, t('guestsSaved'));
          const on = h('button', { type: 'button', class: 'main', onclick: back }, t('back'));
          place.replaceChildren(h('div', { class: 'notice' }, saved), on);
          saved.focus();
          panel.say(t('guestsSaved'));
        } catch (problem) {
          if (await isChanged(panel, a, problem)) return undefined;
          done();
          trouble.replaceChildren(panel.trouble(problem));
        }
        return undefined;
      },
    },
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'guests' }, t('guests')),
      input,
      h('p', { class: 'hint', id: 'guests-hint' }, t('guestsHint')),
      wrong,
    ),
    trouble,
    h('div', { class: 'actions' }, submit, h('button', { type: 'button', onclick: back }, t('back'))),
  );
  panel.show('guests', t('guestsTitle'), [place], panel.page.title);
  place.replaceChildren(form);
  input.focus();
}
