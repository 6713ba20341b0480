/*
 * What is done to a booking in a window of its own: cancelled, moved; and the way around a rule, by its name.
 */

import { newKey } from '../widget/calls.js';
import { fill, h } from '../widget/dom.js';
import { dayOf, instantOf, isoText } from '../widget/time.js';
import { ifUnchanged, otherThan } from '../widget/unchanged.js';
import { clock, minutesOf, wallMinutes } from './time.js';

/* What a coach may set aside when booking for a client; the past and other bookings always stand. */
const rules = [
  'bad_duration',
  'too_soon',
  'too_far',
  'blocked',
  'outside_hours',
  'not_aligned',
  'booking_limit',
  'day_full',
  'calendar_busy',
  'credits_required',
];

/* The server's own words, which have the figures; in another language those for the rule, with its times. */
export function reasonText(house, reason) {
  const text = house.t.code(reason.rule);
  if (!text) return reason.detail ?? reason.rule;
  if (!reason.start) return text;
  // What is not known of a calendar yet has no end but that of all times.
  const time = (instant) => (instant.startsWith('9999') ? '…' : house.time(Date.parse(instant)));
  return `${text}, ${time(reason.start)}\u00a0–\u2060\u00a0${time(reason.end)}`; // in one line
}

/*
 * Whoever had the focus has it again afterwards, if it is still there. The live region comes along: outside of an open
 * window nothing is heard. One window may open over another.
 */
export function modal(title, ...content) {
  const live = document.getElementById('live');
  const under = live.closest('dialog') ?? document.body;
  const heading = h(
    'h2',
    { id: `modal-${document.querySelectorAll('dialog').length}`, tabindex: '-1' },
    title,
  );
  const opener = document.activeElement;
  const dialog = h(
    'dialog',
    {
      'aria-labelledby': heading.id,
      onclose: () => {
        (under.isConnected ? under : document.body).append(live);
        dialog.remove();
        if (document.activeElement === document.body)
          (opener?.isConnected ? opener : document.querySelector('h1'))?.focus();
      },
    },
    h('div', { class: 'stack' }, heading, ...content),
  );
  document.body.append(dialog);
  dialog.append(live);
  dialog.showModal();
  heading.focus();
  return dialog;
}

/* A question in a window. Each answer, [its word, what it does], closes the window first; `back` only closes it. */
export function question(title, content, answers, back) {
  const close = (act) => () => {
    dialog.close();
    act?.();
  };
  const dialog = modal(
    title,
    content,
    h(
      'div',
      { class: 'actions' },
      answers.map(([word, act], index) =>
        h('button', { type: 'button', class: index === 0 && 'main', onclick: close(act) }, word),
      ),
      h('button', { type: 'button', onclick: close() }, back),
    ),
  );
  return dialog;
}

/* What became of a booking, in words; null while it is to take place. */
export function statusWords({ t }, { status, cancelled_by: by }) {
  if (status === 'cancelled') return [t('statusCancelled'), by && t(`by_${by}`)].filter(Boolean).join(' ');
  const words = {
    completed: 'statusCompleted',
    no_show: 'statusNoShow',
    requested: 'statusRequested',
    declined: 'statusDeclined',
    expired: 'notice_expired',
  };
  return words[status] ? t(words[status]) : null;
}

/* A window that tells what a booking is now, which was changed since it was shown; again() draws the view anew before. */
async function tellChanged(house, name, now, again) {
  const { t } = house;
  const moment = house.moment(Date.parse(now.start));
  const what = [name, moment, statusWords(house, now)].filter(Boolean).join(', ');
  await again();
  if (document.querySelector('dialog.told')) return; // it was pressed twice
  question(t('changedTitle'), h('p', null, t('changedNow', { what })), [], t('close')).classList.add('told');
}

/*
 * Does send() if what is at `path` stands as it is shown, `seen`; else, also if that is why it was refused, tells what it is
 * now and answers null. reached(now): it is already what was wanted.
 */
export const ifStands = (house, { path, seen, name, again, reached = () => false }, send) =>
  ifUnchanged(
    {
      look: async () => otherThan(seen, await house.call('GET', path)),
      reached,
      tell: (now) => tellChanged(house, name, now, again),
    },
    send,
  );

/* For `reached`: it was moved to this start already, by a call whose reply was lost. */
export const movedTo =
  (start) =>
  ({ status, start: now }) =>
    status === 'scheduled' && Date.parse(now) === Date.parse(start);

/*
 * Escape throws nothing away that was typed within an element of a window: it asks first. Answers a function that is told
 * once that is settled.
 */
export function keepTyped(house, dialog, within = dialog) {
  const { t } = house;
  let typed = false;
  within.addEventListener('input', () => {
    typed = true;
  });
  dialog.addEventListener('cancel', (event) => {
    if (!typed || event.target !== dialog || event.defaultPrevented) return;
    event.preventDefault();
    question(t('leave'), null, [[t('discard'), () => dialog.close()]], t('stay'));
  });
  return () => {
    typed = false;
  };
}

export const mailto = (email) => `mailto:${encodeURIComponent(email).replace('%40', '@')}`;

