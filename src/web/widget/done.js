/* Booked or moved: what there is, how to get there, until when it may be changed. */

import { fill, h } from './dom.js';
import { calendarLinks, linkMissing, meeting, rule } from './session.js';

/* When the meeting link is asked for again, in seconds after the last time: five minutes in all. */
const linkWaits = [1, 2, 3, 5, 8, 13, 20, 30, 60, 60, 100];

export function showDone(panel, appointment, word) {
  const t = panel.t;
  const place = h('div', { class: 'stack wide' });
  const render = (a) => {
    const start = Date.parse(a.start);
    const end = Date.parse(a.end);
    fill(
      place,
      h('div', { class: 'summary' }, panel.when(start, end, panel.answer?.coach_time_zone)),
      meeting(panel, a),
      a.calendar?.state === 'synced' &&
        a.email &&
        !a.calendar.detail &&
        h('p', null, t('invited', { email: a.email })),
      a.calendar?.detail && h('p', null, a.calendar.detail),
      calendarLinks(panel, a),
      h('p', { class: 'muted' }, rule(panel, a)),
      !panel.element.hasAttribute('move-only') &&
        h(
          'div',
          { class: 'row' },
          h(
            'button',
            { type: 'button', class: 'plain', onclick: () => panel.go('sessions') },
            t('mySessions'),
          ),
          h(
            'button',
            { type: 'button', class: 'plain', onclick: () => panel.go('pick', null, true) },
            t('another'),
          ),
        ),
    );
  };
  panel.moving = null;
  render(appointment);
  panel.show('done', t(word), [place], panel.page.title);
  panel.page.mine.hidden = true;
  panel.say(`${t(word)}: ${panel.moment(Date.parse(appointment.start))}`);
  if (linkMissing(appointment)) awaitLink(panel, appointment, render);
}

/* The calendar is slow: the link is asked for again until it is there, for some minutes. */
export async function awaitLink(panel, appointment, render) {
  const { signal } = panel.leave;
  for (const wait of linkWaits) {
    await new Promise((resolve) => {
      setTimeout(resolve, wait * 1000);
    });
    if (signal.aborted) return;
    const fresh = await panel.call('GET', `booking/${appointment.id}`, { quiet: true }).catch(() => null);
    if (signal.aborted) return;
    if (!fresh || linkMissing(fresh)) continue;
    render(fresh);
    if (fresh.meeting?.url) panel.say(panel.t('linkHere'));
    return;
  }
  const place = panel.page.view.querySelector('.link');
  if (place) place.textContent = panel.t('linkLater');
}
