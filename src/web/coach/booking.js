/*
 * One booking in full, in a window: what the client answered, the coach's private notes, what was told to whom, and
 * the client's other bookings.
 */

import { fill, h, webAddress } from '../widget/dom.js';
import { guestsAreGood, guestsIn } from '../widget/addresses.js';
import { latestBookings } from './appointments.js';
import { decisionButtons, keepTyped, labelled, mailto, modal, question } from './dialogs.js';
import { groupPart } from './group.js';

/* The day and the hours; a line may end between the two, not within the hours. */
function fromTo(house, { start, end }) {
  const text = `${house.moment(Date.parse(start))} – ${house.time(Date.parse(end))}`;
  return text.replace(' – ', '\u00a0–\u2060\u00a0').replace(/ (?=[AP]M\b)/g, '\u00a0');
}

/* Where a session takes place, in words; null if nobody said. */
export function placeWords(house, meeting, phone) {
  const { t } = house;
  if (!meeting) return null;
  const words = {
    google_meet: t('google_meet'),
    link: meeting.label ?? meeting.url,
    phone: [t('phone'), meeting.number ?? phone].filter(Boolean).join(' '),
    in_person: meeting.address ?? t('in_person'),
  };
  return words[meeting.kind] ?? null;
}

/* The same as a line, which leads there where there is a link; `kind` is the class of mere words. */
export function placeLine(house, { meeting, phone }, kind) {
  const link = webAddress(meeting?.url);
  return link
    ? h('a', { href: link, target: '_blank', rel: 'noopener noreferrer' }, meeting.label ?? house.t('join'))
    : h('span', { class: kind }, placeWords(house, meeting, phone));
}

/* How to reach the client, and what they wrote. */
export const contactLines = ({ email, phone, guests, notes }) => [
  email && h('a', { href: mailto(email) }, email),
  phone && h('a', { href: `tel:${phone.replace(/[^\d+]/g, '')}` }, phone),
  guests?.length > 0 && h('p', { class: 'small' }, guests.join(', ')),
  notes && h('p', { class: 'notes' }, notes),
];

/* What the client answered to the invitation in their calendar, where it is news. */
export function answerBadge(house, one) {
  if (one.status !== 'scheduled') return null;
  const words = { declined: 'guestDeclined', tentative: 'guestTentative', accepted: 'guestAccepted' };
  const word = words[one.guest_response];
  return (
    word && h('span', { class: one.guest_response === 'declined' ? 'badge warn' : 'badge' }, house.t(word))
  );
}

function answersPart(house, one) {
  const { t } = house;
  if (!one.questions?.length) return null;
  const text = (value) =>
    value === true ? t('yes') : value === false ? t('no') : Array.isArray(value) ? value.join(', ') : value;
  return h(
    'section',
    { class: 'stack ruled' },
    h('h3', null, t('answers')),
    h(
      'dl',
      { class: 'facts' },
      one.questions.map(({ id, label }) => [
        h('dt', null, label),
        h('dd', { class: 'notes' }, text(one.answers?.[id]) ?? '–'),
      ]),
    ),
  );
}

/* What a late cancellation or a no-show kept, and a way to give it back. */
function keptPart(house, one) {
  const { t } = house;
  if (one.payment?.state !== 'kept') return null;
  const place = h('div', { class: 'stack' });
  const button = h(
    'button',
    {
      type: 'button',
      onclick: async () => {
        try {
          await house.call('POST', `booking/${one.id}/credit-return`, { body: {} });
          fill(place, h('p', { class: 'notice' }, t('gaveBack')));
          house.say(t('gaveBack'));
        } catch (problem) {
          fill(place, house.trouble(problem), button);
        }
      },
    },
    t('giveBack'),
  );
  return h(
    'section',
    { class: 'stack ruled' },
    h('p', null, t('keptCredits', { n: one.payment.amount })),
    fill(place, button),
  );
}

/*
 * The parts of a window that have changes which are not saved; changed(save) and saved(save) by what saves them, which
 * answers false if it could not.
 */
function unsavedParts(house) {
  const parts = new Set();
  const settle = () => {
    house.dirty = parts.size > 0 ? { save: saveAll, discard } : null;
  };
  const discard = () => {
    parts.clear();
    settle();
  };
  const saveAll = async () => {
    for (const save of parts) if ((await save()) === false) return false;
    return true;
  };
  return {
    changed(save) {
      parts.add(save);
      settle();
    },
    saved(save) {
      parts.delete(save);
      settle();
    },
  };
}

