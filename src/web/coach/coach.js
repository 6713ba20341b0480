/*
 * The coach's page: who signs in, which view is shown, and what the views share.
 *
 * A view is a function (house) -> elements or a promise of them; `house` below is all that it may use. The
 * schedule is one document on the server: views get it by house.schedule(), and save a whole new one by
 * house.save(), which sends If-Match so that two editors never overwrite each other.
 */

import { Problem, ServerClock, call, explain, mayHelp } from '../widget/calls.js';
import { fill, h, initials } from '../widget/dom.js';
import { clockOptions, format, formatRange, zoneName, zoneText } from '../widget/time.js';
import { memory } from '../widget/memory.js';
import { signInForm } from '../widget/sign_in.js';
import { translator } from '../widget/translate.js';
import { applyAccent } from '../design/accent.js';
import { followMail, forgetIdentity, pageLanguage, takeIdentity } from '../booking/identity.js';
import { languages, speak, strings } from './words.js';
import { calendarBanner, mailBanner, sourcesBanner, webhooksBanner } from './banners.js';
import { question } from './dialogs.js';
import { homeView } from './home.js';
import { viewsMenu } from './menu.js';
import { profileView } from './profile.js';
import { inHours } from './time.js';
import { weekView } from './week.js';
import { creditsView } from './credits.js';
import { peopleView } from './people.js';
import { hoursView } from './hours.js';
import { rulesView } from './rules.js';
import { googleView } from './google.js';

const views = {
  home: homeView,
  week: weekView,
  people: peopleView,
  credits: creditsView,
  hours: hoursView,
  rules: rulesView,
  google: googleView,
  profile: profileView,
};
const server = new URL('..', import.meta.url);
const language = await speak(pageLanguage(languages));
const t = translator(strings, language);
const locale =
  navigator.languages.find((tag) => tag.includes('-') && tag.toLowerCase().startsWith(language + '-')) ??
  language;
const live = h('p', { class: 'hidden', role: 'status', 'aria-live': 'polite', id: 'live' });
const main = h('main', { id: 'main', tabindex: '-1' });
const banner = h('div', { class: 'banners', role: 'status' });
let identity = takeIdentity('mosaic-coach-identity');
let further = []; // the banners that come after the view
let turn = 0; // which showing of a view is the latest
let kept = {}; // of the coach who is shown, and of no other: schedule and version as the server last gave them, profile
let menu = null;
let asked = {}; // {turn, answers}: what was asked for the view that is shown, by its path

function say(text) {
  live.textContent = '';
  setTimeout(() => {
    live.textContent = text;
  }, 60);
}

const serverClock = new ServerClock();

const headers = () => ({
  ...(identity.token && { Authorization: `Bearer ${identity.token}` }),
  ...(identity.session && { 'X-Session-ID': identity.session }),
});

/* The version that an ETag names: a proxy that compresses makes W/"7" or "7-gzip" of "7", or takes it away. */
const versionOf = (etag) => /\d+/.exec(etag ?? '')?.[0] ?? null;

/* What was asked for one coach is not put over another's, who is shown meanwhile. */
function mayBeSaved(whose) {
  if (whose !== house.coach) throw new Problem({ code: 'changed_meanwhile', status: 412 });
}

