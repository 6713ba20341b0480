/* A client's sessions, and cancelling one. */

import { newKey } from './calls.js';
import { ifStands } from './changed.js';
import { meet } from './coaches.js';
import { cancelCost, keptText, showBalance } from './credits.js';
import { fill, h } from './dom.js';
import { showGuests } from './guests.js';
import { release } from './hold.js';
import { memory } from './memory.js';
import { reasonWords, showBell } from './notices.js';
import { showAnswers } from './questions.js';
import {
  bookedType,
  calendarLinks,
  calendarText,
  certainty,
  decision,
  guestsText,
  joinButton,
  meeting,
  rule,
  sessionsButton,
  toSessions,
} from './session.js';
import { summary } from './summary.js';
import { busy } from './busy.js';
import { offerPart, waitingPart } from './wait.js';

/* `notice`: what has happened, above them. */
export function showSessions(panel, notice) {
  const t = panel.t;
  release(panel);
  panel.form = null;
  panel.moving = null;
  const list = h('ul', { class: 'sessions wide' });
  const more = h('div', { class: 'stack' });
  const waiting = h('div', { class: 'stack wide' });
  const balance = h('p', { class: 'balance', role: 'status' });
  const below = h(
    'div',
    { class: 'stack', hidden: true },
    h('button', { type: 'button', class: 'plain', onclick: () => panel.go('notices') }, t('notices')),
    mailSession(panel) &&
      h('button', { type: 'button', class: 'plain', onclick: () => signOut(panel) }, t('signOut')),
  );
  const load = (status) => {
    list.replaceChildren(
      ...Array.from({ length: 2 }, () =>
        h('li', null, h('div', { class: 'bone wide', 'aria-hidden': 'true' })),
      ),
    );
    more.replaceChildren();
    return loadSessions(panel, status, null, list, more, above);
  };
  panel.show(
    'sessions',
    t('mySessions'),
    [
      h(
        'div',
        { class: 'stack wide' },
        notice,
        balance,
        panel.choice(
          'which',
          t('which'),
          [
            ['upcoming', t('upcoming')],
            ['past', t('past')],
            ['cancelled', t('gone3')],
          ],
          'upcoming',
          load,
        ),
        list,
        more,
        waiting,
        below,
      ),
    ],
    panel.page.title,
  );
  const above = showBalance(panel, balance);
  const sessions = load('upcoming');
  showBell(panel);
  const waited = waitingPart(panel).then(
    (part) => fill(waiting, part),
    () => {}, // the sessions are what was asked for
  );
  // What comes above a button would move it away from the finger that presses it.
  Promise.all([sessions, waited]).then(() => {
    below.hidden = false;
  });
}

/* The session of whoever has signed in by mail here; of others the host page knows, and has a way out of its own. */
function mailSession({ element }) {
  const kept = memory.session(element.hasAttribute('steps'));
  return kept && kept === element.token && !element.session && !element.headers;
}

/* Nothing is kept in this browser, also where the server can't be told. */
async function signOut(panel) {
  await panel.call('DELETE', 'session', { quiet: true }).catch(() => {});
  memory.forgetDraft();
  panel.sayFirst(panel.t('signedOut'));
  panel.element.forget();
}

/* `above`: settles once what stands above the list does. */
export async function loadSessions(panel, status, cursor, list, more, above) {
  const t = panel.t;
  const asked = ++panel.asked;
  const query = new URLSearchParams({ status, limit: '20', ...(cursor && { cursor }) });
  try {
    const reply = await panel.call('GET', `booking/user/me?${query}`);
    await meet(
      panel,
      reply.appointments.map(({ coach }) => coach),
    );
    await above;
    if (asked !== panel.asked) return;
    const items = reply.appointments
      .filter((a) => (a.status !== 'held' || a.offered) && (status === 'cancelled' || a.status !== 'expired'))
      .map((a) => session(panel, a));
    if (!cursor) list.replaceChildren();
    list.append(...items);
    more.replaceChildren(
      ...(reply.next_cursor
        ? [
            h(
              'button',
              { type: 'button', onclick: () => loadSessions(panel, status, reply.next_cursor, list, more) },
              t('more'),
            ),
          ]
        : !list.children.length
          ? [h('p', { class: 'muted' }, t('noSessions'))]
          : []),
    );
    if (cursor) items[0]?.querySelector('h3')?.focus();
    const { length } = list.children;
    panel.say(length ? t('pair', { a: t('mySessions'), b: length }) : t('noSessions'));
  } catch (problem) {
    if (asked !== panel.asked || (await panel.signInFirst(problem, () => showSessions(panel)))) return;
    if (!cursor) list.replaceChildren();
    more.replaceChildren(
      panel.trouble(problem, () => loadSessions(panel, status, cursor, list, more, above)),
    );
  }
}

