/*
 * What a session type asks its clients: fields of the form, and a view of their own to answer later. A field's name is
 * `answer-` and the question's place, since ids are the coach's.
 */

import { newKey } from './calls.js';
import { isChanged } from './changed.js';
import { h } from './dom.js';
import { busy } from './busy.js';
import { sessionsButton, toSessions } from './session.js';

const nameOf = (index) => `answer-${index}`;

/* A question by its place for the server's name of it: answers.goal -> answer-0. */
export function questionField(questions, field) {
  const index = (questions ?? []).findIndex(({ id }) => field === `answers.${id}`);
  return index < 0 ? null : nameOf(index);
}

const isNeeded = (question) => question.required && question.before !== 'start';

/* Whether nothing was answered. */
const isBlank = (value) => value === undefined || value === null || value === '' || value.length === 0;

/* What is sent: answers that were given, to these questions. Undefined where nothing is asked. */
export const answersGiven = (questions, values) =>
  questions &&
  Object.fromEntries(questions.map(({ id }) => [id, values?.[id]]).filter(([, value]) => !isBlank(value)));

/* The faults of the fields, as [name, words]; `all`: those that may be answered later as well. */
export const questionFaults = (panel, questions, values, all) =>
  (questions ?? [])
    .map((question, index) => [question, nameOf(index)])
    .filter(([question]) => (all ? question.required : isNeeded(question)) && isBlank(values?.[question.id]))
    .map(([question, name]) => [name, panel.t('needAnswer', { question: question.label })]);

/* One field; changed(value) is told of each answer. */
function questionInput(panel, question, index, value, changed) {
  const name = nameOf(index);
  const about = { 'aria-describedby': `${name}-wrong` };
  const text = (tag, type, max) => {
    const input = h(tag, { id: name, name, type, maxlength: question.max ?? max, ...about });
    input.value = value ?? '';
    input.addEventListener('input', () => changed(input.value));
    return input;
  };
  const picked = new Set(Array.isArray(value) ? value : []);
  const boxes = (type, options, is, change) =>
    h(
      'div',
      { class: 'ticks' },
      options.map(([key, word], at) =>
        h(
          'label',
          { class: 'tickable' },
          h('input', {
            type,
            name,
            id: at ? null : name,
            value: key,
            checked: is(key),
            onchange: (event) => change(key, event.target.checked),
            ...about,
          }),
          h('span', null, word),
        ),
      ),
    );
  const plain = (question.options ?? []).map((one) => [one, one]);
  const kinds = {
    text: () => text('input', 'text', 500),
    url: () => text('input', 'url', 500),
    long: () => text('textarea', null, 2000),
    choice: () => boxes('radio', plain, (key) => key === value, changed),
    multi: () =>
      boxes(
        'checkbox',
        plain,
        (key) => picked.has(key),
        (key, on) => {
          picked[on ? 'add' : 'delete'](key);
          changed([...picked]);
        },
      ),
    bool: () =>
      boxes(
        'radio',
        [
          ['yes', panel.t('yes')],
          ['no', panel.t('no')],
        ],
        (key) => value === (key === 'yes'),
        (key) => changed(key === 'yes'),
      ),
  };
  return (kinds[question.kind] ?? kinds.text)();
}

/* The fields of a type's questions. `values` has the answers by id and is kept up to date. */
export function questionFields(panel, questions, values, changed = () => {}) {
  return (questions ?? []).map((question, index) => {
    const group = ['choice', 'multi', 'bool'].includes(question.kind);
    const words = [
      question.label,
      !isNeeded(question) && h('span', { class: 'muted small' }, ` (${panel.t('optional')})`),
    ];
    return h(
      group ? 'fieldset' : 'div',
      { class: 'field' },
      group ? h('legend', null, words) : h('label', { for: nameOf(index) }, words),
      questionInput(panel, question, index, values[question.id], (value) => {
        values[question.id] = value;
        changed();
      }),
      h('p', { class: 'wrong', id: `${nameOf(index)}-wrong` }),
    );
  });
}

/* The answers of a session that is booked, to be given or changed until it starts. */
export async function showAnswers(panel, a) {
  const { t } = panel;
  const questions = panel.typeOf(a.session_type, a.coach)?.questions ?? [];
  const place = h(
    'div',
    { class: 'stack wide middle' },
    h('div', { class: 'bone wide', 'aria-hidden': 'true' }),
  );
  panel.show('answers', t('answersTitle'), [place], panel.page.title);
  const back = () => toSessions(panel);
  try {
    const values = { ...(await panel.call('GET', `booking/${a.id}`)).answers };
    if (panel.view !== 'answers') return;
    const trouble = h('div', { class: 'wide' });
    const submit = h('button', { type: 'submit', class: 'main' }, t('saveAnswers'));
    const form = h(
      'form',
      {
        class: 'wide',
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          const faults = questionFaults(panel, questions, values, true);
          for (const [index] of questions.entries())
            form.querySelector(`#${nameOf(index)}-wrong`).textContent =
              faults.find(([name]) => name === nameOf(index))?.[1] ?? '';
          if (faults.length) {
            panel.say(faults.map(([, words]) => words).join(' '));
            return form.querySelector(`#${faults[0][0]}`).focus();
          }
          const done = busy(panel, submit, t('saving'));
          if (!done) return undefined;
          try {
            const body = { answers: answersGiven(questions, values) };
            await panel.call('PUT', `booking/${a.id}/answers`, { body, key: newKey() });
            const saved = h('p', { tabindex: '-1' }, t('answersSaved'));
            place.replaceChildren(h('div', { class: 'notice' }, saved), sessionsButton(panel, 'main'));
            saved.focus();
            panel.say(t('answersSaved'));
          } catch (problem) {
            if (await isChanged(panel, a, problem)) return undefined;
            done();
            trouble.replaceChildren(panel.trouble(problem));
          }
          return undefined;
        },
      },
      questionFields(panel, questions, values),
      trouble,
      h('div', { class: 'actions' }, submit, h('button', { type: 'button', onclick: back }, t('back'))),
    );
    place.replaceChildren(form);
  } catch (problem) {
    place.replaceChildren(panel.trouble(problem, () => showAnswers(panel, a)));
  }
}
