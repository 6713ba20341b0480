/* What people are told by mail, and when they are reminded: for every kind of session, unless one says otherwise. */

import { fill, h } from '../widget/dom.js';
import { labelled } from './dialogs.js';
import { numberField } from './number.js';

/* What the server does where the schedule says nothing. */
const usual = [
  { before_minutes: 1440, to: ['client'] },
  { before_minutes: 60, to: ['client', 'coach'] },
];
const most = 10; // reminders
const ways = ['auto', 'email', 'calendar', 'off'];

/* Where a fault of the list as a whole is shown: at the reminder that it names. */
export function reminderFaultPlace(body, path) {
  return /^notices\.reminders\[\d+\]$/.test(path)
    ? body.querySelector(`[name="${path}.before_minutes"]`)
    : null;
}

export function remindersPart(house, draft) {
  const { t } = house;
  const said = () => draft.value.notices ?? {};
  const put = (name, value) => {
    draft.value.notices = { ...said(), [name]: value };
    draft.changed();
  };
  return h(
    'section',
    { class: 'stack' },
    h('h2', null, t('messages')),
    listPart(
      house,
      draft,
      () => said().reminders ?? usual,
      (list) => put('reminders', list),
    ),
    quietPart(house, said().quiet, (hours) => put('quiet', hours)),
    h(
      'details',
      { open: Boolean(said().client ?? said().coach) },
      h('summary', null, t('ways')),
      ['client', 'coach'].map((who) => waysPart(house, who, said()[who] ?? {}, (own) => put(who, own))),
    ),
  );
}

function listPart(house, draft, read, put) {
  const { t } = house;
  const place = h('div', { class: 'stack' });
  const draw = (focus) => {
    const list = structuredClone(read());
    const changed = () => put(list);
    fill(
      place,
      list.map((one, index) =>
        reminderRow(house, { ...draft, changed }, one, index, () => {
          put(list.filter((other) => other !== one));
          draw('button.add');
        }),
      ),
      list.length < most &&
        h(
          'button',
          {
            type: 'button',
            class: 'add',
            onclick: () => {
              let before = 120;
              while (list.some((one) => one.before_minutes === before)) before += 60;
              put([...list, { before_minutes: before, to: ['client'] }]);
              draw(`[name="notices.reminders[${list.length}].before_minutes"]`);
            },
          },
          t('addReminder'),
        ),
    );
    if (focus) place.querySelector(focus)?.focus();
  };
  draw();
  return [h('h3', null, t('reminders')), h('p', { class: 'hint' }, t('remindersHint')), place];
}

function reminderRow(house, draft, one, index, remove) {
  const { t } = house;
  const path = `notices.reminders[${index}]`;
  const choices = { client: ['client'], coach: ['coach'], both: ['client', 'coach'] };
  const now = one.to.length > 1 ? 'both' : one.to[0];
  const whom = h(
    'select',
    {
      id: `reminder-${index}-to`,
      name: `${path}.to`,
      onchange: () => {
        one.to = choices[whom.value];
        draft.changed();
      },
    },
    Object.keys(choices).map((name) =>
      h('option', { value: name, selected: name === now }, t(`remind_${name}`)),
    ),
  );
  return h(
    'fieldset',
    { class: 'question stack' },
    h('legend', { class: 'hidden' }, t('reminder', { n: index + 1 })),
    h(
      'div',
      { class: 'fields' },
      numberField(house, draft, one, ['before_minutes', 'unitMinutes'], path),
      labelled(house, whom.id, t('remindWhom'), whom),
    ),
    h(
      'div',
      { class: 'actions' },
      h(
        'button',
        { type: 'button', class: 'plain small', onclick: remove },
        t('removeReminder', { n: index + 1 }),
      ),
    ),
  );
}

function quietPart(house, quiet, put) {
  const { t } = house;
  const hours = { from: '22:00', to: '07:00', ...quiet };
  const field = (name) => {
    const input = h('input', {
      type: 'time',
      id: `quiet-${name}`,
      name: `notices.quiet.${name}`,
      value: hours[name],
      oninput: () => {
        hours[name] = input.value;
        put({ ...hours });
      },
    });
    return labelled(house, input.id, t(name), input);
  };
  const fields = h('div', { class: 'row when-fields', hidden: !quiet }, field('from'), field('to'));
  const on = h('input', {
    type: 'checkbox',
    id: 'quiet',
    name: 'notices.quiet',
    checked: Boolean(quiet),
    onchange: () => {
      fields.hidden = !on.checked;
      put(on.checked ? { ...hours } : null);
    },
  });
  return [
    h('label', { class: 'tickable', for: on.id }, on, h('span', null, t('quiet'))),
    fields,
    h('p', { class: 'hint' }, t('quietHint')),
  ];
}

/* How one of the two is told of each change. */
function waysPart(house, who, own, put) {
  const { t } = house;
  return h(
    'fieldset',
    { class: 'stack ways' },
    h('legend', null, h('strong', null, t(`ways_${who}`))),
    h(
      'div',
      { class: 'fields' },
      ['confirmed', 'moved', 'cancelled'].map((change) => {
        const select = h(
          'select',
          {
            id: `ways-${who}-${change}`,
            name: `notices.${who}.${change}`,
            onchange: () => {
              own[change] = select.value;
              put({ ...own });
            },
          },
          ways.map((way) =>
            h('option', { value: way, selected: way === (own[change] ?? 'auto') }, t(`way_${way}`)),
          ),
        );
        return labelled(house, select.id, t(`told_${change}`), select);
      }),
    ),
  );
}