const house = {
  t,
  locale,
  say,
  coach: null,
  zone: 'UTC',
  server,
  hour12: Boolean(new Intl.DateTimeFormat(navigator.language, { hour: 'numeric' }).resolvedOptions().hour12),
  identity: () => identity,
  now: serverClock.now,
  call: (method, path, options) =>
    call(server, headers, method, path, { ...options, heard: serverClock.heard }),
  coachCall: (method, path, options) =>
    house.call(method, `coach/${encodeURIComponent(house.coach)}/${path}`, options),
  explain: (problem) => explain(problem, t),
  time: (instant, zone = house.zone) =>
    format(instant, locale, { timeZone: zone, ...clockOptions(house.hour12) }),
  /* "10 AM", "10:00": a full hour where there is little room. */
  hour: (minutes) =>
    house.hour12
      ? format(minutes * 60000, locale, { timeZone: 'UTC', hour: 'numeric', hour12: true })
      : house.clock(minutes),
  clock: (minutes) => format(minutes * 60000, locale, { timeZone: 'UTC', ...clockOptions(house.hour12) }),
  /* "1 – 3 PM", "13:00 – 14:30": from one minute of a day to another; to midnight, each is told by itself. */
  hours: (from, to) =>
    to % 1440 === 0
      ? `${house.clock(from)} – ${house.clock(0)}`
      : formatRange(from * 60000, to * 60000, locale, {
          timeZone: 'UTC',
          ...clockOptions(house.hour12),
          ...(house.hour12 && from % 60 === 0 && to % 60 === 0 && { minute: undefined }),
        }),
  day: (day, style = 'long', year = undefined) =>
    format(Date.parse(day), locale, { timeZone: 'UTC', weekday: style, day: 'numeric', month: style, year }),
  moment: (instant, more) =>
    format(instant, locale, {
      timeZone: house.zone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      ...more,
      ...clockOptions(house.hour12),
    }),
  zoneText: () => zoneText(house.zone, house.now()),
  trouble(problem, retry) {
    say(explain(problem, t));
    return h(
      'div',
      { class: 'notice alarm' },
      h('p', null, explain(problem, t)),
      retry && mayHelp(problem) && h('button', { type: 'button', onclick: retry }, t('retry')),
    );
  },
  choice: (name, legend, options, value, change) =>
    h(
      'fieldset',
      { class: 'choice' },
      h('legend', { class: 'hidden' }, legend),
      options.map(([key, text]) =>
        h(
          'label',
          null,
          h('input', {
            type: 'radio',
            name,
            value: key,
            checked: key === value,
            onchange: () => change(key),
          }),
          h('span', null, text),
        ),
      ),
    ),
  pair: (a, b) => t('pair', { a, b }),
  /* Who has booked: a client whom a coach has entered may have no name. */
  nameOf: (one) => one.name ?? one.email ?? t('unnamed'),
  show: (name) => show(name),
  again: () => show(current()),
  dirty: null, // set by a view, or a window, with unsaved changes: {save, discard}
  leaving: (then) => leaving(then),

  async schedule() {
    const mine = kept;
    if (!mine.schedule) {
      const { content, etag } = await house.coachCall('GET', 'schedule', { etag: '' });
      Object.assign(mine, { schedule: content, version: versionOf(etag) });
    }
    return mine.schedule;
  },
  /*
   * Saves a whole document, which is of the coach `whose`; answers the appointments that now lie outside the hours. A
   * Problem says what is wrong with it.
   */
  async save(next, whose) {
    mayBeSaved(whose);
    const mine = kept;
    const etag = mine.version && `"${mine.version}"`;
    const reply = await house.coachCall('PUT', 'schedule', { body: next, etag });
    const { appointments_outside_hours: outside, ...saved } = reply.content;
    const former = mine.schedule;
    Object.assign(mine, { schedule: saved, version: versionOf(reply.etag) });
    if (mine === kept) house.zone = zoneName(saved.time_zone);
    // What lay outside all hours before is no news: only what this very change put there is told.
    return (outside ?? []).filter(
      (one) =>
        !former ||
        [null, ...former.session_types].some((type) =>
          inHours(former, Date.parse(one.start), Date.parse(one.end), type),
        ),
    );
  },
  forget() {
    kept.schedule = null;
  },
  scheduleVersion: () => Number(kept.version ?? 1),

  /* Asked once, whoever wants it first. */
  profile() {
    const mine = kept;
    mine.profile ??= house.coachCall('GET', 'profile').catch((problem) => {
      mine.profile = null;
      throw problem;
    });
    return mine.profile;
  },
  async saveProfile(next, whose) {
    mayBeSaved(whose);
    const mine = kept;
    mine.profile = await house.coachCall('PUT', 'profile', { body: next });
    if (mine !== kept) return mine.profile;
    house.zone = zoneName(mine.profile.time_zone);
    house.forget();
    await paint();
    return mine.profile;
  },
  forgetProfile() {
    kept.profile = null;
  },
  /* What stands at a path of the coach's; asked once a view, by whoever wants it first. */
  once(path) {
    if (asked.turn !== turn) asked = { turn, answers: {} };
    asked.answers[path] ??= house.coachCall('GET', path);
    return asked.answers[path];
  },
  /* How the coach's calendar stands; null if it cannot be told. */
  google: () => house.once('google').catch(() => null),

  pageAddress: (own) => new URL(`booking/${encodeURIComponent(own.slug ?? house.coach)}`, server).href,
  /* The coach's picture, or initials. */
  face(own) {
    if (own.picture_version)
      return h('img', {
        class: 'avatar',
        alt: '',
        src: new URL(`coach/${encodeURIComponent(house.coach)}/picture?v=${own.picture_version}`, server)
          .href,
      });
    return h('div', { class: 'avatar', 'aria-hidden': 'true' }, initials(own.name ?? house.coach));
  },
  /* Without the clipboard (an insecure page), the text is selected, to be copied by hand. */
  async copy(text, field) {
    try {
      await navigator.clipboard.writeText(text);
      say(t('copied'));
    } catch {
      field.focus();
      field.select();
    }
  },
};