/* Whose session it is, and of what kind, for the words about it; where that cannot be had, there are fewer. */
async function meetCoach(panel, { coach, session_type }) {
  if (panel.answer) {
    await meet(panel, [coach]);
    return;
  }
  const query = new URLSearchParams({ coach, session_type });
  const reply = await panel.call('GET', `booking/availability?${query}`, { quiet: true }).catch(() => null);
  if (!reply) return;
  panel.answer = reply;
  panel.tell('known', reply);
}

/* One session by itself: what the link of a mail opens. `notice`: what has happened to it. */
export async function showManaged(panel, id, notice) {
  const { t } = panel;
  panel.asked += 1;
  const list = h(
    'ul',
    { class: 'sessions wide' },
    h('li', null, h('div', { class: 'bone wide', 'aria-hidden': 'true' })),
  );
  panel.show(
    'managed',
    t('mySession'),
    [h('div', { class: 'stack wide middle' }, notice, list)],
    panel.page.title,
  );
  const { signal } = panel.leave;
  try {
    const a = await panel.call('GET', `booking/${id}`);
    await meetCoach(panel, a);
    if (!signal.aborted) list.replaceChildren(session(panel, a));
  } catch (problem) {
    if (signal.aborted) return;
    if (problem.status === 401) {
      panel.go('signIn', () => showManaged(panel, id), 'linkOver');
      return;
    }
    list.replaceChildren(
      h(
        'li',
        null,
        panel.trouble(problem, () => showManaged(panel, id)),
      ),
    );
  }
}

function session(panel, a) {
  const { t } = panel;
  const start = Date.parse(a.start);
  const ahead = a.status === 'scheduled' && Date.parse(a.end) > panel.now();
  const asked = a.status === 'requested';
  const offered = a.status === 'held' && a.offered;
  const back = () => toSessions(panel);
  const status = {
    held: offered && t('statusOffered'),
    requested: t('statusRequested'),
    declined: t('statusDeclined'),
    expired: t('statusExpired'),
    completed: t('statusCompleted'),
    no_show: t('statusNoShow'),
    cancelled: t(a.cancelled_by && a.cancelled_by !== 'client' ? 'byCoach' : 'statusCancelled'),
  }[a.status];
  const label = (text) => ({ 'aria-label': t('pair', { a: text, b: panel.moment(start) }) });
  const type = panel.typeOf(a.session_type, a.coach);
  const coach = panel.coachName(a.coach);
  const reason = a.move_reason ?? (a.cancelled_by !== 'client' && a.cancel_reason);
  const said = reason && reasonWords(t, reason);
  return h(
    'li',
    null,
    h('h3', { tabindex: '-1' }, type?.name ?? t('titleAlone')),
    coach && a.coach !== panel.answer?.coach && h('p', { class: 'muted' }, coach),
    status && h('span', { class: 'badge' }, status),
    h(
      'ul',
      { class: 'facts' },
      panel.when(start, Date.parse(a.end), panel.of(a.coach)?.coach_time_zone),
      (ahead || asked || offered) && meeting(panel, a),
    ),
    said && h('p', null, said),
    keptText(panel, a) && h('p', { class: 'small' }, keptText(panel, a)),
    ahead && calendarText(t, a) && h('p', { class: 'small' }, calendarText(t, a)),
    a.guests?.length > 0 && h('p', { class: 'small' }, guestsText(panel, a)),
    ahead && h('p', { class: 'muted small' }, rule(panel, a)),
    asked && h('p', { class: 'muted small' }, decision(panel, a)),
    ahead && a.cancel_costs && h('p', { class: 'small' }, cancelCost(panel, a)),
    offered && offerPart(panel, a, back),
    (ahead || asked) &&
      h(
        'div',
        { class: 'actions' },
        ahead && joinButton(panel, a),
        start > panel.now() &&
          type?.questions &&
          h(
            'button',
            { type: 'button', ...label(t('answersTitle')), onclick: () => showAnswers(panel, a) },
            t('answersTitle'),
          ),
        a.guests &&
          !a.group_id &&
          h(
            'button',
            { type: 'button', ...label(t('guestsTitle')), onclick: () => showGuests(panel, a, back) },
            t('guestsTitle'),
          ),
        ahead &&
          a.can_reschedule &&
          h(
            'button',
            { type: 'button', ...label(t('move')), onclick: () => panel.element.move(a) },
            t('move'),
          ),
        (asked || a.can_cancel) &&
          h(
            'button',
            {
              type: 'button',
              ...label(t(asked ? 'withdraw' : 'cancel')),
              onclick: () => showCancel(panel, a),
            },
            t(asked ? 'withdraw' : 'cancel'),
          ),
      ),
    ahead && calendarLinks(panel, a),
  );
}

