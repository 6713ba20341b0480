/* Who waits for a time: in their order, with what would suit them. */

import { h } from '../widget/dom.js';
import { capital, formatRange } from '../widget/time.js';
import { typeName } from './appointments.js';
import { contactLines } from './booking.js';
import { minutesOf, weekdayName, weekdays } from './time.js';

function wishWords(house, { days, between: [from, to], from: first, to: last }) {
  const { t, locale } = house;
  const dayNames = days.map((day) => weekdayName(house, weekdays.indexOf(day), 'short'));
  const hours = `${house.clock(minutesOf(from))} – ${house.clock(to === '24:00' ? 0 : minutesOf(to))}`;
  const parts = [
    days.length === 7 ? t('anyDay') : dayNames.join(', '),
    (from !== '00:00' || to !== '24:00') && hours,
    formatRange(Math.max(Date.parse(first), house.now()), Date.parse(last) - 1, locale, {
      timeZone: house.zone,
      dateStyle: 'medium',
    }),
  ];
  return capital(parts.filter(Boolean).join(' · '), locale);
}

/* A section for each session type that somebody waits for. */
export async function waitingSections(house) {
  const [{ waitlist }, schedule] = await Promise.all([house.coachCall('GET', 'waitlist'), house.schedule()]);
  return [...new Set(waitlist.map((one) => one.session_type))].map((type) =>
    h(
      'section',
      null,
      h('h2', null, typeName(schedule, type)),
      waitlist.filter((one) => one.session_type === type).map((one) => waiter(house, one)),
    ),
  );
}

function waiter(house, one) {
  const { t } = house;
  return h(
    'article',
    null,
    h(
      'div',
      { class: 'when' },
      h('strong', null, one.position ? `${one.position}.` : t('waitOffered')),
      h('span', { class: 'small muted' }, t('minutes', { n: one.duration_minutes })),
    ),
    h(
      'div',
      { class: 'who' },
      h('h3', { tabindex: '-1' }, house.nameOf(one)),
      contactLines(one),
      h('p', { class: 'small' }, wishWords(house, one)),
      one.offer_expires_at &&
        h(
          'span',
          { class: 'badge' },
          t('waitOfferedUntil', { when: house.moment(Date.parse(one.offer_expires_at)) }),
        ),
    ),
  );
}