/* ---- signing in ---- */

/* By mail where the server sends any, else by a token. */
async function signIn(problem) {
  document.title = t('title');
  say('');
  const ways = await house.call('GET', 'booking/sign-in').catch(() => ({}));
  if (!ways.mail) return signInByToken(problem);
  const desk = { t, say, call: house.call };
  const form = signInForm(desk, 'coach', locale, (session) => {
    location.hash = new URLSearchParams({ token: session.token });
  });
  fill(
    document.body,
    fill(
      main,
      h(
        'div',
        { class: 'sign-in' },
        h('h1', { tabindex: '-1' }, t('signIn')),
        form.element,
        h('button', { type: 'button', class: 'plain', onclick: () => signInByToken() }, t('useToken')),
      ),
    ),
    live,
  );
  form.focus();
  if (problem) form.complain(problem);
  return undefined;
}

function signInByToken(problem) {
  const field = h('input', {
    id: 'token',
    type: 'password',
    autocomplete: 'off',
    required: true,
    'aria-describedby': 'token-hint',
  });
  const form = h(
    'form',
    {
      class: 'sign-in',
      onsubmit: (event) => {
        event.preventDefault();
        const text = field.value.trim();
        if (!text) return field.focus();
        // A token has three parts between dots; the platform's session ids have none.
        location.hash = new URLSearchParams(
          text.split('.').length === 3 ? { token: text } : { session: text },
        );
        return undefined;
      },
    },
    h('h1', { tabindex: '-1' }, t('signIn')),
    problem && h('div', { class: 'notice alarm' }, h('p', null, problem)),
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'token' }, t('token')),
      field,
      h('p', { class: 'hint', id: 'token-hint' }, t('signInHint')),
    ),
    h('div', { class: 'actions' }, h('button', { class: 'main' }, t('signIn'))),
  );
  fill(document.body, fill(main, form), live);
  (problem ? form.querySelector('h1') : field).focus();
  if (problem) say(problem);
}

async function enter() {
  if (!identity.token && !identity.session) return signIn();
  try {
    const me = await house.call('GET', 'coach/me');
    house.coaches = me.coaches?.map((one) => one.id ?? one) ?? [me.coach];
    house.coach = me.coach ?? house.coaches[0];
    house.zone = zoneName(
      me.time_zone ?? me.coaches?.find((one) => one.id === house.coach)?.time_zone ?? 'UTC',
    );
    return frame();
  } catch (problem) {
    if (problem.status === 401) {
      identity = forgetIdentity('mosaic-coach-identity');
      return signIn(t('expired'));
    }
    if (problem.status === 403) return signIn(t('notCoach'));
    return fill(document.body, fill(main, house.trouble(problem, enter)), live);
  }
}

