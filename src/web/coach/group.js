/* Sessions that clients share: how many seats a kind of session has, and who comes to one. */

import { fill, h } from '../widget/dom.js';
import { labelled } from './dialogs.js';

/* What a session type says of its seats; `change` is told once something was typed. */
export function seatFields(house, { id, path, type, change }) {
  const { t } = house;
  const field = (name, most) => {
    const input = h('input', {
      id: `${id}-${name}`,
      name: `${path}.${name}`,
      type: 'number',
      min: name === 'seats' ? 2 : 1,
      max: most,
      inputmode: 'numeric',
      autocomplete: 'off',
      oninput: () => {
        type[name] = input.value === '' ? undefined : Number(input.value);
        change();
      },
    });
    input.value = type[name] ?? '';
    return input;
  };
  const [seats, least] = [field('seats', 100), field('min_seats', 100)];
  return h(
    'div',
    { class: 'fields' },
    labelled(house, seats.id, t('seats'), seats, true),
    labelled(house, least.id, t('minSeats'), least, true),
  );
}

/* Everybody in the session of this seat, and a way to call it off for all of them. */
export async function groupPart(house, one, done) {
  const { t } = house;
  const group = await house.coachCall('GET', `groups/${one.group_id}`);
  const trouble = h('div', null);
  const cancel = async () => {
    try {
      await house.coachCall('PUT', `groups/${one.group_id}/cancel`, { body: {} });
      house.say(t('groupCancelled'));
      done();
    } catch (problem) {
      fill(trouble, house.trouble(problem));
    }
  };
  return h(
    'section',
    { class: 'stack ruled' },
    h('h3', null, t('seatsTaken', { taken: group.seats_taken, seats: group.seats })),
    h(
      'ul',
      { class: 'lines' },
      group.appointments
        .filter(({ status }) => !['cancelled', 'held'].includes(status))
        .map(({ name, email }) => h('li', null, [name ?? t('unnamed'), email].filter(Boolean).join(' · '))),
    ),
    group.status === 'scheduled' &&
      h(
        'details',
        null,
        h('summary', null, t('groupCancel')),
        h('p', { class: 'hint' }, t('groupCancelHint')),
        h(
          'div',
          { class: 'actions' },
          h('button', { type: 'button', onclick: cancel }, t('groupCancelConfirm')),
        ),
      ),
    trouble,
  );
}
