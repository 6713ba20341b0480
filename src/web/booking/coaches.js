/* The coaches to choose from, each with the address of their page. `h` is the widget's, which makes elements. */

export const show = (h, coaches, base) =>
  h(
    'ul',
    { class: 'coaches' },
    coaches.map((one) => {
      const name = one.name ?? one.id;
      const face = one.picture_version
        ? h('img', {
            alt: '',
            src: new URL(`coach/${encodeURIComponent(one.id)}/picture?v=${one.picture_version}`, base).href,
          })
        : h('span', { class: 'initials', 'aria-hidden': 'true' }, [...name][0].toUpperCase());
      return h(
        'li',
        null,
        h(
          'a',
          { href: new URL(`booking/${encodeURIComponent(one.slug)}${location.search}`, base).href },
          face,
          h('span', null, h('strong', null, name), one.headline && h('small', null, one.headline)),
        ),
      );
    }),
  );
