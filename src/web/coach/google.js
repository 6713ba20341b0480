/*
 * Google Calendar: connected or not, what it may do, what went wrong; and the feed of appointments.
 */

import { fill, h } from '../widget/dom.js';
import { format, isoText } from '../widget/time.js';
import { addressField, labelled, modal, question } from './dialogs.js';
import { sourcesSection } from './sources.js';
import { undeliveredSection } from './undelivered.js';

export async function googleView(house, heading) {
  const { t } = house;
  const query = new URLSearchParams(location.search);
  const returned = query.get('google');
  if (returned) history.replaceState(null, '', `${location.pathname}#google`);
  const place = h('div', { class: 'stack' });
  const notice = h(
    'div',
    { class: 'stack' },
    returned &&
      h(
        'p',
        { class: returned === 'connected' ? 'notice' : 'notice alarm' },
        returned === 'connected' ? t('connected') : t('connectFailed', { code: returned }),
      ),
  );
  if (notice.textContent) house.say(notice.textContent);
  const view = { house, place, notice, heading, title: h('h2') };
  const [google, sources, undelivered, webhooks] = await Promise.all([
    loadGoogle(house, house.once('google')),
    sourcesSection(house, () => reload(view)), // bookings may be written to another calendar now
    undeliveredSection(house),
    import('./webhooks.js?v=@VERSION@').then((part) =>
      part.webhooksSection(house, { addressField, fill, h, labelled, modal, question }),
    ),
  ]);
  renderGoogle(view, google);
  return [heading, notice, undelivered, view.title, place, sources, feed(house), webhooks];
}

/* Google's state, and the appointments whose event it refused. */
async function loadGoogle(house, asked) {
  const google = await asked;
  const since = isoText(house.now() - 30 * 86400000);
  const failed = google.failed
    ? (await house.coachCall('GET', `appointments?status=all&from=${since}&limit=100`)).appointments.filter(
        (one) => one.calendar?.state === 'failed' || one.calendar?.state === 'conflict',
      )
    : [];
  return { google, failed };
}

const reload = async (view) =>
  renderGoogle(view, await loadGoogle(view.house, view.house.coachCall('GET', 'google')));

