/*
 * Hours to the minute, typed: two time fields, what they mean, a way to remove them; and one to add more.
 *
 * A browser tells of a change after each part of a time that is typed. So the fields stay as they are while
 * they are changed, and only what hangs on them is drawn anew; else the typing would be cut off.
 */

import { h } from '../widget/dom.js';
import { clock, minutesOf } from './time.js';

/*
 * `day` names the day, `id` begins the fields' ids. change(stretch) is told of new times, remove() that they
 * are to go. An end of 00:00 is midnight, an end before the start is on the next day.
 */
export function hoursInputs(house, stretch, { day, id, change, remove }) {
  const { t } = house;
  const field = (part, minutes) =>
    h('input', {
      type: 'time',
      id: `${id}-${part}`,
      value: clock(minutes % 1440),
      'aria-label': `${day}, ${t(part)}`,
      onchange: () => read(),
    });
  const from = field('from', stretch.from);
  const to = field('to', stretch.to);
  const over = h('span', { class: 'small muted', hidden: stretch.to <= 1440 }, t('nextDay'));
  const read = () => {
    const start = minutesOf(from.value);
    const end = minutesOf(to.value);
    if (Number.isNaN(start) || Number.isNaN(end)) return;
    const next = { from: start, to: end <= start ? end + 1440 : end };
    over.hidden = next.to <= 1440;
    change(next);
  };
  return h(
    'div',
    { class: 'hours' },
    from,
    h('span', { 'aria-hidden': 'true' }, '–'),
    to,
    h(
      'button',
      {
        type: 'button',
        class: 'close',
        'aria-label': t('removeHours', {
          from: house.clock(stretch.from),
          to: house.clock(stretch.to % 1440),
          day,
        }),
        onclick: remove,
      },
      '\u00d7',
    ),
    over,
  );
}

/* A button that adds two hours after the last ones; add(stretch) takes them. */
export function addHours(house, stretches, { day, id, add }) {
  return h(
    'button',
    {
      type: 'button',
      class: 'plain small add',
      id,
      'aria-label': house.t('addHours', { day }),
      onclick: () => {
        const last = Math.max(0, ...stretches.map((one) => one.to));
        const from = last === 0 ? 540 : Math.min(last + 60, 1380);
        add({ from, to: Math.min(from + 120, 1440) });
      },
    },
    house.t('add'),
  );
}