export const labelled = (house, id, word, input, optional) =>
  h(
    'div',
    { class: 'field' },
    h(
      'label',
      { for: id },
      word,
      optional && h('span', { class: 'muted small' }, ` (${house.t('optional')})`),
    ),
    input,
  );

/* A field for where something on the net is. */
export const addressField = (id, type, placeholder) =>
  h('input', {
    id,
    type,
    required: true,
    maxlength: 2000,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder,
  });

/* What stands against it: of a series with the date of each. */
const standing = ({ reasons, occurrences = [] }) =>
  reasons ??
  occurrences.flatMap((date) => date.reasons.map((one) => ({ ...one, date: Date.parse(date.start) })));

/*
 * Sends something that rules may stand against. send(override, key, skip) makes the call; the rules that stand against it
 * are told by name in `trouble`, and buttons there send it again without just those, or without such dates of a series.
 */
export function sender(house, { button, trouble, send, done, anyway }) {
  const { t } = house;
  let sent = null;
  let key = null;
  const go = async (override, skip) => {
    if (button.getAttribute('aria-disabled')) return;
    button.setAttribute('aria-disabled', 'true');
    fill(trouble);
    try {
      const once = (body) => {
        const text = JSON.stringify(body);
        if (text !== sent) key = newKey();
        sent = text;
        return { body, key };
      };
      const answer = await send(override, once, skip);
      if (answer) await done(answer);
    } catch (problem) {
      const reasons = standing(problem);
      if (!reasons.length)
        fill(
          trouble,
          house.trouble(problem, () => go(override, skip)),
        );
      else {
        const names = [...new Set(reasons.map(({ rule }) => rule))];
        const may = names.every((name) => rules.includes(name) && !override.includes(name));
        const heading = h('p', { tabindex: '-1' }, h('strong', null, t('against')));
        const lines = reasons.map((one) =>
          h(
            'li',
            { 'data-rule': one.rule },
            one.date ? house.pair(house.moment(one.date), reasonText(house, one)) : reasonText(house, one),
          ),
        );
        const answer = (word, act) => h('button', { type: 'button', onclick: act }, word);
        const again = may && answer(anyway, () => go([...override, ...names]));
        const others =
          problem.occurrences?.some(({ bookable }) => bookable) &&
          answer(t('bookOthers'), () => go(override, true));
        fill(trouble, h('div', { class: 'notice alarm' }, heading, h('ul', null, lines), again, others));
        heading.focus();
        house.say([t('against'), ...lines.map((line) => line.textContent)].join(' '));
      }
    } finally {
      button.removeAttribute('aria-disabled');
    }
  };
  return () => go([]);
}

/* A date and a time in the coach's zone; instant() is null while either is missing. */
export function whenFields(house, start, id) {
  const { t } = house;
  const date = h('input', { type: 'date', id: `${id}-date`, value: dayOf(start, house.zone) });
  const time = h('input', { type: 'time', id: `${id}-time`, value: clock(wallMinutes(start, house.zone)) });
  return {
    element: h(
      'div',
      { class: 'row' },
      labelled(house, date.id, t('date'), date),
      labelled(house, time.id, t('start'), time),
    ),
    instant: () => {
      const minutes = minutesOf(time.value);
      return date.value && !Number.isNaN(minutes) ? instantOf(date.value, minutes, house.zone) : null;
    },
    focus: () => (date.value ? time : date).focus(),
  };
}

/*
 * A window in which something is done with a booking for a reason that may be left out. send(reason, undefined without) makes
 * the call, after which the booking has the status `next`; the window, and what is typed in it, stays until that has worked.
 * Then again() draws the view anew, and `said` is said.
 */
function reasonDialog(house, { one, id, title, lines, word, back, send, next, again, said }) {
  const { t } = house;
  const reason = h('textarea', { id, maxlength: 2000 });
  const trouble = h('div', null);
  const confirm = h(
    'button',
    {
      type: 'button',
      class: 'main',
      onclick: async () => {
        if (confirm.getAttribute('aria-disabled')) return;
        confirm.setAttribute('aria-disabled', 'true');
        try {
          const redraw = async () => {
            dialog.close();
            await again();
          };
          const reached = ({ status, cancelled_by: by }) => status === next && by !== 'client';
          const booking = {
            path: `booking/${one.id}`,
            seen: one,
            name: house.nameOf(one),
            again: redraw,
            reached,
          };
          if (!(await ifStands(house, booking, () => send(reason.value.trim() || undefined)))) return;
          await redraw();
          house.say(said);
          document.querySelector('h1').focus(); // what was pressed is gone
        } catch (problem) {
          confirm.removeAttribute('aria-disabled');
          if (dialog.open) fill(trouble, house.trouble(problem));
          else question(title, house.trouble(problem), [], t('close')); // it was closed meanwhile
        }
      },
    },
    word,
  );
  const dialog = modal(
    title,
    lines,
    labelled(house, id, t('reason'), reason, true),
    trouble,
    h(
      'div',
      { class: 'actions' },
      confirm,
      h('button', { type: 'button', onclick: () => dialog.close() }, back),
    ),
  );
  keepTyped(house, dialog);
}

