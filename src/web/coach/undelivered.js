/* Mails that could not be delivered, each with a way to send it again. */

import { h } from '../widget/dom.js';
import { noticeLine, sendAgain } from './booking.js';

export async function undeliveredSection(house) {
  const { t } = house;
  const { notices } = await house.once('notices');
  if (!notices.length) return null;
  return h(
    'section',
    { class: 'stack ruled', id: 'undelivered' },
    h('h2', null, t('undelivered')),
    h('p', { class: 'hint' }, t('undeliveredHint')),
    h(
      'ul',
      { class: 'lines' },
      notices.map((one) => {
        const place = h('div', null);
        const who = `${house.nameOf(one)}, ${house.moment(Date.parse(one.start))}`;
        const again =
          ['confirmed', 'moved', 'meeting_changed', 'cancelled'].includes(one.kind) &&
          h(
            'button',
            {
              type: 'button',
              'aria-label': house.pair(t('sendAgain'), who),
              onclick: () => sendAgain(house, one.appointment_id, one.kind, one.recipient, place),
            },
            t('sendAgain'),
          );
        const line = noticeLine(house, one, [place, again]);
        line.prepend(h('strong', null, who));
        return line;
      }),
    ),
  );
}
