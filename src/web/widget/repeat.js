/*
 * A session that is booked every week or every second one: which dates that makes, and which of them are free. The
 * dates are the server's, in the coach's wall clock.
 */

import { explain } from './calls.js';
import { fill, h } from './dom.js';
import { slotBody } from './hold.js';

/* How many in a row a type allows: fewer than two is no series. */
const mostInRow = (type) => Math.min(12, type?.max_active_per_user ?? 12);

/*
 * Asks how often; form.series is {every_weeks, count, free} or null, `free` how many dates can be booked. released() has
 * given the held time back, so that it is free for its own series; changed() is told of each answer.
 */
export function repeatPart(panel, { released, changed }) {
  const { t } = panel;
  const { form } = panel;
  const most = mostInRow(panel.typeOf());
  if (most < 2) return null;
  const list = h('div', { class: 'stack wide', 'aria-live': 'off' });
  const every = h(
    'select',
    { id: 'every', onchange: () => ask() },
    [
      ['', 'once'],
      ['1', 'everyWeek'],
      ['2', 'everySecond'],
    ].map(([value, word]) => h('option', { value }, t(word))),
  );
  const count = h('input', {
    id: 'count',
    type: 'number',
    min: 2,
    max: most,
    value: Math.min(4, most),
    inputmode: 'numeric',
    onchange: () => ask(),
  });
  const many = h('div', { class: 'field', hidden: true }, h('label', { for: 'count' }, t('howMany')), count);
  let asked = 0;
  const ask = async () => {
    const mine = ++asked;
    form.series = null;
    many.hidden = every.value === '';
    fill(list);
    changed();
    if (!every.value) return;
    count.value = Math.max(2, Math.min(most, Math.round(Number(count.value)) || 2));
    fill(list, h('div', { class: 'bone wide', 'aria-hidden': 'true' }));
    try {
      await released();
      const { start, duration_minutes: duration, session_type: type, coach } = slotBody(panel, form.slot);
      const query = new URLSearchParams({
        start,
        duration,
        session_type: type,
        coach,
        every_weeks: every.value,
        count: count.value,
      });
      const { occurrences } = await panel.call('GET', `booking/series/preview?${query}`);
      if (mine !== asked || panel.form !== form) return;
      const free = occurrences.filter(({ bookable }) => bookable).length;
      form.series = { every_weeks: Number(every.value), count: Number(count.value), free };
      fill(
        list,
        free === 0 && h('p', null, t('noneFree')),
        h(
          'ul',
          { class: 'dates' },
          occurrences.map((one) =>
            h(
              'li',
              { class: one.bookable ? null : 'muted' },
              panel.moment(Date.parse(one.start)),
              !one.bookable &&
                h(
                  'span',
                  { class: 'small' },
                  ` – ${one.reasons.map(({ rule, detail }) => t.code(rule) ?? detail).join(' ')}`,
                ),
            ),
          ),
        ),
      );
      changed();
      panel.say(free === 0 ? t('noneFree') : t('seriesFree', { n: free, all: occurrences.length }));
    } catch (problem) {
      if (mine === asked) fill(list, h('p', { class: 'wrong' }, explain(problem, t)));
    }
  };
  return h(
    'div',
    { class: 'stack wide' },
    h(
      'div',
      { class: 'row' },
      h('div', { class: 'field' }, h('label', { for: 'every' }, t('repeat')), every),
      many,
    ),
    list,
  );
}
