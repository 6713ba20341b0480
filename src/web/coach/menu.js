/*
 * The menu of a telephone: a button that says which view is shown and opens the list of all. Where there is room the style
 * sheet shows the list, and no button.
 */

import { h } from '../widget/dom.js';

/*
 * The button and `list`, which it opens, as one element. name(word) says which view is shown, leave(event) that something was
 * pressed that may lie elsewhere.
 */
export function viewsMenu(house, list) {
  const present = h('span', null);
  const open = (yes) => button.setAttribute('aria-expanded', String(yes));
  const button = h(
    'button',
    {
      type: 'button',
      class: 'menu',
      'aria-expanded': 'false',
      'aria-controls': list.id,
      onclick: () => open(button.getAttribute('aria-expanded') === 'false'),
    },
    h('span', { class: 'bars', 'aria-hidden': 'true' }),
    h('span', { class: 'hidden' }, `${house.t('views')}, `),
    present,
  );
  const element = h(
    'div',
    {
      class: 'menu-place',
      onkeydown: (event) => {
        if (event.key !== 'Escape' || button.getAttribute('aria-expanded') === 'false') return;
        open(false);
        button.focus();
      },
      onfocusout: ({ relatedTarget }) => relatedTarget && !element.contains(relatedTarget) && open(false),
      onclick: ({ target }) => target.closest('a') && open(false),
    },
    button,
    list,
  );
  return {
    element,
    leave: ({ target }) => element.contains(target) || open(false),
    name(word) {
      present.textContent = word;
    },
  };
}
