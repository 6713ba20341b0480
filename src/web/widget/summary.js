/* Who, what, when, where: in sight on the whole way. `start` and `end` are instants. */

import { h } from './dom.js';

export function summary(panel, start, end, { coach, type = panel.typeOf(), more, meeting } = {}) {
  const name = panel.coachName(coach);
  const about = [name, panel.lasting(Math.round((end - start) / 60000))].filter(Boolean).join(' · ');
  return h(
    'div',
    { class: 'summary' },
    h(
      'div',
      { class: 'face' },
      panel.face(coach),
      h('div', null, h('h3', null, type?.name ?? panel.t('titleAlone')), h('p', { class: 'muted' }, about)),
    ),
    h(
      'ul',
      { class: 'facts' },
      panel.when(start, end, panel.of(coach)?.coach_time_zone),
      meeting ?? (type && panel.place(type.meeting)),
      type && panel.cost(type),
    ),
    more,
  );
}
