import { h } from './dom.js';
import { cityOf, offsetLabel, zoneName } from './time.js';

/*
 * A combobox with a list (WAI-ARIA APG): type, go through with the arrows, choose with Enter. `choose` gets
 * the zone; Escape goes back to `opener`.
 */
export function zonePicker(panel, opener, choose) {
  const t = panel.t;
  const plain = (text) =>
    text
      .normalize('NFD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[_/\-\u2212]/g, ' ');
  const now = Date.now();
  const all = [
    ...new Set(['UTC', ...(Intl.supportedValuesOf?.('timeZone') ?? [panel.zone]).map(zoneName)]),
  ].map((zone) => {
    const long = new Intl.DateTimeFormat(panel.locale, { timeZone: zone, timeZoneName: 'long' })
      .formatToParts(now)
      .find((part) => part.type === 'timeZoneName').value;
    return {
      zone,
      about: `${long}, ${offsetLabel(now, zone)}`,
      sought: plain(`${zone} ${long} ${offsetLabel(now, zone)}`),
    };
  });
  let found = [];
  let active = -1;
  const list = h('ul', { role: 'listbox', id: 'zones', 'aria-label': t('findZone') });
  const count = h('p', { class: 'hint' });
  const mark = (index) => {
    active = index;
    [...list.children].forEach((item, at) => item.setAttribute('aria-selected', at === index));
    if (index >= 0) {
      input.setAttribute('aria-activedescendant', list.children[index].id);
      list.children[index].scrollIntoView({ block: 'nearest' });
    } else input.removeAttribute('aria-activedescendant');
  };
  const search = () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    found = words.length ? all.filter((entry) => words.every((word) => entry.sought.includes(word))) : [];
    const shown = found.slice(0, 60);
    list.replaceChildren(
      ...shown.map((entry, index) =>
        h(
          'li',
          {
            role: 'option',
            id: `zone-${index}`,
            'aria-selected': 'false',
            onclick: () => choose(entry.zone),
          },
          cityOf(entry.zone),
          h('small', null, entry.about),
        ),
      ),
    );
    list.hidden = !shown.length;
    input.setAttribute('aria-expanded', shown.length > 0);
    mark(shown.length ? 0 : -1);
    count.textContent = !words.length
      ? t('zoneHint')
      : found.length
        ? t('zoneResults', { n: found.length })
        : t('noZone');
    if (words.length) panel.say(count.textContent);
  };
  const input = h('input', {
    id: 'zone',
    role: 'combobox',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-controls': 'zones',
    'aria-expanded': 'false',
    'aria-autocomplete': 'list',
    oninput: search,
    onkeydown: (event) => {
      const size = list.children.length;
      if (event.key === 'ArrowDown' && size) mark((active + 1) % size);
      else if (event.key === 'ArrowUp' && size) mark((active - 1 + size) % size);
      else if (event.key === 'Enter' && active >= 0) choose(found[active].zone);
      else if (event.key === 'Escape') {
        opener.click();
        opener.focus();
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
  });
  search();
  return h('div', { class: 'zones' }, h('label', { for: 'zone' }, t('findZone')), input, list, count);
}
