/* A time zone as a field: its name, found by the city in what the browser knows. */

import { h } from '../widget/dom.js';
import { cityOf } from '../widget/time.js';
import { labelled } from './dialogs.js';

/* change(name) is told of each change; the server says whether there is such a zone. */
export function zoneField(house, { id, name, value, change }) {
  const zones = [...new Set(['UTC', ...(Intl.supportedValuesOf?.('timeZone') ?? [])])];
  const input = h('input', {
    id,
    name,
    list: `${id}-list`,
    value,
    autocomplete: 'off',
    spellcheck: 'false',
    oninput: () => change(input.value.trim()),
  });
  const field = labelled(house, id, house.t('zone'), input);
  field.append(
    h(
      'datalist',
      { id: `${id}-list` },
      zones.map((zone) => h('option', { value: zone }, cityOf(zone))),
    ),
  );
  return field;
}