function notesPart(house, one, unsaved) {
  const { t } = house;
  const field = h('textarea', { id: 'coach-notes', maxlength: 2000 });
  field.value = one.coach_notes ?? '';
  const trouble = h('div', null);
  const save = async () => {
    try {
      await house.call('PUT', `booking/${one.id}/coach-notes`, {
        body: { coach_notes: field.value.trim() || null },
      });
      unsaved.saved(save);
      fill(trouble, h('p', { class: 'notice' }, t('saved')));
      house.say(t('saved'));
      return true;
    } catch (problem) {
      fill(trouble, house.trouble(problem, save));
      return false;
    }
  };
  field.addEventListener('input', () => unsaved.changed(save));
  return h(
    'section',
    { class: 'stack ruled' },
    labelled(house, field.id, t('coachNotes'), field),
    h('p', { class: 'hint' }, t('coachNotesHint')),
    trouble,
    h('div', { class: 'actions' }, h('button', { type: 'button', onclick: save }, t('saveNotes'))),
  );
}

/* Who else is invited, to be changed. */
function guestsPart(house, one, unsaved) {
  const { t } = house;
  const input = h('input', { id: 'guests', autocomplete: 'off', 'aria-describedby': 'guests-hint' });
  input.value = one.guests.join(', ');
  const trouble = h('div', null);
  const save = async () => {
    if (!guestsAreGood(input.value)) {
      input.setAttribute('aria-invalid', 'true');
      input.focus();
      house.say(t('needGuests'));
      fill(trouble, h('p', { class: 'wrong' }, t('needGuests')));
      return false;
    }
    input.removeAttribute('aria-invalid');
    try {
      const body = { guests: guestsIn(input.value) };
      const saved = await house.call('PUT', `booking/${one.id}/guests`, { body });
      unsaved.saved(save);
      input.value = saved.guests.join(', ');
      house.say(t('guestsSaved'));
      fill(trouble, h('p', { class: 'notice' }, t('guestsSaved')));
      return true;
    } catch (problem) {
      fill(trouble, house.trouble(problem));
      return false;
    }
  };
  input.addEventListener('input', () => unsaved.changed(save));
  return h(
    'form',
    {
      class: 'stack ruled',
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        save();
      },
    },
    labelled(house, input.id, t('guests'), input, true),
    h('p', { class: 'hint', id: 'guests-hint' }, t('guestsHint')),
    trouble,
    h('div', { class: 'actions' }, h('button', { type: 'submit' }, t('saveGuests'))),
  );
}

/* A line for each notice, and a way to mail again what stands now. */
export function noticeLine(house, one, again) {
  const { t } = house;
  const words = t('noticeLine', {
    what: t(`notice_${one.kind}`),
    whom: t(`to_${one.recipient}`),
    state: t(`notice_${one.state}`),
  });
  const when = one.sent_at ?? one.due_at;
  return h(
    'li',
    null,
    h('span', { class: one.state === 'failed' ? 'no' : null }, words),
    h(
      'span',
      { class: 'small muted' },
      [house.moment(Date.parse(when)), one.detail].filter(Boolean).join(' · '),
    ),
    again,
  );
}

/* Mails what stands now once more; `place` shows what came of it. */
export async function sendAgain(house, id, kind, recipient, place) {
  const { t } = house;
  try {
    await house.call('POST', `booking/${id}/notices`, { body: { kind, recipient } });
    fill(place, h('p', { class: 'notice' }, t('sentAgain')));
    house.say(t('sentAgain'));
  } catch (problem) {
    fill(place, house.trouble(problem));
  }
}

