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

export const meetingKinds = Object.keys(meetingParts);

/*
 * Fields whose ids and names begin with `id` and `path`; change(meeting) is told of what they say. An error of the server's
 * is shown at the field that it names.
 */
export function meetingFields(house, { id, path, meeting, change }) {
  const { t } = house;
  const now = typeof meeting === 'object' && meeting ? { ...meeting } : { kind: meeting ?? 'none' };
  const more = h('div', { class: 'fields' });
  const tell = () => {
    const [plain, ...rest] = [now.kind, ...['url', 'label', 'number', 'address', 'instructions']];
    const said = rest.filter((name) => now[name]);
    change(
      said.length ? Object.fromEntries([['kind', plain], ...said.map((name) => [name, now[name]])]) : plain,
    );
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
    const hint = name === 'number' && h('p', { class: 'hint' }, t('numberHint'));
    const element = labelled(house, input.id, t(`meeting_${name}`), input, name !== 'url');
    element.append(...[hint].filter(Boolean));
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
    meetingKinds.map((one) =>
      h('option', { value: one, selected: one === now.kind }, t(one === 'none' ? 'noneMeeting' : one)),
    ),
  );
  draw();
  return [labelled(house, id, t('meeting'), kind), more];
}