/* ---- the frame around the views ---- */

function frame() {
  // What Google sent the coach back with is told once; the rest of the query (`lang`) stays.
  const query = new URLSearchParams(location.search);
  query.delete('google');
  const address = location.pathname + (query.size ? `?${query}` : '');
  const links = Object.keys(views).map((name) => h('a', { href: `${address}#${name}` }, t(name)));
  const whose =
    house.coaches.length > 1 &&
    h(
      'label',
      { class: 'whose' },
      h('span', { class: 'hidden' }, t('whose')),
      h(
        'select',
        {
          onchange: ({ target }) => {
            const wanted = target.value;
            target.value = house.coach; // until it is settled that this one may be left
            leaving(() => {
              target.value = wanted;
              return showCoach(wanted);
            });
          },
        },
        house.coaches.map((id) => h('option', { value: id, selected: id === house.coach }, id)),
      ),
    );
  const signOut = () => {
    // A session by mail is ours to end; the platform's token is not.
    if (identity.token?.startsWith('bks_'))
      house.call('DELETE', 'session', { keepalive: true }).catch(() => {});
    leaveCoach();
    identity = forgetIdentity('mosaic-coach-identity');
    location.hash = '';
    signIn();
  };
  menu = viewsMenu(
    house,
    h(
      'div',
      { id: 'views' },
      h('nav', { 'aria-label': t('views') }, links),
      h('button', { type: 'button', class: 'plain', onclick: () => leaving(signOut) }, t('signOut')),
    ),
  );
  const face = h('div', { class: 'whoami' }, h('div', { class: 'avatar' })); // its place, so that the menu stays
  house.showFace = (own) =>
    fill(face, house.face(own), h('div', null, h('strong', null, own.name ?? house.coach), whose));
  fill(
    document.body,
    h(
      'a',
      {
        class: 'skip',
        href: '#main',
        onclick: (event) => {
          event.preventDefault();
          main.focus();
        },
      },
      t('skip'),
    ),
    h(
      'div',
      { class: 'shell', onpointerdown: menu.leave },
      h('header', { class: 'side' }, face, menu.element),
      h('div', { class: 'content' }, banner, main),
    ),
    live,
  );
  paint().catch(() => house.showFace({}));
  const returned = new URLSearchParams(location.search).get('google');
  // Not by location.hash, whose event would show the view a second time, without the query's words.
  if (returned) history.replaceState(null, '', `${location.search}#google`);
  return show(current());
}

/* Nothing of the coach who was shown is kept: neither what was read nor what was not saved. */
function leaveCoach() {
  house.dirty = null;
  kept = {};
  further = [];
  turn += 1;
  fill(banner);
  document.documentElement.removeAttribute('style'); // their colour
}

/* Another coach of the same person's. */
async function showCoach(id) {
  leaveCoach();
  house.coach = id;
  const mine = turn;
  fill(main, h('p', { class: 'muted' }, t('loading')));
  paint().catch(() => house.showFace({}));
  const own = await house.schedule().catch(() => null); // the view tells what is wrong
  if (mine !== turn) return;
  if (own) house.zone = zoneName(own.time_zone);
  show(current());
}

/* Who it is, in their own colour. */
async function paint() {
  const mine = kept;
  const own = await house.profile();
  if (mine !== kept) return;
  if (own.accent) applyAccent(document.documentElement, own.accent, '--');
  house.showFace(own);
}