export function showCancel(panel, a) {
  const t = panel.t;
  const reason = h('textarea', { id: 'reason', maxlength: 2000, name: 'reason' });
  const trouble = h('div', { class: 'wide' });
  const key = newKey();
  const back = () => toSessions(panel);
  const submit = h('button', { type: 'submit', class: 'main' }, t('cancelConfirm'));
  const form = h(
    'form',
    {
      onsubmit: async (event) => {
        event.preventDefault();
        const done = busy(panel, submit, t('cancelling'));
        if (!done) return;
        try {
          const text = reason.value.trim();
          const cancelled = await ifStands(
            panel,
            a,
            () =>
              panel.call('PUT', `booking/${a.id}/cancel`, {
                body: text ? { reason: text } : undefined,
                key: text ? undefined : key,
              }),
            (now) => now.status === 'cancelled' && now.cancelled_by === 'client',
          );
          if (!cancelled) return;
          panel.tell('cancelled', cancelled);
          showOver(panel, t('cancelled'), cancelled);
        } catch (problem) {
          done();
          trouble.replaceChildren(panel.trouble(problem));
        }
      },
    },
    h('p', null, a.status === 'requested' ? t('cancelRule') : `${rule(panel, a)} ${t('cancelRule')}`),
    cancelCost(panel, a) && h('p', null, h('strong', null, cancelCost(panel, a))),
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'reason' }, t('reason'), h('span', { class: 'muted small' }, ` (${t('optional')})`)),
      reason,
    ),
    certainty(panel, 'certainCancel'),
    trouble,
    h('div', { class: 'actions' }, submit, h('button', { type: 'button', onclick: back }, t('keep'))),
  );
  panel.show(
    'cancel',
    t('cancelTitle'),
    [
      h(
        'div',
        { class: 'stack wide' },
        summary(panel, Date.parse(a.start), Date.parse(a.end), {
          coach: a.coach,
          type: bookedType(panel, a),
        }),
        form,
      ),
    ],
    panel.page.title,
  );
  panel.say(t('cancelTitle'));
}

export function showOver(panel, words, a) {
  const managed = panel.element.hasAttribute('manage'); // that link is for this session alone
  panel.show(
    'over',
    words,
    [
      h(
        'div',
        { class: 'stack wide' },
        summary(panel, Date.parse(a.start), Date.parse(a.end), {
          coach: a.coach,
          type: bookedType(panel, a),
        }),
        h(
          'div',
          { class: 'actions' },
          !managed &&
            h(
              'button',
              { type: 'button', class: 'main', onclick: () => panel.go('pick', null, true) },
              panel.t('another'),
            ),
          sessionsButton(panel),
        ),
      ),
    ],
    panel.page.title,
  );
  panel.page.mine.hidden = true;
  panel.say(panel.t('pair', { a: words, b: panel.moment(Date.parse(a.start)) }));
}
