/* The coaches to choose from, each with the address of their page. */

const node = (tag, properties, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter(Boolean));
  return made;
};

export function show(coaches, base) {
  return node(
    'ul',
    { className: 'coaches' },
    ...coaches.map((one) => {
      const name = one.name ?? one.id;
      const face = one.picture_version
        ? node('img', {
            alt: '',
            src: new URL(`coach/${encodeURIComponent(one.id)}/picture?v=${one.picture_version}`, base).href,
          })
        : node('span', {
            className: 'initials',
            ariaHidden: 'true',
            textContent: [...name][0].toUpperCase(),
          });
      return node(
        'li',
        {},
        node(
          'a',
          { href: new URL(`booking/${encodeURIComponent(one.slug)}${location.search}`, base).href },
          face,
          node(
            'span',
            {},
            node('strong', { textContent: name }),
            one.headline && node('small', { textContent: one.headline }),
          ),
        ),
      );
    }),
  );
}
