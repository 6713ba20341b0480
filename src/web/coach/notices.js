/*
 * What saving a schedule may have to say.
 */

import { h } from '../widget/dom.js';
import { dayLength } from '../widget/time.js';
import { appointmentsIn } from './appointments.js';
import { question } from './dialogs.js';
import { inHours } from './time.js';

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

/* All of a document that says when sessions may take place. */
const hoursOfAll = ({ time_zone: zone, weekly, overrides, blocked, session_types: types }) =>
  JSON.stringify([zone, weekly, overrides, blocked, types.map((one) => [one.id, one.weekly, one.overrides])]);

const typeOf = (schedule, { session_type: id }) => schedule.session_types.find((one) => one.id === id);

/*
 * Asks before hours are saved that would leave bookings outside them: by name, since the coach may have forgotten them.
 * False: the coach would rather not.
 */
export async function confirmsOutside(house, next) {
  const { t } = house;
  const former = await house.schedule();
  if (hoursOfAll(former) === hoursOfAll(next)) return true;
  const now = house.now();
  const ahead = await appointmentsIn(house, 'upcoming', now, now + 400 * dayLength, 2000);
  let outside;
  try {
    outside = ahead.filter((one) => {
      const [start, end] = [Date.parse(one.start), Date.parse(one.end)];
      const lies = (schedule) => inHours(schedule, start, end, typeOf(schedule, one));
      return one.status === 'scheduled' && lies(former) && !lies(next);
    });
  } catch {
    return true; // a zone that does not exist: the server names the field
  }
  if (!outside.length) return true;
  return new Promise((resolve) => {
    const dialog = question(
      t('outsideAsk', { n: outside.length }),
      [
        h(
          'ul',
          { class: 'lines' },
          outside.map((one) => h('li', null, `${house.moment(Date.parse(one.start))}, ${house.nameOf(one)}`)),
        ),
        h('p', null, t('outsideRule')),
      ],
      [[t('saveAnyway'), () => resolve(true)]],
      t('goBack'),
    );
    dialog.addEventListener('close', () => resolve(false)); // Escape too; what is resolved stays so
  });
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
