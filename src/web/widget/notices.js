/* What happened to one's sessions, told in the page; and what one wants to be told by mail. */

import { fill, h, icon } from './dom.js';

/* Why a session was moved or cancelled: in the coach's words, or in ours. */
export const reasonWords = (t, reason) =>
  reason === 'too_few_booked' ? t('tooFewBooked') : t('coachSaid', { reason });

/* A bell beside the title while there is something new. Nobody is bothered if it cannot be asked. */
export async function showBell(panel) {
  const { element, page } = panel;
  if (element.hasAttribute('move-only') || element.hasAttribute('manage')) return;
  if (!element.token && !element.session && !element.headers) return;
  const reply = await panel.call('GET', 'booking/user/me/notices?limit=1', { quiet: true }).catch(() => null);
  if (page !== panel.page) return;
  page.bell?.remove();
  page.bell = null;
  if (!reply?.unread) return;
  page.bell = h(
    'button',
    {
      type: 'button',
      class: 'bell',
      'aria-label': panel.t('newNotices', { n: reply.unread }),
      onclick: () => panel.go('notices'),
    },
    icon('bell'),
    h('span', { class: 'count', 'aria-hidden': 'true' }, String(Math.min(reply.unread, 99))),
  );
  page.mine.before(page.bell);
}

/* All of them, the newest first; a page of the server's goes forward in time. */
async function allNotices(panel) {
  const found = [];
  for (let after = 0; after !== null && found.length < 500; ) {
    const reply = await panel.call('GET', `booking/user/me/notices?after=${after}&limit=100`);
    found.push(...reply.notices);
    after = reply.next_cursor;
  }
  return found.sort((a, b) => b.id - a.id);
}

function noticeItem(panel, one) {
  const { t } = panel;
  const when = panel.moment(Date.parse(one.start));
  const before = one.previous_start && panel.moment(Date.parse(one.previous_start));
  const words =
    one.kind === 'moved' && before
      ? t('noticeMoved', { when, before })
      : t(
          {
            confirmed: 'noticeConfirmed',
            moved: 'noticeMovedTo',
            meeting_changed: 'noticeMeetingChanged',
            cancelled: 'noticeCancelled',
            reminder: 'noticeReminder',
            offer: 'noticeOffer',
            requested: 'noticeRequested',
            declined: 'noticeDeclined',
            expired: 'noticeExpired',
            credits_low: 'noticeCreditsLow',
            credits_ending: 'noticeCreditsEnding',
          }[one.kind],
          { when },
        );
  return h(
    'li',
    null,
    h('span', null, !one.read_at && h('span', { class: 'badge' }, t('isNew')), ' ', words),
    one.reason && h('span', null, reasonWords(t, one.reason)),
    h('span', { class: 'small muted' }, panel.moment(Date.parse(one.at))),
  );
}

async function preferencesPart(panel) {
  const { t } = panel;
  const ways = await panel.call('GET', 'booking/sign-in', { quiet: true });
  if (!ways.notices) return h('p', { class: 'muted small wide' }, t('noMails'));
  const wish = await panel.call('GET', 'booking/user/me/preferences');
  const trouble = h('div', { class: 'wide' });
  const box = h('input', {
    type: 'checkbox',
    id: 'reminders',
    checked: wish.reminders !== false,
    onchange: async () => {
      try {
        await panel.call('PUT', 'booking/user/me/preferences', { body: { ...wish, reminders: box.checked } });
        trouble.replaceChildren();
        panel.say(t('saved'));
      } catch (problem) {
        box.checked = !box.checked;
        trouble.replaceChildren(panel.trouble(problem));
      }
    },
  });
  return h(
    'div',
    { class: 'stack wide' },
    h('h3', null, t('preferences')),
    h('label', { class: 'tickable', for: box.id }, box, h('span', null, t('wantReminders'))),
    h('p', { class: 'hint' }, t('remindersHint')),
    trouble,
  );
}

export async function showNotices(panel) {
  const { t } = panel;
  panel.asked += 1;
  const bone = () => h('div', { class: 'bone wide', 'aria-hidden': 'true' });
  const list = h('div', { class: 'stack wide' }, bone());
  const wishes = h('div', { class: 'stack wide' });
  panel.show(
    'notices',
    t('notices'),
    [h('div', { class: 'stack wide middle' }, list, wishes)],
    panel.page.title,
  );
  const { signal } = panel.leave;
  try {
    const notices = await allNotices(panel);
    if (signal.aborted) return;
    fill(
      list,
      notices.length
        ? h(
            'ul',
            { class: 'notices wide' },
            notices.map((one) => noticeItem(panel, one)),
          )
        : h('p', { class: 'muted' }, t('noNotices')),
    );
    panel.say(t('noticesListed', { n: notices.length }));
    if (notices.some(({ read_at: read }) => !read)) {
      const body = { up_to: notices[0].id };
      await panel.call('PUT', 'booking/user/me/notices/read', { body, quiet: true });
      panel.page.bell?.remove();
    }
    fill(wishes, await preferencesPart(panel));
  } catch (problem) {
    if (signal.aborted || (await panel.signInFirst(problem, () => showNotices(panel)))) return;
    fill(
      list,
      panel.trouble(problem, () => showNotices(panel)),
    );
  }
}
