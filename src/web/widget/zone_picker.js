/* Finding a time zone by what people call where they are. */

import { h } from './dom.js';
import { cityOf, offsetLabel, zoneName } from './time.js';
import { countries, places } from './zone_places.js';

/* Letters that no mark can be taken off. */
const whole = { ł: 'l', ø: 'o', đ: 'd', ß: 'ss' };

const plain = (text) =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[łøđß]/g, (letter) => whole[letter])
    .replace(/[_/\-\u2212]/g, ' ');

/* Every zone with the names it may be asked for by: its city, its other places, its countries, its own long name. */
export function zoneIndex(locale, now, known) {
  const entries = new Map();
  const zones = new Set(['UTC', ...(Intl.supportedValuesOf?.('timeZone') ?? known)].map(zoneName));
  for (const zone of zones) {
    const long = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName: 'long' })
      .formatToParts(now)
      .find((part) => part.type === 'timeZoneName').value;
    entries.set(zone, {
      zone,
      about: `${long}, ${offsetLabel(now, zone)}`,
      city: plain(cityOf(zone)),
      places: plain(places[zone] ?? '')
        .split(', ')
        .filter(Boolean),
      countries: [],
      rest: plain(`${zone} ${long} ${offsetLabel(now, zone)}`),
    });
  }
  for (const language of new Set(['en', locale])) {
    const names = new Intl.DisplayNames([language], { type: 'region' });
    for (const line of countries.split(';')) {
      const [called, list] = line.split(':');
      const [code, ...others] = called.split('/');
      list.split(',').forEach((zone, rank) => {
        for (const name of [names.of(code), ...others])
          entries.get(zoneName(zone))?.countries.push({ name: plain(name), rank });
      });
    }
  }
  return [...entries.values()];
}

/* How well a zone answers what was typed; 0: not at all. A city or place that begins so comes before a country. */
function worth(entry, text) {
  const words = (name) => name === text || name.startsWith(text + ' ');
  if (entry.city === text || entry.places.includes(text)) return entry.city === text ? 100 : 95;
  const country = entry.countries.find(({ name }) => words(name) || name === text);
  if (country) return 90 - country.rank;
  if (entry.city.startsWith(text)) return 70;
  if (entry.places.some((name) => name.startsWith(text))) return 60;
  const begins = entry.countries.find(({ name }) => name.startsWith(text));
  if (begins) return 50 - begins.rank;
  const all = [entry.city, ...entry.places, ...entry.countries.map(({ name }) => name), entry.rest].join(' ');
  const found = text.split(' ').every((word) => all.split(/[\s,]+/).some((one) => one.startsWith(word)));
  return found ? 10 : 0;
}

/* The zones for what was typed, the best first. */
export function findZones(index, typed) {
  const text = plain(typed).trim().replace(/\s+/g, ' ');
  if (!text) return [];
  const rated = index.map((entry) => [worth(entry, text), entry]).filter(([value]) => value > 0);
  // What begins exactly so makes guesses by the long names needless.
  const best = Math.max(...rated.map(([value]) => value));
  return rated
    .filter(([value]) => value > 10 || best <= 10)
    .sort((a, b) => b[0] - a[0] || (a[1].zone < b[1].zone ? -1 : 1))
    .map(([, entry]) => entry);
}

/*
 * A combobox with a list (WAI-ARIA APG): type, go through with the arrows, choose with Enter. `choose` gets
 * the zone; Escape goes back to `opener`.
 */
export function zonePicker(panel, opener, choose) {
  const t = panel.t;
  const all = zoneIndex(panel.locale, panel.now(), [panel.zone]);
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
    const words = input.value.trim();
    found = findZones(all, words);
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
    mark(-1); // nothing is chosen that was not asked for
    count.textContent = !words
      ? t('zoneHint')
      : found.length
        ? t('zoneResults', { n: found.length })
        : t('noZone');
    if (words) panel.say(count.textContent);
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
      else if (event.key === 'ArrowUp' && size) mark((Math.max(active, 0) - 1 + size) % size);
      else if (event.key === 'Enter' && (active >= 0 || found.length === 1))
        choose(found[Math.max(active, 0)].zone);
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
