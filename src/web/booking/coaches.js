/*
 * The coaches to choose from, each with the address of their page. `any`: the words for the choice of nobody in
 * particular, where some session is offered by several. `tools`: h and initials of dom.js, and spoken(tags), which names
 * languages.
 */

import coaches_looks from './coaches_looks.css';

const sheet = new CSSStyleSheet();
sheet.replaceSync(coaches_looks);

export const show = ({ h, initials, spoken }, coaches, base, any) => {
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const address = (name) => new URL(`booking/${encodeURIComponent(name)}${location.search}`, base).href;
  return h(
    'ul',
    { class: 'coaches' },
    any && h('li', null, h('a', { href: address('any') }, h('strong', null, any))),
    coaches.map((one) => {
      const name = one.name ?? one.id;
      const face = one.picture_version
        ? h('img', {
            alt: '',
            src: new URL(`coach/${encodeURIComponent(one.id)}/picture?v=${one.picture_version}`, base).href,
          })
        : h('span', { class: 'initials', 'aria-hidden': 'true' }, initials(name));
      return h(
        'li',
        null,
        h(
          'a',
          { href: address(one.slug) },
          face,
          h(
            'span',
            null,
            h('strong', null, name),
            one.headline && h('small', null, one.headline),
            one.languages.length > 0 && h('small', null, spoken(one.languages)),
          ),
        ),
      );
    }),
  );
};
