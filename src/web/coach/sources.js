/*
 * Further calendars, read by the address of their feed or from a CalDAV account, which appointments may be written to as
 * well: seen with their state, read now, removed, added.
 */

import { fill, h } from '../widget/dom.js';
import { addressField, labelled, question } from './dialogs.js';

/* `changed` is called, and waited for, after each change of the calendars. */
export async function sourcesSection(house, changed) {
  const { t } = house;
  const view = { house, changed, list: h('div', { class: 'stack' }), notice: h('div', { class: 'stack' }) };
  const section = h(
    'section',
    { class: 'stack ruled' },
    h('h2', { tabindex: '-1' }, t('otherCalendars')),
    h('p', { class: 'hint' }, t('otherCalendarsHint')),
    view.notice,
    view.list,
    feedForm(view),
    accountForm(view),
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

/* Does something, shows the list as it then is, and says so, or that the calendar can't be read. */
async function act(view, words, then) {
  const { house, notice } = view;
  try {
    const one = await then();
    showSources(view, await house.coachCall('GET', 'calendars'));
    await view.changed();
    const unread = one?.state === 'failing';
    const text = unread ? house.t('notRead', one) : words;
    fill(notice, h('p', { class: unread ? 'notice alarm' : 'notice' }, text));
    house.say(text);
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
    one.write && t('isWritten'),
  ];
  const button = (word, onclick) =>
    h('button', { type: 'button', 'aria-label': house.pair(t(word), one.name), onclick }, t(word));
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

/* A form of such fields, sent by a button with that word; `body` makes of them what is sent, `first` must not be empty. */
function adding(view, { first, fields, body, word, more }) {
  return h(
    'form',
    {
      class: 'stack',
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        if (!first.value.trim()) return first.focus();
        const added = await act(view, view.house.t('calendarAdded'), () =>
          view.house.coachCall('POST', 'calendars', { body: body() }),
        );
        if (added) event.target.reset();
        return undefined;
      },
    },
    h('div', { class: 'fields' }, fields),
    more,
    h('div', { class: 'actions' }, h('button', null, word)),
  );
}

const namer = (id) => h('input', { id, maxlength: 100, autocomplete: 'off' });

function feedForm(view) {
  const { house } = view;
  const url = addressField('calendar-url', 'url', 'https://…/basic.ics');
  const name = namer('calendar-name');
  return adding(view, {
    first: url,
    fields: [
      labelled(house, url.id, house.t('feedAddress'), url),
      labelled(house, name.id, house.t('calendarName'), name, true),
    ],
    body: () => ({ kind: 'ical', url: url.value.trim(), name: name.value.trim() || undefined }),
    word: house.t('addCalendar'),
  });
}

function accountForm(view) {
  const { house } = view;
  const { t } = house;
  const url = addressField('account-url', 'text', 'icloud.com');
  const user = h('input', { id: 'account-user', required: true, maxlength: 300, autocomplete: 'off' });
  const password = h('input', {
    id: 'account-password',
    type: 'password',
    required: true,
    maxlength: 300,
    autocomplete: 'new-password',
  });
  const name = namer('account-name');
  const write = h('input', { type: 'checkbox', id: 'account-write' });
  return h(
    'div',
    { class: 'stack' },
    h('h3', null, t('accountTitle')),
    h('p', { class: 'hint' }, t('accountHint')),
    adding(view, {
      first: url,
      fields: [
        labelled(house, url.id, t('accountServer'), url),
        labelled(house, user.id, t('accountUser'), user),
        labelled(house, password.id, t('accountPassword'), password),
        labelled(house, name.id, t('accountName'), name, true),
      ],
      body: () => ({
        kind: 'caldav',
        url: url.value.trim(),
        user: user.value.trim() || undefined,
        password: password.value || undefined,
        name: name.value.trim() || undefined,
        write: write.checked,
      }),
      more: h('label', { class: 'tickable', for: write.id }, write, h('span', null, t('accountWrite'))),
      word: t('accountConnect'),
    }),
  );
}
