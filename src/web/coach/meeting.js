/*
 * Where a session takes place, as fields. In the document it is the kind alone, or an object where more is said.
 */

import { fill, h } from '../widget/dom.js';
import { labelled } from './dialogs.js';

/* What each kind may say further: [name, what an input is like]. */
const meetingParts = {
  google_meet: [],
  link: [
    ['url', { type: 'url', maxlength: 2000, placeholder: 'https://', spellcheck: 'false' }],
    ['label', { maxlength: 100 }],
  ],
  phone: [['number', { type: 'tel', maxlength: 500 }]],
  in_person: [['address', { maxlength: 500 }]],
  none: [],
};

/* The kinds to choose from, and the word for each. */
const usualKinds = Object.fromEntries(
  Object.keys(meetingParts).map((kind) => [kind, kind === 'none' ? 'noneMeeting' : kind]),
);

/*
 * Fields whose ids and names begin with `id` and `path`; change(meeting) is told of what they say. An error of the server's
 * is shown at the field that it names.
 */
export function meetingFields(house, { id, path, meeting, change, kinds = usualKinds, label }) {
  const { t } = house;
  const now = typeof meeting === 'object' && meeting ? { ...meeting } : { kind: meeting ?? 'none' };
  const more = h('div', { class: 'fields' });
  const tell = () => {
    const { kind: plain, ...parts } = now;
    const said = Object.entries(parts).filter(([, value]) => value);
    change(said.length ? { kind: plain, ...Object.fromEntries(said) } : plain);
  };
  const field = ([name, properties]) => {
    const input = h(properties.area ? 'textarea' : 'input', {
      id: `${id}-${name}`,
      name: `${path}.${name}`,
      autocomplete: 'off',
      ...properties,
      oninput: () => {
        now[name] = input.value.trim() || undefined;
        tell();
      },
    });
    input.value = now[name] ?? '';
    const element = labelled(house, input.id, t(`meeting_${name}`), input, name !== 'url');
    if (name === 'number') element.append(h('p', { class: 'hint' }, t('numberHint')));
    return element;
  };
  const draw = () =>
    fill(
      more,
      meetingParts[now.kind]?.map(field),
      now.kind !== 'none' && field(['instructions', { area: true, maxlength: 1000 }]),
    );
  const kind = h(
    'select',
    {
      id,
      name: path,
      onchange: () => {
        const { instructions } = now;
        for (const name of Object.keys(now)) delete now[name];
        Object.assign(now, { kind: kind.value, ...(kind.value !== 'none' && { instructions }) });
        draw();
        tell();
      },
    },
    Object.entries(kinds).map(([one, word]) =>
      h('option', { value: one, selected: one === now.kind }, t(word)),
    ),
  );
  draw();
  return [labelled(house, id, label ?? t('meeting'), kind), more];
}
