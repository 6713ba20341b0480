/* Sessions that clients share: how many seats a kind of session has, and who comes to one. */

import { fill, h } from '../widget/dom.js';
import { anyTimeForm, ifStands, labelled, mailto, movedTo, reasonField } from './dialogs.js';

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
        shown.hidden = !type.seats;
        change();
      },
    });
    input.value = type[name] ?? '';
    return input;
  };
  const [seats, least] = [field('seats', 100), field('min_seats', 100)];
  const left = h('input', {
    type: 'checkbox',
    id: `${id}-left`,
    name: `${path}.show_seats_left`,
    checked: type.show_seats_left !== false,
    onchange: () => {
      type.show_seats_left = left.checked ? undefined : false;
      change();
    },
  });
  const shown = h(
    'label',
    { class: 'tickable', for: left.id, hidden: !type.seats },
    left,
    h('span', null, t('showSeatsLeft')),
  );
  return [
    h(
      'div',
      { class: 'fields' },
      labelled(house, seats.id, t('seats'), seats, true),
      labelled(house, least.id, t('minSeats'), least, true),
    ),
    shown,
  ];
}

/*
 * Everybody in the session of this seat, and ways to move it or to call it off for all of them; done() when that is done.
 * open(seat), where there is one, shows somebody's booking.
 */
export async function groupPart(house, one, done, open) {
  const { t } = house;
  const path = `coach/${encodeURIComponent(house.coach)}/groups/${one.group_id}`;
  const group = await house.call('GET', path);
  const change = (what, request, reached) =>
    ifStands(house, { path, seen: group, name: t('session'), again: done, reached }, () =>
      house.call('PUT', `${path}/${what}`, request),
    );
  const comes = group.appointments.filter(({ status }) => !['cancelled', 'held', 'expired'].includes(status));
  return h(
    'section',
    { class: 'stack ruled' },
    h('h3', null, t('seatsTaken', { taken: group.seats_taken, seats: group.seats })),
    group.min_seats > 1 && h('p', { class: 'hint' }, t('minSeatsOf', { n: group.min_seats })),
    h(
      'ul',
      { class: 'lines' },
      comes.map((seat) => {
        const { name, email } = seat;
        const words = name ?? t('unnamed');
        const label = house.pair(t('details'), words);
        return h(
          'li',
          null,
          h(
            'div',
            { class: 'row' },
            h('span', null, words),
            email && h('a', { href: mailto(email) }, email),
            open &&
              h(
                'button',
                { type: 'button', class: 'plain', 'aria-label': label, onclick: () => open(seat) },
                t('details'),
              ),
          ),
        );
      }),
    ),
    group.status === 'scheduled' &&
      Date.parse(group.end) > house.now() && [
        h('details', null, h('summary', null, t('groupMove')), movePart(house, group, change, done)),
        h('details', null, h('summary', null, t('groupCancel')), cancelPart(house, change, done)),
      ],
  );
}

function movePart(house, group, change, done) {
  const { t } = house;
  const reason = reasonField(house, 'group-move-reason', t('groupReasonHint'));
  const form = anyTimeForm(
    house,
    Date.parse(group.start),
    (once, body) => change('reschedule', once({ ...body, reason: reason.given() }), movedTo(body.start)),
    async (moved) => {
      await done();
      house.say(t('groupMoved', { when: house.moment(Date.parse(moved.start)) }));
    },
  );
  form.prepend(reason.element);
  return form;
}

/* change(what, request, reached) makes the call, if the session stands as it is shown; else null. */
function cancelPart(house, change, done) {
  const { t } = house;
  const reason = reasonField(house, 'group-cancel-reason', t('groupReasonHint'));
  const trouble = h('div', null);
  const button = h('button', { type: 'button' }, t('groupCancelConfirm'));
  button.addEventListener('click', async () => {
    if (button.getAttribute('aria-disabled')) return;
    button.setAttribute('aria-disabled', 'true');
    try {
      const reached = ({ status }) => status === 'cancelled';
      if (!(await change('cancel', { body: { reason: reason.given() } }, reached))) return;
      await done();
      house.say(t('groupCancelled'));
    } catch (problem) {
      fill(trouble, house.trouble(problem));
    } finally {
      button.removeAttribute('aria-disabled');
    }
  });
  return h(
    'div',
    { class: 'stack' },
    h('p', { class: 'hint' }, t('groupCancelHint')),
    reason.element,
    trouble,
    h('div', { class: 'actions' }, button),
  );
}
