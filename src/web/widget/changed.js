/*
 * A session that was changed elsewhere since this page has shown it: by the coach, in another tab, from a mail. What is done
 * with it is done to what its client sees; else they are told what has become of it, and see that.
 */

import { h } from './dom.js';
import { reasonWords } from './notices.js';
import { toSessions } from './session.js';
import { causeOf, ifUnchanged, otherThan } from './unchanged.js';

/* What it is now, if it is not as it is shown here. */
const presentOf = async (panel, shown) => otherThan(shown, await panel.call('GET', `booking/${shown.id}`));

function fateWord(before, now) {
  if (now.status === 'scheduled') return before.status === 'scheduled' ? 'noticeMovedTo' : 'noticeConfirmed';
  if (before.status === 'held') return 'offerOver';
  return { cancelled: 'noticeCancelled', declined: 'noticeDeclined', expired: 'noticeExpired' }[now.status];
}

/* One's sessions, below what has happened to one of them; `more`: what is said of it, if anything. */
export function tellAbove(panel, words, more) {
  const text = [words, panel.t('meanwhile'), more].filter(Boolean).join(' ');
  panel.sayFirst(text);
  toSessions(panel, h('p', { class: 'notice wide' }, text));
}

function tellFate(panel, before, now) {
  const { t } = panel;
  panel.tell('changed', now);
  if (panel.element.hasAttribute('move-only')) return; // the coach's page tells it in its own words
  const word = fateWord(before, now);
  const reason = now.cancelled_by !== 'client' && (now.move_reason ?? now.cancel_reason);
  tellAbove(
    panel,
    word ? t(word, { when: panel.moment(Date.parse(now.start)) }) : t.code('not_active'),
    reason && reasonWords(t, reason),
  );
}

/*
 * Does send() if the session stands as it is shown; else tells what has become of it, and answers null. reached(now): it is
 * already what was wanted.
 */
export const ifStands = (panel, shown, send, reached = () => false) =>
  ifUnchanged(
    { look: () => presentOf(panel, shown), reached, tell: (now) => tellFate(panel, shown, now) },
    send,
  );

/* Whether something was refused for what the session has become meanwhile, which is then told. */
export async function isChanged(panel, shown, problem) {
  const now = await causeOf(problem, () => presentOf(panel, shown));
  if (now) tellFate(panel, shown, now);
  return Boolean(now);
}
