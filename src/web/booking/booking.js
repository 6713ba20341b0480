/*
 * The stand-alone booking page: the widget, the coach's colour, the languages. What is shown stands in the address:
 * /booking/<coach>/<type>, or `?coach=`, `?session_type=`; further `?duration=`, `?lang=`, and to fill in `name`,
 * `email`, `phone`, `notes`, `date`, `time` and `answers` (JSON by question id).
 */

import { accentRoles } from '../design/accent.js';
import { followMail, forgetIdentity, pageLanguage, takeIdentity } from './identity.js';

const place = 'mosaic-booking-identity';
const { call, h, initials, languageNames, languages, memory, speak, strings } =
  await customElements.whenDefined('mosaic-booking');
const language = await speak(pageLanguage(languages));
const words = strings[language];
const query = new URLSearchParams(location.search);
const [, coachInPath, typeInPath] = location.pathname
  .slice(location.pathname.lastIndexOf('/booking/') + '/booking'.length)
  .split('/')
  .map(decodeURIComponent);
const base = new URL('..', import.meta.url);
const mailed = await followMail(
  (...rest) => call(base, {}, ...rest),
  () => memory.read().nonce,
);
const managed = keptLink();
let identity = managed.appointment ? managed : takeIdentity(place);
if (mailed?.token && !mailed.appointment) memory.write({ token: mailed.token });
const main = document.querySelector('main');
/* The views that use the whole width, or that may come first, when nothing should jump. */
const wide = ['pick', 'types', 'details', 'sessions', 'managed', 'signIn'];
const heading = document.querySelector('h1');

document.documentElement.lang = language;
document.title = heading.textContent = words.book;

/* What a mail's link has opened outlives a reload of this tab, as long as its session lasts, but no other way to the page. */
function keptLink() {
  const name = 'mosaic-booking-managed';
  try {
    if (mailed?.appointment) sessionStorage.setItem(name, JSON.stringify(mailed));
    else if (!history.state?.mosaic) sessionStorage.removeItem(name);
    if (mailed) return mailed; // just opened
    const link = JSON.parse(sessionStorage.getItem(name)) ?? {};
    return { ...link, token: link.until > Date.now() ? link.token : null };
  } catch {
    return mailed ?? {}; // blocked
  }
}

/* The accent goes to the page as a whole, by the tokens that depend on it. */
function paint(accent) {
  if (!accent) return;
  const { ink, strong, tint } = accentRoles(accent);
  const { style } = document.documentElement;
  style.setProperty('--accent', accent);
  style.setProperty('--accent-ink', ink);
  style.setProperty('--accent-strong', `light-dark(${strong.light}, ${strong.dark})`);
  style.setProperty('--accent-tint', `light-dark(${tint.light}, ${tint.dark})`);
}

function languageLinks() {
  const links = Object.entries(languages).map(([code, name]) => {
    if (code === language) return h('span', { lang: code }, name);
    const address = new URL(location.href);
    address.searchParams.set('lang', code);
    address.hash = '';
    // A mail's secret that could not be asked about goes along, but stands in no link that may be copied.
    const along = ({ button, currentTarget: link }) => {
      if (button === 2) return; // where it may be copied
      link.hash = location.hash;
      setTimeout(() => {
        link.hash = '';
      });
    };
    const follow = { onclick: along, onauxclick: along };
    return h('a', { lang: code, hreflang: code, href: address.href, ...follow }, name);
  });
  document.querySelector('footer').replaceChildren(...links);
}

function showWidget() {
  const widget = document.createElement('mosaic-booking');
  for (const name of ['inline', 'steps']) widget.setAttribute(name, '');
  widget.setAttribute(
    'lang',
    query.get('lang') ? language : (navigator.languages.find((tag) => tag.startsWith(language)) ?? language),
  );
  const given = {
    coach: coachInPath || query.get('coach'),
    'session-type': typeInPath || query.get('session_type') || query.get('type'),
    duration: query.get('duration'),
    date: query.get('date'),
    time: query.get('time'),
  };
  for (const [name, value] of Object.entries(given)) if (value) widget.setAttribute(name, value);
  widget.booker = Object.fromEntries(
    ['name', 'email', 'phone', 'notes']
      .filter((name) => query.get(name))
      .map((name) => [name, query.get(name)]),
  );
  try {
    widget.booker = { ...widget.booker, answers: JSON.parse(query.get('answers')) };
  } catch {
    /* a link that was cut: the questions are asked as ever */
  }
  widget.token = identity.token ?? null;
  widget.session = identity.session ?? null;
  if (managed.appointment) widget.setAttribute('manage', managed.appointment);
  let view;
  widget.addEventListener('error', async ({ detail }) => {
    // A token that is over is not brought again by a reload: it would stand before that of whoever signs in now.
    if (detail.code === 'unauthenticated' && identity.token && !managed.appointment)
      identity = forgetIdentity(place);
    if (detail.field !== 'coach' || view !== 'pick' || !(await showCoaches())) return;
    widget.remove();
    heading.tabIndex = -1;
    heading.focus(); // it was in the widget
  });
  widget.addEventListener('known', ({ detail }) => {
    paint(detail.profile?.accent);
    const name = detail.profile?.name;
    if (name) heading.textContent = `${words.book} · ${name}`;
  });
  widget.addEventListener('view', ({ detail }) => {
    view = detail.name;
    document.title = detail.title;
    widget.classList.toggle('narrow', !wide.includes(detail.name));
  });
  const signIn = () => {
    view = 'signIn'; // on its way: no choice of a coach comes over it
    widget.showSignIn(mailed.failed);
  };
  if (mailed?.failed) widget.addEventListener('view', signIn, { once: true });
  document.querySelector('.waiting-page')?.remove();
  main.append(widget);
  window.addEventListener('hashchange', () => {
    const next = takeIdentity(place);
    widget.token = next.token ?? null;
    widget.session = next.session ?? null;
  });
}

/* Whom to book with, where there are several coaches and the address names none. False: there is nothing to choose. */
async function showCoaches() {
  const token = identity.token ?? (identity.session ? null : memory.session(true));
  const headers = {
    ...(token && { Authorization: `Bearer ${token}` }),
    ...(identity.session && { 'X-Session-ID': identity.session }),
  };
  const { coaches, shared_types: shared } = await call(base, headers, 'GET', 'booking/coaches').catch(() => ({
    coaches: [],
  }));
  if (coaches.length < 2) return false;
  const { show } = await import('./coaches.js?v=@VERSION@');
  document.querySelector('.waiting-page')?.remove();
  heading.className = 'title';
  const spoken = (tags) => languageNames(tags, language);
  main.append(show({ h, initials, spoken }, coaches, base, shared.length > 0 && words.anyCoach));
  return true;
}

/* The server could not be asked what a mail's link opens. */
function showFailure() {
  document.querySelector('.waiting-page')?.remove();
  main.className = 'missing';
  main.append(
    h('p', { role: 'alert' }, words[mailed.failed]),
    h('p', null, h('button', { onclick: () => location.reload() }, words.retry)),
  );
}

if (parent !== window) import('./framed.js?v=@VERSION@');
languageLinks();
// A mail's link that is followed in a tab which has this page changes nothing but the address: it has to leave it.
window.addEventListener('hashchange', () => {
  if (/[#&](manage|sign-in)=/.test(location.hash)) location.reload();
});
const named = coachInPath || query.get('coach') || managed.appointment || mailed?.failed;
if (mailed?.again) showFailure();
else if (named || !(await showCoaches())) showWidget();
