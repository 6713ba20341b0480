/* What is shown of a session that is booked, wherever it is shown. */

import { h, webAddress } from './dom.js';

export const linkMissing = (a) =>
  a.meeting?.kind === 'google_meet' && !a.meeting.url && a.calendar?.state === 'pending';

/* Where it takes place, as a fact of the summary: what the coach said of it, and what is good to know. */
export function meeting(panel, a) {
  const { t } = panel;
  const { kind, label, address, number, instructions } = a.meeting ?? {};
  const url = webAddress(a.meeting?.url);
  const more = instructions && [h('br'), h('span', { class: 'small' }, instructions)];
  const away = { target: '_blank', rel: 'noopener noreferrer' };
  if (url)
    return panel.fact(
      'video',
      h('a', { href: url, ...away }, label ?? url.replace(/^https?:\/\//, '')),
      more,
    );
  if (linkMissing(a)) return panel.fact('video', h('span', { class: 'link' }, t('linkFollows')), more);
  if (kind === 'phone' && number)
    return panel.fact(
      'phone',
      h('a', { href: `tel:${number.replace(/[^\d+]/g, '')}` }, t('youCall', { number })),
      more,
    );
  if (kind === 'phone')
    return panel.fact(
      'phone',
      t('byPhone'),
      a.phone && [h('br'), h('span', { class: 'small' }, a.phone)],
      more,
    );
  return kind === 'in_person' && panel.fact('place', address ?? t('inPerson'), more);
}

/* What the coach's calendar could not do: an invitation, a link. The server's sentences are English. */
export const calendarText = (t, a) => a.calendar?.detail && (t.code('calendar_limits') ?? a.calendar.detail);

/* The way in, while it is of use. */
export function joinButton(panel, a) {
  const url = webAddress(a.meeting?.url);
  if (!url || Date.parse(a.end) < panel.now()) return null;
  return h(
    'a',
    { class: 'button main', href: url, target: '_blank', rel: 'noopener noreferrer' },
    panel.t(a.meeting.kind === 'google_meet' ? 'join' : 'joinAt'),
  );
}

/* Back to one's sessions; by a mail's link there is but one to be seen. `notice` stands above them. */
export function toSessions(panel, notice) {
  const managed = panel.element.getAttribute('manage');
  return managed ? panel.go('managed', managed, notice) : panel.go('sessions', notice);
}

export const sessionsButton = (panel, looks) =>
  h(
    'button',
    { type: 'button', class: looks, onclick: () => toSessions(panel) },
    panel.t(panel.element.hasAttribute('manage') ? 'mySession' : 'mySessions'),
  );

/* What may still be done, and until when; the words of the rule before anyone needs them. */
export function rule(panel, a) {
  const { t } = panel;
  // Late, it may still be cancelled until it starts, at a cost.
  const late = a.late_cancel === 'keep' && Date.parse(a.cancel_before) < panel.now();
  const cancel = Date.parse(late ? a.start : a.cancel_before);
  const move = Date.parse(a.reschedule_before);
  const { can_cancel: cancels, can_reschedule: moves } = a;
  const until = (key, instant) => t(key, { when: panel.moment(instant) });
  if (cancels && moves && cancel === move) return until('until', cancel);
  const parts = [cancels && until('cancelUntil', cancel), moves && until('moveUntil', move)];
  const last = Math.max(cancel, move);
  const never = Date.parse(a.created_at) >= last; // it was booked later than that
  return parts.filter(Boolean).join(' ') || (never ? t('changesNever') : until('changesClosed', last));
}

/* Its kind, at what was taken and is left to pay for it: a code may have taken from both. */
export function bookedType(panel, a) {
  const type = panel.typeOf(a.session_type, a.coach);
  const credits = a.payment && { credits: a.payment.amount };
  return type && { ...type, booked: true, price: { ...type.price, ...a.price, ...credits } };
}

/* Until when the coach answers a request. */
export const decision = (panel, a) =>
  panel.t('decision', {
    coach: panel.coachName(a.coach) ?? panel.t('theCoach'),
    when: panel.moment(Date.parse(a.decide_before)),
  });

export const guestsText = (panel, a) => panel.t('withGuests', { guests: a.guests.join(', ') });

export function calendarLinks(panel, a) {
  const { t } = panel;
  const coach = panel.coachName(a.coach);
  const title = coach ? t('title', { coach }) : t('titleAlone');
  const link = webAddress(a.meeting?.url) ?? '';
  const bare = (text) => text.replace(/[-:]/g, '');
  const google = new URL('https://calendar.google.com/calendar/render');
  google.search = new URLSearchParams({
    action: 'TEMPLATE',
    text: title,
    dates: `${bare(a.start)}/${bare(a.end)}`,
    details: link,
    location: link,
  });
  const outlook = new URL('https://outlook.live.com/calendar/0/deeplink/compose');
  outlook.search = new URLSearchParams({
    rru: 'addevent',
    path: '/calendar/action/compose',
    subject: title,
    startdt: a.start,
    enddt: a.end,
    body: link,
    location: link,
  });
  const away = { class: 'button', target: '_blank', rel: 'noopener noreferrer' };
  const label = (name) => ({ 'aria-label': t('pair', { a: t('addTo'), b: name }) });
  return h(
    'div',
    { class: 'stack', role: 'group', 'aria-label': t('addTo') },
    h('p', { class: 'muted small' }, t('addTo')),
    h(
      'div',
      { class: 'actions' },
      h('a', { href: google.href, ...away, ...label(t('google')) }, t('google')),
      h('a', { href: outlook.href, ...away, ...label(t('outlook')) }, t('outlook')),
      h(
        'button',
        { type: 'button', ...label(t('ics')), onclick: (event) => download(panel, a, event.target) },
        t('ics'),
      ),
    ),
  );
}

/* The file asks for the caller's identity, which a plain link cannot carry. */
async function download(panel, a, button) {
  try {
    const file = URL.createObjectURL(await panel.call('GET', `booking/${a.id}/calendar.ics`, { raw: true }));
    h('a', { href: file, download: 'session.ics' }).click();
    setTimeout(() => URL.revokeObjectURL(file), 60000);
  } catch (problem) {
    button.after(panel.trouble(problem));
  }
}

/*
 * A box to tick before what the link in a mail leads to is carried out: programs that look into mails for others open its
 * links and press the buttons, one after the other. Null where somebody has signed in.
 */
export function certainty(panel, words) {
  if (!panel.element.hasAttribute('manage')) return null;
  return h(
    'label',
    { class: 'tickable' },
    h('input', { type: 'checkbox', id: 'certain', required: true }),
    h('span', null, panel.t(words)),
  );
}