async function noticesPart(house, one) {
  const { t } = house;
  const { notices } = await house.call('GET', `booking/${one.id}/notices`);
  const mails = notices.filter(({ channel }) => channel !== 'in_app');
  if (!mails.length) return null;
  const trouble = h('div', null);
  const kind = one.status === 'cancelled' ? 'cancelled' : one.reschedule_count ? 'moved' : 'confirmed';
  return h(
    'section',
    { class: 'stack ruled' },
    h('h3', null, t('told')),
    h(
      'ul',
      { class: 'lines' },
      mails.map((notice) => noticeLine(house, notice)),
    ),
    trouble,
    one.email &&
      ['scheduled', 'cancelled'].includes(one.status) &&
      h(
        'div',
        { class: 'actions' },
        h(
          'button',
          { type: 'button', onclick: () => sendAgain(house, one.id, kind, 'client', trouble) },
          t('sendAgain'),
        ),
      ),
  );
}

async function historyPart(house, one) {
  const { t } = house;
  const { found, whole } = await latestBookings(house, -Infinity, 1000);
  const others = found.filter(
    (other) =>
      other.user_id === one.user_id && other.id !== one.id && !['held', 'expired'].includes(other.status),
  );
  const status = {
    completed: 'statusCompleted',
    no_show: 'statusNoShow',
    cancelled: 'statusCancelled',
    requested: 'statusRequested',
    declined: 'statusDeclined',
  };
  return h(
    'section',
    { class: 'stack ruled' },
    h('h3', null, t('history')),
    others.length === 0 &&
      h('p', { class: 'muted' }, whole ? t('firstSession') : t('noneOfLatest', { n: found.length })),
    h(
      'ul',
      { class: 'lines' },
      others.map((other) => {
        const when = house.moment(Date.parse(other.start), { year: 'numeric' });
        const words = [when, status[other.status] && t(status[other.status])];
        return h('li', null, words.filter(Boolean).join(' · '));
      }),
    ),
  );
}

/* A part that comes when it is there; one that fails says so in its place. */
function later(house, part) {
  const place = h('div', { class: 'stack' }, h('div', { class: 'bone small-bone', 'aria-hidden': 'true' }));
  const load = () =>
    part().then(
      (content) => fill(place, content),
      (problem) => fill(place, house.trouble(problem, load)),
    );
  load();
  return place;
}

/* again() is called when it, or the session that it is a seat in, is not as it was. */
export async function bookingDialog(house, { id }, again) {
  const { t } = house;
  const one = await house.call('GET', `booking/${id}`);
  const start = Date.parse(one.start);
  const unsaved = unsavedParts(house);
  /* What is not saved is asked for before the window closes. */
  const leave = (then) =>
    house.leaving(() => {
      dialog.close();
      return then?.();
    });
  const group = one.group_id && later(house, () => groupPart(house, one, () => leave(again)));
  const dialog = modal(
    house.nameOf(one),
    h(
      'div',
      { class: 'who' },
      h('strong', null, fromTo(house, one)),
      placeLine(house, one),
      contactLines(one),
      answerBadge(house, one),
      one.created_by !== 'client' && h('p', { class: 'small muted' }, t(`made_${one.created_by}`)),
    ),
    one.move_reason && one.status === 'scheduled' && h('p', { class: 'notes' }, one.move_reason),
    group,
    one.guests &&
      !one.group_id &&
      one.status === 'scheduled' &&
      start > house.now() &&
      guestsPart(house, one, unsaved),
    one.status === 'requested' && decisionButtons(house, one, () => leave(again)),
    keptPart(house, one),
    answersPart(house, one),
    notesPart(house, one, unsaved),
    later(house, () => noticesPart(house, one)),
    later(house, () => historyPart(house, one)),
    h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => leave() }, t('close'))),
  );
  dialog.addEventListener('cancel', (event) => {
    if (!house.dirty) return;
    event.preventDefault();
    leave();
  });
  if (group) keepTyped(house, dialog, group);
}

/* A session that clients share, as sessionsOf() has it; its bookings open from there. again() as for a booking. */
export function groupDialog(house, session, again) {
  const { t } = house;
  const leave = (then) => (seat) => {
    dialog.close();
    return then(seat);
  };
  const open = leave((seat) =>
    bookingDialog(house, seat, again).catch((problem) =>
      question(t('details'), house.trouble(problem), [], t('close')),
    ),
  );
  const dialog = modal(
    session.name,
    h('div', { class: 'who' }, h('strong', null, fromTo(house, session)), placeLine(house, session)),
    later(house, () => groupPart(house, session, leave(again), open)),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', onclick: () => dialog.close() }, t('close')),
    ),
  );
  keepTyped(house, dialog);
}
