/* A long form in parts, of which one is open at a time: what is folded is a list of contents. */

import { h } from '../widget/dom.js';

/*
 * A part with its name, a line on what is in it, and its fields. What was open above and is folded now takes its height along,
 * so the part that is opened is kept in sight.
 */
export const part = (id, level, title, about, ...content) => {
  const summary = h('summary', null, h(level, null, title), h('span', { class: 'small muted' }, about));
  const element = h(
    'details',
    {
      class: 'part',
      name: 'part',
      id,
      ontoggle: () => element.open && summary.scrollIntoView({ block: 'nearest' }),
    },
    summary,
    h('div', { class: 'stack' }, content),
  );
  return element;
};

/* Brings what is folded away into sight: all that it lies in is opened. */
export function unfold(node) {
  for (let at = node?.closest('details'); at; at = at.parentElement.closest('details')) at.open = true;
}
