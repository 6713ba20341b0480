/*
 * The hours: the weekly ones and those of single dates, edited as one draft.
 */

import { dayOf, fill, h } from './widget.js?v=@VERSION@';
import { datesFaultPlace, renderDates } from './coach-dates.js?v=@VERSION@';
import { draftOf } from './coach-draft.js?v=@VERSION@';
import { weeklyLists } from './coach-time.js?v=@VERSION@';
import { renderWeekly, weeklyFaultPlace } from './coach-weekly.js?v=@VERSION@';

export async function hoursView(house, heading) {
  const view = {
    house,
    month: dayOf(Date.now(), house.zone).slice(0, 7), // of the dates' grid
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
    (path) => weeklyFaultPlace(view, draft, path) ?? datesFaultPlace(view, path),
  );
  return [
    heading,
    h('p', { class: 'hint' }, house.t('zoneLine', { zone: house.zoneText() })),
    draft.elements,
  ];
}
