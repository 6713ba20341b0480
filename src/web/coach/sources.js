/*
 * Further calendars, read by the address of their feed: seen with their state, read now, removed, added.
 */

import { fill, h } from '../widget/dom.js';
import { labelled, question } from './dialogs.js';

export async function sourcesSection(house) {
  const { t } = house;
  const view = { house, list: h('div', { class: 'stack' }), notice: h('div', { class: 'stack' }) };
  const section = h(
    'section',
    { class: 'stack ruled' },
    h('h2', { tabindex: '-1' }, t('otherCalendars')),
    h('p', { class: 'hint' }, t('otherCalendarsHint')),
    view.notice,
    view.list,
    sourceForm(view),
  );
  view.heading = section.querySelector('h2');
  showSources(view, await house.once('calendars'));
  return section;
}

function showSources(view, { calendars }) {
  const { house, list } = view;
  fill(
    list,
    calendars.length
      ? h(
          'ul',
          { class: 'lines' },
          calendars.map((one) => sourceLine(view, one)),
        )
      : h('p', { class: 'muted' }, house.t('noCalendars')),
  );
}

/* Does something, shows the list as it then is, and says so. */
async function act(view, words, then) {
  const { house, notice } = view;
  try {
    await then();
    showSources(view, await house.coachCall('GET', 'calendars'));
    fill(notice, h('p', { class: 'notice' }, words));
    house.say(words);
    view.heading.focus();
    return true;
  } catch (problem) {
    fill(
      notice,
      house.trouble(problem, () => act(view, words, then)),
    );
    return false;
  }
}

function sourceLine(view, one) {
  const { house } = view;
  const { t } = house;
  const facts = [
    t(`source_${one.state}`),
    one.last_success_at && t('readAt', { time: house.moment(Date.parse(one.last_success_at)) }),
    t('eventsSeen', { n: one.events }),
    !one.blocks && t('doesNotBlock'),
  ];
  const button = (word, onclick) =>
    h('button', { type: 'button', 'aria-label': `${t(word)}: ${one.name}`, onclick }, t(word));
  return h(
    'li',
    null,
    h('strong', null, one.name),
    h('span', { class: one.state === 'failing' ? 'no' : 'muted' }, facts.filter(Boolean).join(' · ')),
    one.detail && h('p', null, one.detail),
    h(
      'div',
      { class: 'actions' },
      button('readNow', () =>
        act(view, t('readDone', { name: one.name }), () =>
          house.coachCall('POST', `calendars/${one.id}/refresh`),
        ),
      ),
      button('remove', () => sure(view, one)),
    ),
  );
}

function sure(view, one) {
  const { house } = view;
  const { t } = house;
  const remove = () =>
    act(view, t('calendarRemoved', { name: one.name }), () =>
      house.coachCall('DELETE', `calendars/${one.id}`),
    );
  question(
    t('removeCalendar', { name: one.name }),
    h('p', null, t('removeCalendarRule')),
    [[t('remove'), remove]],
    t('stay'),
  );
}

function sourceForm(view) {
  const { t } = view.house;
  const address = h('input', {
    id: 'calendar-url',
    type: 'url',
    required: true,
    maxlength: 2000,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'https://…/basic.ics',
  });
  const name = h('input', { id: 'calendar-name', maxlength: 100, autocomplete: 'off' });
  return h(
    'form',
    {
      class: 'stack',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        if (!address.value.trim()) return address.focus();
        const added = await act(view, t('calendarAdded'), () =>
          view.house.coachCall('POST', 'calendars', {
            body: { kind: 'ical', url: address.value.trim(), name: name.value.trim() || undefined },
          }),
        );
        if (added) event.target.reset();
        return undefined;
      },
    },
    h(
      'div',
      { class: 'fields' },
      labelled(view.house, address.id, t('feedAddress'), address),
      labelled(view.house, name.id, t('calendarName'), name, true),
    ),
    h('div', { class: 'actions' }, h('button', null, t('addCalendar'))),
  );
}
