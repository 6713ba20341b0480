/*
 * The policy, what people are told and the session types as a form in parts. What is allowed the server knows; its faults are
 * shown at their fields.
 */

import { fill, h } from '../widget/dom.js';
import { labelled } from './dialogs.js';
import { draftOf } from './draft.js';
import { meetingFields } from './meeting.js';
import { numberField } from './number.js';
import { part, unfold } from './part.js';
import { ownHoursFaultPlace, ownHoursPart } from './own_hours.js';
import { seatFields } from './group.js';
import { priceFields } from './price.js';
import { questionsPart } from './questions.js';
import { ownMessagesPart, reminderFaultPlace, remindersPart } from './reminders.js';
import { zoneField } from './zone_field.js';

/* The fields of a policy: unit, and whether empty means no limit. */
const fields = [
  ['min_notice_minutes', 'unitMinutes'],
  ['horizon_days', 'unitDays'],
  ['step_minutes', 'unitMinutes'],
  ['buffer_before_minutes', 'unitMinutes'],
  ['buffer_after_minutes', 'unitMinutes'],
  ['cancel_notice_minutes', 'unitMinutes'],
  ['reschedule_notice_minutes', 'unitMinutes'],
  ['max_active_per_user', 'unitCount', true],
  ['max_per_day', 'unitCount', true],
  ['max_reschedules', 'unitCount', true],
  ['max_total_per_user', 'unitCount', true],
];

export async function rulesView(house, heading) {
  const draft = draftOf(
    house,
    await house.schedule(),
    (current) => renderRules(house, current),
    (path, body) => ownHoursFaultPlace(body, draft.value, path) ?? reminderFaultPlace(body, path),
  );
  return [heading, draft.elements];
}

function renderRules(house, draft, focus) {
  const { t } = house;
  const { session_types: types } = draft.value;
  const open = draft.body.querySelector('.part[open]')?.id;
  fill(
    draft.body,
    part(
      'part-policy',
      'h2',
      t('policy'),
      t('policyAbout'),
      h(
        'div',
        { class: 'fields' },
        zoneField(house, {
          id: 'time_zone',
          name: 'time_zone',
          value: draft.value.time_zone,
          change: (zone) => {
            draft.value.time_zone = zone;
            draft.changed();
          },
        }),
        fields.map((field) => numberField(house, draft, draft.value.policy, field, 'policy')),
        lateField(house, draft, draft.value.policy, 'policy'),
      ),
      fallbackFields(house, draft),
    ),
    part('part-messages', 'h2', t('messages'), t('messagesAbout'), remindersPart(house, draft)),
    h(
      'section',
      { class: 'stack' },
      h('h2', null, t('types')),
      types.map((type, index) => typeForm(house, draft, type, index)),
      h('button', { type: 'button', id: 'add-type', onclick: () => addType(house, draft) }, t('addType')),
    ),
  );
  const shown = (focus ?? open) && draft.body.querySelector(`#${focus ?? open}`);
  unfold(shown);
  if (focus) shown.focus();
}

/* A session type that clients see once it is published. */
function addType(house, draft) {
  const { session_types: types } = draft.value;
  const taken = new Set(types.map((type) => type.id));
  let id = 'session';
  for (let count = 2; taken.has(id); count += 1) id = `session-${count}`;
  types.push({ id, name: house.t('newType'), durations: [30], meeting: 'google_meet', draft: true });
  draft.changed();
  renderRules(house, draft, `type-${types.length - 1}-name`);
}

/* Where a session takes place that should have been on Google Meet, when there is no link for it. */
function fallbackFields(house, draft) {
  return meetingFields(house, {
    id: 'fallback',
    path: 'fallback_meeting',
    meeting: draft.value.fallback_meeting,
    label: house.t('fallback'),
    kinds: { none: 'fallbackNone', phone: 'phone', in_person: 'in_person', link: 'link' },
    change: (next) => {
      draft.value.fallback_meeting = next === 'none' ? undefined : next;
      draft.changed();
    },
  });
}

/* What a late cancellation does: of the schedule, or, with the choice to leave it to that, of a type. */
function lateField(house, draft, policy, path, own) {
  const { t } = house;
  const id = `${path}.late_cancel`.replace(/[^\w]/g, '-');
  const options = [...(own ? [['', '']] : []), ['refuse', t('late_refuse')], ['keep', t('late_keep')]];
  const select = h(
    'select',
    {
      id,
      name: `${path}.late_cancel`,
      onchange: () => {
        if (select.value) policy.late_cancel = select.value;
        else delete policy.late_cancel;
        draft.changed();
      },
    },
    options.map(([value, text]) =>
      h('option', { value, selected: value === (policy.late_cancel ?? (own ? '' : 'refuse')) }, text),
    ),
  );
  return labelled(house, id, t('late_cancel'), select);
}

