/*
 * A schedule being edited: changes gather in a draft, a bar at the foot saves or discards them, and what the
 * server finds wrong is shown at the field it names. A field is found by its name, which is its path in the
 * document (`policy.step_minutes`, `weekly[0].to`).
 */

import { fill, h } from '../widget/dom.js';
import { unfold } from './part.js';
import { changedNotice, confirmsOutside, outsideNotice } from './notices.js';
import { limits } from './questions.js';

/* What a path of the document is called on the page: "policy.step_minutes" -> "Offer start times every". */
function labelOf(house, path, value) {
  const { t } = house;
  const [, index] = /^session_types\[(\d+)\]/.exec(path) ?? [];
  const [, question] = /\.questions\[(\d+)\]/.exec(path) ?? [];
  const type = index && (value.session_types[index]?.name || t('types'));
  const last = path
    .split('.')
    .at(-1)
    .replace(/\[\d+\]$/, '');
  const names = {
    time_zone: 'zone',
    name: 'typeName',
    id: 'typeId',
    durations: 'durations',
    meeting: 'meeting',
    fallback_meeting: 'fallback',
    notices: 'messages',
    reminders: 'reminders',
    quiet: 'quiet',
    weekly: 'weekly',
    overrides: 'dates',
    blocked: 'blockedTitle',
    from: 'from',
    to: 'to',
    description: 'description',
    amount: 'price',
    currency: 'currency',
    credits: 'priceCredits',
    seats: 'seats',
    min_seats: 'minSeats',
    redirect_url: 'redirect',
    url: 'meeting_url',
    number: 'meeting_number',
    address: 'meeting_address',
    instructions: 'meeting_instructions',
    label: path.includes('.questions[') ? 'question' : 'meeting_label',
    options: 'options',
    max: limits[value.session_types[index]?.questions?.[question]?.kind],
  };
  const section = names[path.split(/[.[]/)[0]];
  const own = /_(minutes|days|user|day|reschedules)$/.test(last) ? last : names[last];
  return [type ?? (section !== own && section && t(section)), own && t(own)].filter(Boolean).join(', ');
}

/* The server's sentence with the field's name in place of its path; in another language than its own, words of ours. */
function faultText(house, { field, detail }, value) {
  const { t } = house;
  const own = t.code('bad_value');
  if (!field || !(own || detail?.startsWith(field))) return detail;
  const words = own ?? detail.slice(field.length).trim();
  const label = labelOf(house, field, value);
  return label ? house.pair(label, words) : words;
}

/*
 * `render` draws the view from draft.value, a copy of the document to be changed at will; draft.changed()
 * after each change. `place` finds the element for a path that no field bears; it may answer null.
 */
export function draftOf(house, schedule, render, place = () => null) {
  const { t, coach } = house;
  const notices = h('div', { class: 'stack' });
  const save = h('button', { type: 'button', class: 'main', onclick: () => draft.save() }, t('save'));
  const bar = h(
    'div',
    { class: 'save-bar', hidden: true, role: 'region', 'aria-label': t('unsaved') },
    h('span', null, t('unsaved')),
    save,
    h('button', { type: 'button', onclick: () => draft.discard() }, t('discard')),
  );
  const body = h('div', { class: 'stack' });
  const draft = {
    value: structuredClone(schedule),
    body,
    elements: [notices, body, bar],
    changed() {
      if (bar.hidden) house.say(t('unsaved'));
      bar.hidden = false;
      house.dirty = { save: () => draft.save(), discard: (quiet) => draft.discard(quiet) };
    },
    discard(quiet) {
      house.dirty = null;
      if (!quiet) house.show(location.hash.slice(1));
    },
    /* Answers false if it could not be saved. */
    async save() {
      clear();
      save.setAttribute('aria-disabled', 'true');
      house.say(t('saving'));
      try {
        if (!(await confirmsOutside(house, draft.value))) return false;
        const outside = await house.save(draft.value, coach);
        if (coach !== house.coach) return true;
        house.dirty = null;
        bar.hidden = true;
        draft.value = structuredClone(await house.schedule());
        render(draft);
        const done = h('p', { tabindex: '-1' }, t('saved'));
        fill(notices, h('div', { class: 'notice' }, done), outsideNotice(house, outside));
        done.focus();
        house.say(t('saved'));
        return true;
      } catch (problem) {
        if (problem.status === 422) showFaults(problem);
        else if (problem.code === 'changed_meanwhile') {
          fill(
            notices,
            changedNotice(house, () => {
              house.dirty = null;
              house.show(location.hash.slice(1));
            }),
          );
          notices.querySelector('button').focus();
        } else
          fill(
            notices,
            house.trouble(problem, () => draft.save()),
          );
        return false;
      } finally {
        save.removeAttribute('aria-disabled');
      }
    },
  };

  const clear = () => {
    fill(notices);
    for (const wrong of body.querySelectorAll('.wrong')) wrong.remove();
    for (const input of body.querySelectorAll('[aria-invalid]')) {
      input.removeAttribute('aria-invalid');
      input.removeAttribute('aria-describedby');
    }
  };

  const showFaults = (problem) => {
    const faults = (problem.errors?.length ? problem.errors : [problem]).map((fault) => ({
      ...fault,
      detail: faultText(house, fault, draft.value),
    }));
    const lines = faults.map((fault, index) => {
      const named = (path) => [...body.querySelectorAll('[name]')].find((input) => input.name === path);
      // Of a list that is one field, such as `durations[1]`, the field is the list's.
      const field =
        named(fault.field) ?? place(fault.field, body) ?? named(fault.field?.replace(/\[\d+\]$/, ''));
      if (!field) return h('li', null, fault.detail);
      const wrong = h('p', { class: 'wrong', id: `fault-${index}` }, fault.detail);
      field.setAttribute('aria-invalid', 'true');
      field.setAttribute('aria-describedby', wrong.id);
      (field.closest('.field, .hours') ?? field).append(wrong);
      return h(
        'li',
        null,
        h(
          'a',
          {
            href: `#${field.id}`,
            onclick: (event) => {
              event.preventDefault();
              unfold(field);
              field.focus();
            },
          },
          fault.detail,
        ),
      );
    });
    const heading = h('h2', { tabindex: '-1' }, t('faults', { n: faults.length }));
    fill(notices, h('div', { class: 'notice alarm' }, heading, h('ul', null, lines)));
    heading.focus();
    house.say([heading.textContent, ...faults.map((fault) => fault.detail)].join(' '));
  };

  render(draft);
  return draft;
}
