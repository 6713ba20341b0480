/*
 * The hours: the weekly ones and those of single dates, edited as one draft.
 */

import { fill, h } from '../widget/dom.js';
import { dayOf } from '../widget/time.js';
import { datesFaultPlace, renderDates } from './dates.js';
import { draftOf } from './draft.js';
import { weeklyLists } from './time.js';
import { renderWeekly, weeklyFaultPlace } from './weekly.js';

export async function hoursView(house, heading) {
  const view = {
    house,
    month: dayOf(house.now(), house.zone).slice(0, 7), // of the dates' grid
    whole: false, // all 24 hours in the week's grid
    exact: false, // the hours to the minute are open
    lists: [], // the weekly hours as seven lists of stretches
    weekly: h('section', { class: 'stack' }),
    dates: h('section', { class: 'stack' }),
  };
  const draft = draftOf(
    house,
    await house.schedule(),
    (current) => {
      view.lists = weeklyLists(current.value.weekly);
      fill(current.body, view.weekly, view.dates);
      renderWeekly(view, current);
      renderDates(view, current);
    },
    (path) =>
      weeklyFaultPlace(view.days, draft.value.weekly, view.lists, path) ?? datesFaultPlace(view.dates, path),
  );
  return [
    heading,
    h('p', { class: 'hint' }, house.t('zoneLine', { zone: house.zoneText() })),
    draft.elements,
  ];
}
