/* What people are told by mail, and when they are reminded: of every kind of session, and of one that says otherwise. */

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
  return /(^|\.)notices\.reminders\[\d+\]$/.test(path)
    ? body.querySelector(`[name="${path}.before_minutes"]`)
    : null;
}

/* Of every kind of session. */
export function remindersPart(house, draft) {
  const { t } = house;
  const said = () => draft.value.notices ?? {};
  const put = (name, value) => {
    draft.value.notices = { ...said(), [name]: value };
    draft.changed();
  };
  return [
    h('h3', null, t('reminders')),
    h('p', { class: 'hint' }, t('remindersHint')),
    listPart(house, draft, 'notices', said().reminders ?? usual, (list) => put('reminders', list)),
    quietPart(house, 'notices', said().quiet, (hours) => put('quiet', hours)),
    h(
      'details',
      { open: Boolean(said().client ?? said().coach) },
      h('summary', null, t('ways')),
      waysPart(house, 'notices', said, put),
    ),
  ];
}

/* Of one kind of session: each of three parts is that of all sessions until the type has its own, which begins as a copy. */
export function ownMessagesPart(house, draft, type, index) {
  const { t } = house;
  const path = `session_types[${index}].notices`;
  const own = () => type.notices ?? {};
  const put = (name, value) => {
    type.notices = { ...own(), [name]: value };
    draft.changed();
  };
  const otherwise = { reminders: usual, quiet: null, client: {}, coach: {} };
  const parts = [
    [
      'ownReminders',
      ['reminders'],
      () => listPart(house, draft, path, own().reminders, (list) => put('reminders', list)),
    ],
    ['ownQuiet', ['quiet'], () => quietPart(house, path, own().quiet, (hours) => put('quiet', hours))],
    ['ownWays', ['client', 'coach'], () => waysPart(house, path, own, put)],
  ].map(([word, names, draw]) => {
    const place = h('div', { class: 'stack' });
    const tick = h('input', {
      type: 'checkbox',
      id: `type-${index}-${word}`,
      checked: names.some((name) => own()[name] !== undefined),
      onchange: () => {
        const next = { ...own() };
        for (const name of names)
          if (tick.checked) next[name] = structuredClone(draft.value.notices?.[name] ?? otherwise[name]);
          else delete next[name];
        type.notices = Object.keys(next).length ? next : undefined;
        draft.changed();
        fill(place, tick.checked && draw());
      },
    });
    fill(place, tick.checked && draw());
    return [h('label', { class: 'tickable', for: tick.id }, tick, h('span', null, t(word))), place];
  });
  return h(
    'details',
    { open: Boolean(type.notices) },
    h('summary', null, t('ownMessages')),
    h('div', { class: 'stack' }, parts),
  );
}

const idOf = (path) => path.replace(/\W+/g, '-');

function listPart(house, draft, path, first, put) {
  const { t } = house;
  const place = h('div', { class: 'stack' });
  const draw = (now, focus) => {
    const list = structuredClone(now);
    const changed = () => put(list);
    const putAll = (next, shown) => {
      put(next);
      draw(next, shown);
    };
    fill(
      place,
      list.map((one, index) =>
        reminderRow(house, { ...draft, changed }, one, { path: `${path}.reminders[${index}]`, index }, () =>
          putAll(
            list.filter((other) => other !== one),
            'button.add',
          ),
        ),
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
              putAll(
                [...list, { before_minutes: before, to: ['client'] }],
                `[name="${path}.reminders[${list.length}].before_minutes"]`,
              );
            },
          },
          t('addReminder'),
        ),
    );
    if (focus) place.querySelector(focus)?.focus();
  };
  draw(first);
  return place;
}

function reminderRow(house, draft, one, { path, index }, remove) {
  const { t } = house;
  const choices = { client: ['client'], coach: ['coach'], both: ['client', 'coach'] };
  const now = one.to.length > 1 ? 'both' : one.to[0];
  const whom = h(
    'select',
    {
      id: `${idOf(path)}-to`,
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

function quietPart(house, path, quiet, put) {
  const { t } = house;
  const hours = { from: '22:00', to: '07:00', ...quiet };
  const field = (name) => {
    const input = h('input', {
      type: 'time',
      id: `${idOf(path)}-quiet-${name}`,
      name: `${path}.quiet.${name}`,
      value: hours[name],
      oninput: () => {
        hours[name] = input.value;
        put({ ...hours });
      },
    });
    return labelled(house, input.id, t(name), input);
  };
  const fields = h('div', { class: 'row', hidden: !quiet }, field('from'), field('to'));
  const on = h('input', {
    type: 'checkbox',
    id: `${idOf(path)}-quiet`,
    name: `${path}.quiet`,
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

/* How each of the two is told of each change. */
function waysPart(house, path, said, put) {
  const { t } = house;
  const choice = (who, change) => {
    const select = h(
      'select',
      {
        id: `${idOf(path)}-${who}-${change}`,
        name: `${path}.${who}.${change}`,
        onchange: () => put(who, { ...said()[who], [change]: select.value }),
      },
      ways.map((way) =>
        h('option', { value: way, selected: way === (said()[who]?.[change] ?? 'auto') }, t(`way_${way}`)),
      ),
    );
    return labelled(house, select.id, t(`told_${change}`), select);
  };
  return ['client', 'coach'].map((who) =>
    h(
      'fieldset',
      { class: 'stack ways' },
      h('legend', null, h('strong', null, t(`ways_${who}`))),
      h(
        'div',
        { class: 'fields' },
        ['confirmed', 'moved', 'cancelled'].map((change) => choice(who, change)),
      ),
    ),
  );
}
