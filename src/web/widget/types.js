/* Where a coach offers several sessions: a card for each, to choose from. */

import { h, icon, meetingPlaces } from './dom.js';

export function showTypes(panel, focus) {
  const { t, answer } = panel;
  panel.asked += 1; // times that are on their way are no longer wanted
  const choose = (type) => {
    panel.type = type.id;
    panel.duration = null;
    panel.go('pick', null, true);
  };
  const name = panel.coachName();
  panel.show(
    'types',
    t('chooseType'),
    [
      h(
        'div',
        { class: 'stack wide' },
        name &&
          h(
            'div',
            { class: 'who' },
            h(
              'div',
              { class: 'face' },
              panel.face(),
              h(
                'div',
                null,
                h('h3', null, name),
                answer.profile?.headline && h('p', { class: 'muted' }, answer.profile.headline),
              ),
            ),
            answer.profile?.about && h('p', { class: 'about middle' }, answer.profile.about),
            panel.speech() && h('ul', { class: 'facts' }, panel.speech()),
          ),
        h(
          'ul',
          { class: 'cards wide' },
          answer.session_types.map((type) => {
            const [drawing, word] = meetingPlaces[type.meeting] ?? [];
            return h(
              'li',
              null,
              h(
                'button',
                { type: 'button', 'data-type': type.id, onclick: () => choose(type) },
                h('strong', null, type.name),
                type.description && h('span', { class: 'muted' }, type.description),
                h(
                  'span',
                  { class: 'row small muted' },
                  h('span', { class: 'row' }, icon('clock'), panel.lengths(type.durations)),
                  drawing && h('span', { class: 'row' }, icon(drawing), t(word)),
                  type.seats && h('span', { class: 'row' }, icon('people'), t('seats', { n: type.seats })),
                  panel.price(type.price) && h('strong', null, panel.price(type.price)),
                ),
              ),
            );
          }),
        ),
      ),
    ],
    focus && panel.page.title,
  );
  panel.say(t('chooseType'));
}