function typeForm(house, draft, type, index) {
  const { t } = house;
  const path = `session_types[${index}]`;
  const id = (name) => `type-${index}-${name}`;
  const text = (name, label, properties, read) => {
    const input = h('input', {
      id: id(name),
      name: `${path}.${name}`,
      autocomplete: 'off',
      ...properties,
      oninput: () => {
        read(input.value);
        draft.changed();
      },
    });
    return labelled(house, id(name), label, input);
  };
  const meeting = meetingFields(house, {
    id: id('meeting'),
    path: `${path}.meeting`,
    meeting: type.meeting,
    change: (next) => {
      type.meeting = next;
      draft.changed();
    },
  });
  const description = h('textarea', {
    id: id('description'),
    name: `${path}.description`,
    maxlength: 500,
    oninput: () => {
      type.description = description.value.trim() || undefined;
      draft.changed();
    },
  });
  description.value = type.description ?? '';
  const hidden = h('input', {
    type: 'checkbox',
    id: id('draft'),
    checked: Boolean(type.draft),
    onchange: () => {
      type.draft = hidden.checked || undefined;
      draft.changed();
    },
  });
  const approval = h('input', {
    type: 'checkbox',
    id: id('approval'),
    checked: Boolean(type.approval),
    onchange: () => {
      type.approval = approval.checked || undefined;
      draft.changed();
    },
  });
  const redirect = text(
    'redirect_url',
    t('redirect'),
    { type: 'url', value: type.redirect_url ?? '', maxlength: 2000, placeholder: 'https://' },
    (value) => {
      type.redirect_url = value.trim() || undefined;
    },
  );
  const own = { ...type.policy };
  const ownDraft = {
    ...draft,
    changed: () => {
      if (Object.keys(own).length) type.policy = own;
      else delete type.policy;
      draft.changed();
    },
  };
  return part(
    `part-type-${index}`,
    'h3',
    [type.name, ' ', type.draft && h('span', { class: 'badge warn' }, t('draft'))],
    t('minutes', { n: type.durations.join(', ') }),
    h(
      'div',
      { class: 'fields' },
      text('name', t('typeName'), { value: type.name, maxlength: 200 }, (value) => {
        type.name = value;
      }),
      text('id', t('typeId'), { value: type.id, maxlength: 64, spellcheck: 'false' }, (value) => {
        type.id = value.trim();
      }),
      text(
        'durations',
        t('durations'),
        { value: type.durations.join(', '), inputmode: 'numeric' },
        (value) => {
          // What is no number goes to the server as it is, which then names the fault.
          type.durations = value
            .split(/[\s,;]+/)
            .filter(Boolean)
            .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
        },
      ),
    ),
    meeting,
    priceFields(house, {
      id: id('price'),
      path: `${path}.price`,
      price: type.price,
      change: (next) => {
        type.price = next;
        draft.changed();
      },
    }),
    seatFields(house, { id: id('group'), path, type, change: () => draft.changed() }),
    labelled(house, description.id, t('description'), description, true),
    h('label', { class: 'tickable', for: hidden.id }, hidden, h('span', null, t('draftHint'))),
    h('label', { class: 'tickable', for: approval.id }, approval, h('span', null, t('approvalHint'))),
    ownHoursPart(house, draft, type, index),
    ownMessagesPart(house, draft, type, index),
    text(
      'weight',
      t('weight'),
      { type: 'number', min: 0, max: 100, inputmode: 'numeric', value: type.weight ?? 1 },
      (value) => {
        type.weight = value === '' ? undefined : Number(value);
      },
    ),
    questionsPart(house, draft, type, path),
    h(
      'details',
      { open: Boolean(type.redirect_url) },
      h('summary', null, t('afterBooking')),
      redirect,
      h('p', { class: 'hint' }, t('redirectHint')),
    ),
    h(
      'details',
      { open: Boolean(type.policy) },
      h('summary', null, t('ownRules')),
      h('p', { class: 'hint' }, t('ownHint')),
      h(
        'div',
        { class: 'fields' },
        fields.map((field) => numberField(house, ownDraft, own, field, `${path}.policy`, true)),
        lateField(house, ownDraft, own, `${path}.policy`, true),
      ),
    ),
    draft.value.session_types.length > 1 &&
      h(
        'button',
        {
          type: 'button',
          class: 'plain small',
          onclick: () => {
            draft.value.session_types.splice(index, 1);
            draft.changed();
            renderRules(house, draft, 'add-type');
          },
        },
        t('removeType', { name: type.name }),
      ),
  );
}
