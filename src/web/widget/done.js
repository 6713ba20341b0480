/* Booked or moved: what there is, how to get there, until when it may be changed. */

import { fill, h, icon, webAddress } from './dom.js';
import { memory } from './memory.js';
import {
  bookedType,
  calendarLinks,
  calendarText,
  decision,
  guestsText,
  linkMissing,
  meeting,
  rule,
  sessionsButton,
} from './session.js';
import { summary } from './summary.js';

/* When the meeting link is asked for again, in seconds after the last time: five minutes in all. */
const linkWaits = [1, 2, 3, 5, 8, 13, 20, 30, 60, 60, 100];

export function showDone(panel, appointment, word) {
  const { t } = panel;
  const coach = panel.coachName(appointment.coach);
  const asked = appointment.status === 'requested'; // the coach has to approve it
  const title =
    word !== 'booked' ? t(word) : asked ? t('requested') : coach ? t('bookedWith', { coach }) : t(word);
  const place = h('div', { class: 'stack wide middle' });
  const again = () => panel.go('pick', null, true);
  const managed = panel.element.hasAttribute('manage'); // that link is for this session alone
  const render = (a) =>
    fill(
      place,
      h('div', { class: 'tick', 'aria-hidden': 'true' }, icon('tick')),
      a.calendar?.state === 'synced' &&
        a.email &&
        !a.calendar.detail &&
        h('p', { class: 'muted' }, t('invited', { email: a.email })),
      asked && h('p', { class: 'muted' }, decision(panel, a)),
      calendarText(t, a) && h('p', null, calendarText(t, a)),
      summary(panel, Date.parse(a.start), Date.parse(a.end), {
        coach: a.coach,
        type: bookedType(panel, a),
        meeting: meeting(panel, a),
      }),
      a.others?.length > 0 &&
        h(
          'div',
          { class: 'stack wide' },
          h('p', null, t('othersBooked', { n: a.others.length })),
          h(
            'ul',
            { class: 'dates' },
            a.others.map((other) => h('li', null, panel.moment(Date.parse(other.start)))),
          ),
        ),
      a.guests?.length > 0 && h('p', { class: 'small' }, guestsText(panel, a)),
      !asked && calendarLinks(panel, a),
      !asked && h('p', { class: 'muted small' }, rule(panel, a)),
      !panel.element.hasAttribute('move-only') &&
        h(
          'div',
          { class: 'row' },
          sessionsButton(panel, 'plain'),
          !managed && h('button', { type: 'button', class: 'plain', onclick: again }, t('another')),
        ),
    );
  panel.moving = null;
  memory.forgetDraft();
  render(appointment);
  panel.show('done', title, [place], panel.page.title);
  panel.page.mine.hidden = true;
  panel.say(t('pair', { a: title, b: panel.moment(Date.parse(appointment.start)) }));
  if (linkMissing(appointment)) awaitLink(panel, appointment, render);
  if (word === 'booked') leadOn(panel, appointment);
}

/*
 * Where the coach wants clients to go once they have booked. Our own page, where another site has it in a frame, leads the
 * page around on, if the browser lets it.
 */
function leadOn(panel, appointment) {
  const next = webAddress(panel.typeOf(appointment.session_type, appointment.coach)?.redirect_url);
  if (!next) return;
  const address = new URL(next);
  address.searchParams.set('booking', appointment.id);
  try {
    (panel.element.hasAttribute('steps') ? window.top : window).location.href = address.href;
  } catch {
    location.assign(address);
  }
}

/* The calendar is slow: the link is asked for again until it is there, for some minutes. */
async function awaitLink(panel, appointment, render) {
  const { signal } = panel.leave;
  for (const wait of linkWaits) {
    await new Promise((resolve) => {
      setTimeout(resolve, wait * 1000);
    });
    if (signal.aborted) return;
    const fresh = await panel.call('GET', `booking/${appointment.id}`, { quiet: true }).catch(() => null);
    if (signal.aborted) return;
    if (!fresh || linkMissing(fresh)) continue;
    render({ ...fresh, others: appointment.others });
    if (fresh.meeting?.url) panel.say(panel.t('linkHere'));
    return;
  }
  const place = panel.page.view.querySelector('.link');
  if (place) place.textContent = panel.t('linkLater');
}
