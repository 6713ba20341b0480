/*
 * What saving a schedule may have to say.
 */

import { h } from '../widget/dom.js';

/* Appointments that now lie outside the hours; null if there are none. */
export function outsideNotice(house, outside) {
  return outside.length
    ? h(
        'div',
        { class: 'notice' },
        h('p', null, house.t('outside', { n: outside.length })),
        h(
          'ul',
          null,
          outside.map((one) => h('li', null, `${house.moment(Date.parse(one.start))} ${one.name ?? ''}`)),
        ),
      )
    : null;
}

/* Somebody else has saved meanwhile; reload() shows what they did. */
export function changedNotice(house, reload) {
  house.say(house.t('changed'));
  return h(
    'div',
    { class: 'notice alarm' },
    h('p', null, house.t('changed')),
    h(
      'button',
      {
        type: 'button',
        onclick: () => {
          house.forget();
          reload();
        },
      },
      house.t('reload'),
    ),
  );
}
