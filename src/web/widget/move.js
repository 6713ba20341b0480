/* Another time for a session. */

import { newKey } from './calls.js';
import { h } from './dom.js';
import { goneCodes } from './fresh.js';
import { certainty } from './session.js';
import { busy } from './busy.js';

export function showMove(panel, slot) {
  const t = panel.t;
  const a = panel.moving;
  const zone = panel.answer.coach_time_zone;
  const key = newKey();
  const wrongs = h('div', { class: 'stack wide wrongs' });
  const certain = certainty(panel, 'certainMove');
  const submit = h(
    'button',
    {
      type: 'button',
      class: 'main',
      onclick: async () => {
        if (certain && !certain.querySelector('input').reportValidity()) return;
        const done = busy(panel, submit, t('moving'));
        if (!done) return;
        try {
          const moved = await panel.call('PUT', `booking/${a.id}/reschedule`, {
            key,
            body: {
              start: slot.start,
              duration_minutes: Math.round((slot.until - slot.at) / 60000),
              reason: panel.element.moveReason?.(), // on the coach's page
            },
          });
          panel.tell('rescheduled', moved);
          panel.go('done', moved, 'moved');
        } catch (problem) {
          done();
          if (goneCodes.has(problem.code)) panel.go('fresh', problem);
          else wrongs.replaceChildren(panel.trouble(problem));
        }
      },
    },
    t('moveConfirm'),
  );
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
  panel.say(`${t('moveTo')}: ${panel.moment(slot.at)}`);
}
