/*
 * A booking, or a series, that the coach makes for a client: one who has been here before, or a new one by name and address.
 */

import { fill, h } from '../widget/dom.js';
import { isoText } from '../widget/time.js';
import { knownClients } from './appointments.js';
import { keepTyped, labelled, modal, sender, whenFields } from './dialogs.js';

/* The next full hour that is at least an hour away. */
const soon = (house) => Math.ceil(house.now() / 3600000 + 1) * 3600000;

/* The client's fields: value() is what the call wants, null while something is missing, which then has the focus. */
function clientFields(house, known) {
  const { t } = house;
  const input = (id, type, properties) => h('input', { id: `for-${id}`, type, ...properties });
  const name = input('name', 'text', { maxlength: 200, autocomplete: 'off' });
  const email = input('email', 'email', {
    maxlength: 254,
    autocomplete: 'off',
    'aria-describedby': 'for-wrong',
  });
  const phone = input('phone', 'tel', { maxlength: 32, autocomplete: 'off' });
  const wrong = h('p', { class: 'wrong', id: 'for-wrong' });
  const fresh = h(
    'div',
    { class: 'fields' },
    labelled(house, name.id, t('nameField'), name, true),
    h('div', { class: 'field' }, h('label', { for: email.id }, t('email')), email, wrong),
    labelled(house, phone.id, t('phone'), phone, true),
  );
  const who = h(
    'select',
    {
      id: 'for-who',
      onchange: () => {
        fresh.hidden = who.value !== '';
      },
    },
    h('option', { value: '' }, t('newClient')),
    known.map((one) => h('option', { value: one.id }, [one.name, one.email].filter(Boolean).join(' – '))),
  );
  return {
    elements: [known.length > 0 && labelled(house, who.id, t('client'), who), fresh],
    first: known.length ? who : name,
    value() {
      if (who.value) return { user_id: who.value };
      const good = /^[^\s@]+@[^\s@]+$/.test(email.value.trim());
      wrong.textContent = good ? '' : t('needEmail');
      if (good) email.removeAttribute('aria-invalid');
      else {
        email.setAttribute('aria-invalid', 'true');
        house.say(t('needEmail'));
        email.focus();
        return null;
      }
      const text = (field) => field.value.trim() || undefined;
      return { name: text(name), email: email.value.trim(), phone: text(phone) };
    },
  };
}

/* How often: value() is what the call wants besides, null for once. */
function repeatFields(house) {
  const { t } = house;
  const count = h('input', {
    id: 'for-count',
    type: 'number',
    min: 2,
    max: 12,
    value: 6,
    inputmode: 'numeric',
  });
  const many = labelled(house, count.id, t('howManySessions'), count);
  many.hidden = true;
  const every = h(
    'select',
    {
      id: 'for-every',
      onchange: () => {
        many.hidden = every.value === '';
      },
    },
    [
      ['', 'once'],
      ['1', 'everyWeek'],
      ['2', 'everySecond'],
    ].map(([value, word]) => h('option', { value }, t(word))),
  );
  return {
    element: h('div', { class: 'fields' }, labelled(house, every.id, t('repeat'), every), many),
    value() {
      if (!every.value) return null;
      count.value = Math.max(2, Math.min(12, Math.round(Number(count.value)) || 2));
      return { every_weeks: Number(every.value), count: Number(count.value) };
    },
  };
}

/* `start`: an instant that was clicked, or none. done(appointment) is called when it is booked. */
export async function newBooking(house, start, done) {
  const { t } = house;
  const [schedule, known] = await Promise.all([house.schedule(), knownClients(house)]);
  const types = schedule.session_types;
  const when = whenFields(house, start ?? soon(house), 'for');
  const client = clientFields(house, known);
  const repeat = repeatFields(house);
  const length = h('select', { id: 'for-length' });
  const type = h(
    'select',
    { id: 'for-type', onchange: () => lengths() },
    types.map((one) => h('option', { value: one.id }, one.name)),
  );
  const lengths = () =>
    fill(
      length,
      types
        .find(({ id }) => id === type.value)
        .durations.map((n) => h('option', { value: n }, t('minutes', { n }))),
    );
  lengths();
  const notes = h('textarea', { id: 'for-notes', maxlength: 2000 });
  const tell = h('input', { type: 'checkbox', id: 'for-tell', checked: true });
  const trouble = h('div', null);
  const button = h('button', { class: 'main' }, t('bookIt'));
  let chosen = null; // the client of this try
  const go = sender(house, {
    button,
    trouble,
    anyway: t('bookAnyway'),
    send: (override, once, skip) => {
      const series = repeat.value();
      return house.coachCall(
        'POST',
        series ? 'series' : 'appointments',
        once({
          client: chosen,
          start: isoText(when.instant()),
          duration_minutes: Number(length.value),
          session_type: type.value,
          notes: notes.value.trim() || undefined,
          notify: tell.checked,
          ...series,
          ...(skip && { on_conflict: 'skip' }),
          ...(override.length && { override }),
        }),
      );
    },
    done: async (answer) => {
      const dates = answer.appointments ?? [answer];
      const [made] = dates;
      const told = {
        name: house.nameOf(made),
        when: house.moment(Date.parse(made.start)),
        n: dates.length,
      };
      dialog.close();
      await done(made);
      house.say(t(answer.appointments ? 'seriesBookedFor' : 'bookedFor', told));
    },
  });
  const form = h(
    'form',
    {
      class: 'stack',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        chosen = client.value();
        if (!chosen) return;
        if (when.instant() === null) when.focus();
        else go();
      },
    },
    client.elements,
    h(
      'div',
      { class: 'fields' },
      types.length > 1 && labelled(house, type.id, t('session'), type),
      labelled(house, length.id, t('length'), length),
    ),
    when.element,
    repeat.element,
    labelled(house, notes.id, t('notesFor'), notes, true),
    h('label', { class: 'tickable', for: tell.id }, tell, h('span', null, t('tellClient'))),
    trouble,
    h(
      'div',
      { class: 'actions' },
      button,
      h('button', { type: 'button', onclick: () => dialog.close() }, t('close')),
    ),
  );
  const dialog = modal(
    t('newBooking'),
    h('p', { class: 'hint' }, t('zoneLine', { zone: house.zoneText() })),
    form,
  );
  keepTyped(house, dialog);
  client.first.focus();
}

/* A button that opens it. */
export const newBookingButton = (house, done, start, main = true) =>
  h(
    'button',
    {
      type: 'button',
      class: main ? 'main' : null,
      onclick: (event) =>
        newBooking(house, start?.(), done).catch((problem) => event.target.after(house.trouble(problem))),
    },
    house.t('newBooking'),
  );