function renderGoogle(view, { google, failed }) {
  const { house, place, notice, heading, title } = view;
  const { t } = house;
  title.textContent = t(google.mode === 'caldav' ? 'caldavTitle' : 'googleTitle');
  const act = (words, then) => async () => {
    try {
      await then();
      if (words) house.say(words);
    } catch (problem) {
      fill(notice, house.trouble(problem));
    }
  };
  const again = async (words) => {
    await reload(view);
    fill(notice, h('p', { class: 'notice' }, words));
    house.say(words);
    heading.focus();
  };
  const connect = act(null, async () => {
    const { url } = await house.coachCall('POST', 'google/connect', { credentials: 'same-origin' }); // for its cookie;
    location.assign(url);
  });
  const letGo = act(null, async () => {
    await house.coachCall('DELETE', 'google');
    await again(t('disconnected'));
  });
  const disconnect = () => question(t('disconnectSure'), null, [[t('disconnect'), letGo]], t('stay'));
  const retry = act(null, async () => {
    const { retried } = await house.coachCall('POST', 'google/retry');
    await again(t('retried', { n: retried }));
  });
  if (google.mode === 'off') return fill(place, h('p', { class: 'notice' }, t('googleOff')));
  const fact = (name, value) => [h('dt', null, name), h('dd', null, value)];
  const can = Object.entries(google.can ?? {});
  const last =
    google.last_success_at &&
    format(Date.parse(google.last_success_at), house.locale, {
      timeZone: house.zone,
      dateStyle: 'medium',
      timeStyle: 'short',
    });
  return fill(
    place,
    google.state !== 'ok' &&
      h(
        'div',
        { class: 'notice alarm' },
        h('h2', null, t(google.state)),
        google.detail && h('p', null, google.detail),
      ),
    h(
      'dl',
      { class: 'facts' },
      fact(t('state'), h('strong', { class: google.state === 'ok' ? 'yes' : 'no' }, t(google.state))),
      fact(t('modeLabel'), t(google.mode)),
      google.account && fact(t('account'), google.account),
      google.calendars?.length > 0 &&
        fact(
          t('calendars'),
          h(
            'ul',
            null,
            google.calendars.map((one) =>
              h('li', null, one.id, h('span', { class: 'muted' }, ` – ${t(one.write ? 'writes' : 'reads')}`)),
            ),
          ),
        ),
      can.length > 0 &&
        fact(
          t('may'),
          h(
            'ul',
            null,
            can.map(([name, value]) =>
              h(
                'li',
                { class: value === true ? 'yes' : value === false ? 'no' : 'maybe' },
                house.pair(t(name), t(value === true ? 'yes' : value === false ? 'no' : 'unknown')),
              ),
            ),
          ),
        ),
      fact(t('lastSuccess'), last ?? t('never')),
      fact(t('owed'), t('owedText', { n: google.pending })),
      fact(t('failedCount'), t('owedText', { n: google.failed })),
    ),
    failed.length > 0 &&
      h(
        'section',
        { class: 'stack' },
        h('h2', null, t('refusedEvents')),
        h(
          'ul',
          { class: 'lines' },
          failed.map((one) =>
            h(
              'li',
              null,
              h('strong', null, `${house.moment(Date.parse(one.start))}, ${house.nameOf(one)}`),
              h(
                'p',
                { class: 'muted' },
                one.calendar.detail ?? t(one.calendar.state === 'failed' ? 'eventFailed' : 'eventConflict'),
              ),
            ),
          ),
        ),
      ),
    h(
      'div',
      { class: 'actions' },
      google.failed > 0 && h('button', { type: 'button', class: 'main', onclick: retry }, t('retryFailed')),
      google.mode === 'oauth' &&
        h(
          'button',
          { type: 'button', class: google.state === 'needs_consent' ? 'main' : null, onclick: connect },
          t(google.state === 'needs_consent' ? 'connect' : 'again'),
        ),
      google.mode === 'oauth' &&
        google.state !== 'needs_consent' &&
        h('button', { type: 'button', onclick: disconnect }, t('disconnect')),
    ),
  );
}

/* The address is a secret, so it is shown only when asked for. */
function feed(house) {
  const { t } = house;
  const place = h('div', { class: 'stack' });
  const show = (method) => async () => {
    try {
      const { url } = await house.coachCall(method, 'feed');
      const renew = h('button', { type: 'button', onclick: show('POST') }, t('newFeed'));
      if (!url) {
        fill(place, h('p', null, t('feedHidden')), h('div', { class: 'actions' }, renew));
        return;
      }
      const field = h('input', { id: 'feed', readonly: true, value: url });
      const copy = h(
        'button',
        {
          type: 'button',
          onclick: async () => {
            field.select();
            try {
              await navigator.clipboard.writeText(url);
            } catch {
              document.execCommand('copy'); // where the page may not use the clipboard by itself
            }
            house.say(t('copied'));
            copy.textContent = t('copied');
          },
        },
        t('copy'),
      );
      fill(
        place,
        h('div', { class: 'field' }, h('label', { for: 'feed' }, t('address')), field),
        h('div', { class: 'actions' }, copy, renew),
      );
      field.focus();
      field.select();
    } catch (problem) {
      fill(place, house.trouble(problem));
    }
  };
  fill(
    place,
    h('div', { class: 'actions' }, h('button', { type: 'button', onclick: show('GET') }, t('showFeed'))),
  );
  return h(
    'section',
    { class: 'stack ruled' },
    h('h2', null, t('feed')),
    h('p', { class: 'hint' }, t('feedHint')),
    place,
  );
}