/* Yes or no to what a client asks for; `done` comes after either. */
export function decisionButtons(house, one, done) {
  const { t } = house;
  const trouble = h('div', null);
  const name = house.nameOf(one);
  const label = (text) => ({
    'aria-label': house.pair(text, `${name}, ${house.moment(Date.parse(one.start))}`),
  });
  const decide = (what, body) => house.call('PUT', `booking/${one.id}/${what}`, { body, key: newKey() });
  const approve = async () => {
    const reached = ({ status }) => status === 'scheduled';
    const booking = { path: `booking/${one.id}`, seen: one, name, again: done, reached };
    try {
      if (!(await ifStands(house, booking, () => decide('approve', {})))) return;
      await done();
      house.say(t('approvedOf', { name }));
      document.querySelector('h1').focus(); // what was pressed is gone
    } catch (problem) {
      fill(trouble, house.trouble(problem));
    }
  };
  const decline = () =>
    reasonDialog(house, {
      one,
      id: 'decline-reason',
      title: t('declineTitle', { name }),
      word: t('decline'),
      back: t('close'),
      send: (reason) => decide('decline', { reason }),
      next: 'declined',
      again: done,
      said: t('declinedOf', { name }),
    });
  return h(
    'div',
    { class: 'stack' },
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', class: 'main', ...label(t('approve')), onclick: approve }, t('approve')),
      h('button', { type: 'button', ...label(t('decline')), onclick: decline }, t('decline')),
    ),
    trouble,
  );
}

/* done() is called when it is cancelled. */
export function cancelDialog(house, one, done) {
  const { t } = house;
  const name = house.nameOf(one);
  reasonDialog(house, {
    one,
    id: 'cancel-reason',
    title: t('cancelTitle', { name }),
    lines: [h('p', null, house.moment(Date.parse(one.start))), h('p', null, t('cancelRule'))],
    word: t('cancelConfirm'),
    back: t('keep'),
    send: (reason) =>
      house.call('PUT', `booking/${one.id}/cancel`, { body: reason ? { reason } : undefined }),
    next: 'cancelled',
    again: done,
    said: house.pair(name, t('statusCancelled')),
  });
}

/* What the client is told of a change; answers {element, given()}, the second undefined where nothing was said. */
export function reasonField(house, id, hint) {
  const area = h('textarea', { id, maxlength: 2000, 'aria-describedby': `${id}-hint` });
  const element = labelled(house, id, house.t('reason'), area, true);
  element.append(h('p', { class: 'hint', id: `${id}-hint` }, hint));
  return { element, given: () => area.value.trim() || undefined };
}

/* Any time that a coach may choose, and around which rules; send(body) makes the call. done() when it has moved. */
export function anyTimeForm(house, start, send, done) {
  const { t } = house;
  const when = whenFields(house, start, 'move');
  const trouble = h('div', null);
  const button = h('button', { class: 'main' }, t('moveHere'));
  const go = sender(house, {
    button,
    trouble,
    anyway: t('moveAnyway'),
    send: (override, once) =>
      send(once, { start: isoText(when.instant()), ...(override.length && { override }) }),
    done,
  });
  return h(
    'form',
    {
      class: 'stack',
      onsubmit: (event) => {
        event.preventDefault();
        if (when.instant() === null) when.focus();
        else go();
      },
    },
    when.element,
    trouble,
    h('div', { class: 'actions' }, button),
  );
}

/* The clients' own way of choosing a time, in the coach's hands and zone; and any other time. done() when it has moved. */
export async function moveDialog(house, one, done) {
  const { t } = house;
  await import('./widget.js?v=@VERSION@');
  const widget = document.createElement('mosaic-booking');
  widget.setAttribute('inline', '');
  widget.setAttribute('move-only', '');
  widget.setAttribute('time-zone', house.zone);
  Object.assign(widget, house.identity());
  const reason = reasonField(house, 'move-reason', t('moveReasonHint'));
  widget.moveReason = reason.given;
  const name = house.nameOf(one);
  const path = `booking/${one.id}`;
  let seen = one;
  const again = () => {
    dialog.close();
    return done();
  };
  const form = anyTimeForm(
    house,
    Date.parse(one.start),
    (once, body) =>
      ifStands(house, { path, seen, name, again, reached: movedTo(body.start) }, () =>
        house.call('PUT', `${path}/reschedule`, once({ ...body, reason: reason.given() })),
      ),
    async (moved) => {
      await again();
      house.say(t('movedTo', { when: house.moment(Date.parse(moved.start)) }));
    },
  );
  const dialog = modal(
    t('moveTitle', { name }),
    reason.element,
    widget,
    h('details', null, h('summary', null, t('anyTime')), form),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'button', onclick: () => dialog.close() }, t('close')),
    ),
  );
  dialog.classList.add('wide');
  const settled = keepTyped(house, dialog);
  widget.addEventListener('rescheduled', ({ detail }) => {
    seen = detail;
    settled();
    done();
  });
  widget.addEventListener('changed', ({ detail }) => tellChanged(house, name, detail, again));
  queueMicrotask(() => widget.move(one));
}
