/* What is told above every view: trouble with a calendar or with mail. */

import { fill, h } from '../widget/dom.js';

const bannerOf = (house, text, word) =>
  fill(h('div', { class: 'banner' }), h('span', null, text), h('a', { href: '#google' }, house.t(word)));

export function calendarBanner(house, google) {
  const { t } = house;
  const name = t(google?.mode === 'caldav' ? 'caldavTitle' : 'googleTitle');
  const words = {
    needs_consent: () => t('bannerConsent'),
    failing: () =>
      google.last_success_at
        ? t('bannerFailing', { name, time: house.moment(Date.parse(google.last_success_at)) })
        : t('bannerNever', { name }),
  };
  words.backing_off = words.failing;
  const text = google && google.mode !== 'off' && words[google.state]?.();
  return text && bannerOf(house, text, 'bannerWhat');
}

/* Of calendars that are read by their feeds, those that cannot be. */
export const sourcesBanner = (house, calendars) =>
  calendars
    .filter(({ state, blocks }) => state === 'failing' && blocks)
    .map(({ name }) => bannerOf(house, house.t('bannerSource', { name }), 'bannerWhat'));

/* Of addresses that events are sent to, those that were given up. */
export const webhooksBanner = (house, webhooks) =>
  webhooks
    .filter(({ state }) => state === 'disabled')
    .map(({ url }) => bannerOf(house, house.t('bannerWebhook', { host: new URL(url).host }), 'bannerWhat'));

export const mailBanner = (house, notices) =>
  notices.length > 0 && bannerOf(house, house.t('bannerMail', { n: notices.length }), 'bannerSee');
