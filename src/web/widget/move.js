/* Another time for a session. */

import { newKey } from './calls.js';
import { ifStands } from './changed.js';
import { takeCoach } from './coaches.js';
import { h } from './dom.js';
import { goneCodes } from './fresh.js';
import { certainty } from './session.js';
import { busy } from './busy.js';

/* A button that moves the session to `slot`, unless `certain` is still to be ticked; trouble is told in `wrongs`. */
function moveButton(panel, slot, text, wrongs, certain) {
  const { t, moving } = panel;
  const key = newKey();
  const button = h(
    'button',
    {
      type: 'button',
      class: 'main',
      onclick: async () => {
        if (certain && !certain.querySelector('input').reportValidity()) return;
        const done = busy(panel, button, t('moving'));
        if (!done) return;
        panel.form = { slot, values: {}, released: true };
        try {
          const body = {
            start: slot.start,
            duration_minutes: Math.round((slot.until - slot.at) / 60000),
            reason: panel.element.moveReason?.(), // on the coach's page
            coach: moving.coach === 'any' ? 'any' : undefined,
          };
          const moved = await ifStands(
            panel,
            moving,
            () => panel.call('PUT', `booking/${moving.id}/reschedule`, { key, body }),
            ({ status, start, end }) =>
              status === 'scheduled' && Date.parse(start) === slot.at && Date.parse(end) === slot.until,
          );
          if (!moved) return;
          await takeCoach(panel, moved);
          panel.tell('rescheduled', moved);
          panel.go('done', moved, 'moved');
        } catch (problem) {
          done();
          if (goneCodes.has(problem.code)) panel.go('fresh', problem);
          else wrongs.replaceChildren(panel.trouble(problem));
        }
      },
    },
    text,
  );
  return button;
}

const shared = new WeakMap(); // of a session that is moved: the types that several coaches give, asked once

function sharedTypes(panel) {
  const { moving } = panel;
  if (!shared.has(moving)) {
    const reply = panel.call('GET', 'booking/coaches', { quiet: true });
    shared.set(
      moving,
      reply.then(
        ({ shared_types: types }) => types ?? [],
        () => [],
      ),
    );
  }
  return shared.get(moving);
}

/* Which types other coaches may have times for, too; a seat and a date of a series stay with theirs. */
export async function findOthers(panel) {
  const { moving } = panel;
  const stays = moving.coach === 'any' || moving.group_id || moving.series_id;
  return stays || panel.element.hasAttribute('move-only') ? [] : sharedTypes(panel);
}

async function offerOthers(panel, place) {
  const { moving } = panel;
  const drawn = place.firstChild;
  const types = await findOthers(panel);
  if (!types.includes(moving.session_type) || place.firstChild !== drawn) return; // drawn anew meanwhile, it asks itself
  const others = () => panel.go('pick', { ...moving, coach: 'any' }, true);
  place.append(h('button', { type: 'button', class: 'plain small', onclick: others }, panel.t('anyCoach')));
}

/* The free time nearest to the present one, for one click; whoever comes by a mail's link is asked first. */
export function offerNearest(panel, place) {
  offerOthers(panel, place);
  const { t } = panel;
  const present = Date.parse(panel.moving.start);
  const [slot] = panel.slots
    .filter(({ at }) => at !== present)
    .sort((a, b) => Math.abs(a.at - present) - Math.abs(b.at - present));
  if (!slot || certainty(panel, 'certainMove')) return;
  const wrongs = h('div', { class: 'stack wide wrongs' });
  place.append(wrongs, moveButton(panel, slot, t('moveToNearest', { when: panel.moment(slot.at) }), wrongs));
}

export function showMove(panel, slot) {
  const t = panel.t;
  const a = panel.moving;
  const zone = panel.answer.coach_time_zone;
  const wrongs = h('div', { class: 'stack wide wrongs' });
  const certain = certainty(panel, 'certainMove');
  const submit = moveButton(panel, slot, t('moveConfirm'), wrongs, certain);
  panel.form = { slot, values: {}, released: true };
  const time = (label, start, end) =>
    h('ul', { class: 'facts' }, h('li', { class: 'small' }, label), panel.when(start, end, zone));
  panel.show(
    'move',
    t('moveTitle'),
    [
      h(
        'div',
        { class: 'stack wide middle' },
        wrongs,
        h(
          'div',
          { class: 'summary' },
          h(
            'div',
            { class: 'face' },
            panel.face(),
            h('div', null, h('h3', null, panel.typeOf(a.session_type)?.name ?? t('titleAlone'))),
          ),
          time(t('moveFrom'), Date.parse(a.start), Date.parse(a.end)),
          time(t('moveTo'), slot.at, slot.until),
        ),
        certain,
        h(
          'div',
          { class: 'actions' },
          submit,
          h('button', { type: 'button', onclick: () => panel.go('pick', a, true) }, t('changeTime')),
        ),
      ),
    ],
    panel.page.title,
  );
  panel.say(t('pair', { a: t('moveTo'), b: panel.moment(slot.at) }));
}