/* Trouble with a calendar or with mail is told above every view; what can wait is asked when the view is there. */
async function warn(shown) {
  const mine = turn;
  const state = await house.google();
  if (mine !== turn) return;
  fill(banner, calendarBanner(house, state), further);
  await shown;
  const list = (path) => house.once(path).catch(() => null);
  const [notices, calendars] = await Promise.all(['notices', 'calendars'].map(list));
  const tell = (hooks) => {
    if (mine !== turn) return;
    further = [
      sourcesBanner(house, calendars?.calendars ?? []),
      mailBanner(house, notices?.notices ?? []),
      webhooksBanner(house, hooks?.webhooks ?? []),
    ];
    fill(banner, calendarBanner(house, state), further);
  };
  if (mine > 1) {
    tell(await list('webhooks'));
    return;
  }
  tell();
  // The first view has enough to ask for: whether other programs are told can wait.
  setTimeout(async () => mine === turn && tell(await list('webhooks')), 4000);
}

const current = () => {
  const name = location.hash.slice(1);
  return views[name] ? name : 'home';
};

async function show(name) {
  const mine = ++turn;
  house.dirty = null; // what was not saved is no longer shown
  house.forget(); // what another editor saved meanwhile is seen at the next look
  document.title = `${t(name)} – ${house.coach}`;
  menu.name(t(name));
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) {
      link.setAttribute('aria-current', 'page');
      link.scrollIntoView({ block: 'nearest' });
    } else link.removeAttribute('aria-current');
  }
  const heading = h('h1', { tabindex: '-1' }, t(name));
  fill(
    main,
    heading,
    h('p', { class: 'muted' }, t('loading')),
    h('div', { class: 'bone', 'aria-hidden': 'true' }),
  );
  const content = Promise.resolve(views[name](house, heading)); // peopleView answers at once
  warn(content.catch(() => {}));
  try {
    const elements = await content;
    if (mine !== turn) return;
    fill(main, elements);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (mine !== turn) return;
    if (problem.status === 401) {
      identity = forgetIdentity('mosaic-coach-identity');
      signIn(t('expired'));
      return;
    }
    fill(
      main,
      heading,
      house.trouble(problem, () => show(name)),
    );
  }
}

/* Unsaved changes are not lost by a stray click: the way out, then(), asks first. */
function leaving(then) {
  if (!house.dirty) return then();
  const { save, discard } = house.dirty;
  const leave = (settle) => async () => {
    if ((await settle()) !== false) then();
  };
  const answers = [
    [t('save'), leave(save)],
    [t('discard'), leave(() => discard(true))],
  ];
  question(t('leave'), null, answers, t('stay'));
  return undefined;
}

/* Whether somebody is signed in, and may be shown what is theirs. */
const isIn = () => Boolean(house.coach && (identity.token || identity.session));

let shownHash = location.hash;

window.addEventListener('hashchange', () => {
  if (/[#&]sign-in=/.test(location.hash)) return location.reload(); // the secret leaves the address bar
  if (/[#&](token|session)=/.test(location.hash)) {
    identity = takeIdentity('mosaic-coach-identity');
    leaveCoach();
    enter();
    return;
  }
  if (!isIn()) return;
  if (house.dirty && location.hash !== shownHash) {
    const wanted = current();
    history.replaceState(null, '', shownHash || '#home');
    leaving(() => {
      location.hash = wanted;
    });
    return;
  }
  shownHash = location.hash;
  show(current()).then(() => main.querySelector('h1')?.focus());
});

// Shown again as the browser has kept it; a window that is open, and what is not saved, stay as they are.
window.addEventListener('pageshow', ({ persisted }) => {
  if (persisted && isIn() && !house.dirty && !document.querySelector('dialog[open]')) house.again();
});

window.addEventListener('beforeunload', (event) => {
  if (house.dirty) event.preventDefault();
});

document.documentElement.lang = language;
document.title = t('title');
const mailed = await followMail(house.call, () => memory.read().nonce);
if (mailed?.token) location.hash = new URLSearchParams({ token: mailed.token });
else if (mailed?.again)
  fill(
    document.body,
    fill(
      main,
      house.trouble({ code: mailed.failed, status: 0 }, () => location.reload()),
    ),
    live,
  );
else if (mailed?.failed) signIn(t('linkElsewhere'));
else enter();
