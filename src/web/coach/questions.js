/* The questions that a session type asks its clients, as a list to edit. */

import { fill, h } from '../widget/dom.js';
import { labelled } from './dialogs.js';

const kinds = ['text', 'long', 'choice', 'multi', 'bool', 'url'];
const withOptions = ['choice', 'multi'];
/* Of which kinds an answer has a limit, and what it counts. */
export const limits = {
  text: 'maxCharacters',
  long: 'maxCharacters',
  url: 'maxCharacters',
  multi: 'maxChoices',
};

export function questionsPart(house, draft, type, path) {
  const { t } = house;
  const place = h('div', { class: 'stack' });
  const list = () => type.questions ?? [];
  const put = (questions) => {
    if (questions.length) type.questions = questions;
    else delete type.questions;
    draft.changed();
  };
  const draw = (focus) => {
    fill(
      place,
      list().map((question, index) =>
        questionForm(house, draft, question, {
          path: `${path}.questions[${index}]`,
          remove: () => {
            put(list().filter((other) => other !== question));
            draw('button.add');
          },
          up:
            index > 0 &&
            (() => {
              const next = [...list()];
              next.splice(index - 1, 2, question, next[index - 1]);
              put(next);
              draw(`[name="${path}.questions[${index - 1}].label"]`);
            }),
        }),
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'add',
          onclick: () => {
            const taken = new Set(list().map(({ id }) => id));
            let count = list().length + 1;
            while (taken.has(`q${count}`)) count += 1;
            put([...list(), { id: `q${count}`, label: '', kind: 'text' }]);
            draw(`[name="${path}.questions[${list().length - 1}].label"]`);
          },
        },
        t('addQuestion'),
      ),
    );
    if (focus) place.querySelector(focus).focus();
  };
  draw();
  return h(
    'details',
    { open: list().length > 0 },
    h('summary', null, t('questions')),
    h('p', { class: 'hint' }, t('questionsHint')),
    place,
  );
}

function questionForm(house, draft, question, { path, remove, up }) {
  const { t } = house;
  const id = path.replace(/\W+/g, '-');
  const label = h('input', {
    id: `${id}-label`,
    name: `${path}.label`,
    maxlength: 200,
    autocomplete: 'off',
    oninput: () => {
      question.label = label.value;
      draft.changed();
    },
  });
  label.value = question.label;
  const options = h('textarea', {
    id: `${id}-options`,
    name: `${path}.options`,
    oninput: () => {
      question.options = options.value
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean);
      draft.changed();
    },
  });
  options.value = (question.options ?? []).join('\n');
  const choices = labelled(house, options.id, t('options'), options);
  const max = h('input', {
    id: `${id}-max`,
    name: `${path}.max`,
    type: 'number',
    min: 1,
    inputmode: 'numeric',
    autocomplete: 'off',
    oninput: () => {
      question.max = max.value === '' ? undefined : Number(max.value);
      draft.changed();
    },
  });
  const limit = labelled(house, max.id, h('span', null), max, true);
  /* What is asked of this kind of answer. */
  const fit = () => {
    choices.hidden = !withOptions.includes(question.kind);
    limit.hidden = !(question.kind in limits);
    limit.querySelector('span').textContent = limit.hidden ? '' : t(limits[question.kind]);
    max.value = question.max ?? '';
  };
  fit();
  const kind = h(
    'select',
    {
      id: `${id}-kind`,
      name: `${path}.kind`,
      onchange: () => {
        question.kind = kind.value;
        delete question.max; // characters, or how many options: it means something else now
        if (withOptions.includes(question.kind)) question.options ??= [];
        else delete question.options;
        fit();
        draft.changed();
      },
    },
    kinds.map((one) => h('option', { value: one, selected: one === question.kind }, t(`question_${one}`))),
  );
  const needed = h('input', {
    type: 'checkbox',
    id: `${id}-needed`,
    checked: Boolean(question.required),
    onchange: () => {
      question.required = needed.checked;
      draft.changed();
    },
  });
  const later = h('input', {
    type: 'checkbox',
    id: `${id}-later`,
    name: `${path}.before`,
    checked: question.before === 'start',
    onchange: () => {
      question.before = later.checked ? 'start' : undefined;
      draft.changed();
    },
  });
  return h(
    'div',
    { class: 'question stack' },
    h(
      'div',
      { class: 'fields' },
      labelled(house, label.id, t('question'), label),
      labelled(house, kind.id, t('kindOfAnswer'), kind),
    ),
    choices,
    limit,
    h('label', { class: 'tickable', for: needed.id }, needed, h('span', null, t('mustAnswer'))),
    h('label', { class: 'tickable', for: later.id }, later, h('span', null, t('mayAnswerLater'))),
    h(
      'div',
      { class: 'actions' },
      up && h('button', { type: 'button', class: 'plain small', onclick: up }, t('moveUp')),
      h('button', { type: 'button', class: 'plain small', onclick: remove }, t('removeQuestion')),
    ),
  );
}
