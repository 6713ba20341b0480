/*
 * The panel: what all views of the widget share. The element makes one for itself; a view is a function of it.
 */

import { ServerClock, call, explain, mayHelp } from './calls.js';
import { h, icon, initials, meetingPlaces } from './dom.js';
import { languageNames } from './languages.js';
import { memory } from './memory.js';
import {
  capital,
  cityOf,
  clockOptions,
  dayOf,
  format,
  formatRange,
  offsetMinutes,
  zoneText,
} from './time.js';
import { strings } from './words.js';

/* Where this script came from: its server is the one to ask. */
const here = import.meta.url;

export class Panel {
  element;
  views = {}; // name -> function(panel, ...)
  page = {}; // the parts of the panel that stay: dialog, title, mine, view, live
  t;
  locale; // of the words
  region; // of the visitor: the clock, and which day a week begins with
  zone;
  hour12;
  answer = null; // the last availability reply
  others = new Map(); // replies of coaches who are not its one, by their ids
  chosen = null; // the coach of a client who asked for any, once there is one
  early = null; // the first question, asked before there is anything to show
  slots = []; // every start known so far, ascending: {at, until, start, end}
  byDay = new Map(); // the same by their day in the visitor's zone
  end = 0; // availability is known up to here
  exhausted = false; // nothing later than `end`
  duration = null;
  type = null;
  month = null; // the month shown
  first = null; // the first day shown of it
  day = null;
  focusDay = null;
  moving = null; // the appointment for which a new time is looked for
  form = null; // the booking being made: {slot, hold, values, sent, key}
  view = null; // the name of what is shown
  guest = null; // the hold of somebody without an identity, with the token for it
  released = null; // a hold being given back; times are asked for after it
  leave = new AbortController(); // ended when the view changes: stops its timers
  news = ''; // said with whatever is said right after it
  serverClock = new ServerClock();
  now = this.serverClock.now;
  asked = 0; // which question is the newest: a reply to an older one is dropped

  constructor(element, views) {
    this.element = element;
    this.views = views;
  }

  /* Shows another view, by its name; one of those that come later is fetched first. */
  go(name, ...rest) {
    if (this.views[name]) return this.views[name](this, ...rest);
    return this.fetch().then(
      () => this.views[name](this, ...rest),
      () => this.#lost(() => this.go(name, ...rest)),
    );
  }

  /* What was pressed can't be shown: its view did not come. */
  #lost(retry) {
    this.page.lost?.remove();
    const code = navigator.onLine === false ? 'offline' : 'unreachable';
    this.page.lost = this.trouble({ code, status: 0 }, () => {
      this.page.title.focus(); // the button goes
      this.page.lost.remove();
      retry();
    });
    this.page.view.prepend(this.page.lost);
    this.page.lost.scrollIntoView({ block: 'nearest' });
  }

  /* The views that a first look does not need. */
  async fetch() {
    const { views, dress, words } = await import('./widget-more.js?v=@VERSION@');
    if (this.views.sessions) return;
    Object.assign(strings.en, words);
    dress(this.element.shadowRoot);
    Object.assign(this.views, views);
    this.go('bell');
  }

  /* `quiet`: what goes wrong is nobody's concern. `guest`: the hold whose token is good for what is its own. */
  call(method, path, { quiet, guest = this.guest, ...options } = {}) {
    const { element } = this;
    const server = new URL(element.getAttribute('server') || new URL('..', here), document.baseURI);
    if (!server.pathname.endsWith('/')) server.pathname += '/';
    const own = guest && path.startsWith(`booking/${guest.id}`) && guest.token;
    const token = own || element.token;
    const said = {
      ...(token && { Authorization: 'Bearer ' + token }),
      ...(element.session && !own && { 'X-Session-ID': element.session }),
    };
    const headers = own ? null : element.headers;
    const identity =
      typeof headers === 'function'
        ? async () => ({ ...said, ...(await headers()) })
        : { ...said, ...headers };
    return call(server, identity, method, path, { ...options, heard: this.serverClock.heard }).catch(
      (problem) => {
        if (!quiet) element.dispatchEvent(new CustomEvent('error', { detail: problem, composed: true }));
        throw problem;
      },
    );
  }

  tell(name, detail) {
    this.element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  /* Said to screen readers; emptied first, so that the same words are said again. */
  say(text) {
    this.page.live.textContent = '';
    setTimeout(() => {
      this.page.live.textContent = this.news + text;
    }, 60);
  }

  /* The view that comes next says what it is: this comes before that. */
  sayFirst(text) {
    this.news = text + ' ';
    this.say('');
    setTimeout(() => {
      this.news = '';
    }, 3000);
  }

  /* Whether people may sign in here by mail, where the host page has not said who they are by its own means. */
  async mayMail() {
    if (this.element.headers || this.element.session) return false;
    const ways = await this.call('GET', 'booking/sign-in', { quiet: true }).catch(() => ({}));
    return ways.mail === true;
  }

  /* Lets somebody unknown sign in, then `back`, if that is why a call failed. False: it is not, or they can't. */
  async signInFirst({ status }, back) {
    if (status !== 401 || !(await this.mayMail())) return false;
    memory.keepSession(null, this.element.hasAttribute('steps'));
    this.returning = true; // there is nothing to go back to
    await this.fetch().catch(() => {}); // what was asked for before comes first: it may be signing in, and say why
    if (this.view !== 'signIn') await this.go('signIn', back);
    return true;
  }

  /*
   * Shows a view in place of the last one. `focus` gets the keyboard, so nobody is left on something that is
   * gone.
   */
  show(name, title, content, focus) {
    this.leave.abort();
    this.leave = new AbortController();
    this.view = name;
    this.page.title.textContent = title;
    const managed = this.element.hasAttribute('manage');
    const mine = name === 'sessions' || name === 'cancel' ? 'book' : 'mySessions';
    this.page.mine.textContent = this.t(managed ? 'mySession' : mine);
    this.page.mine.hidden = this.element.hasAttribute('move-only') || name === 'managed';
    this.page.view.replaceChildren(...content);
    this.page.dialog?.scrollTo?.(0, 0);
    if (focus) focus.focus();
    this.tell('view', { name, title });
    this.record(name);
  }

  /* With the attribute `steps` each view is an entry of the browser's history: Back goes back, a reload stays. */
  record(name) {
    if (!this.element.hasAttribute('steps')) return;
    const before = history.state?.mosaic;
    const state = { mosaic: name, type: this.type };
    // What is over cannot be gone back to: after a booking Back leads past its form.
    const inPlace = !before || before === name || name === 'done' || name === 'over' || this.returning;
    this.returning = false;
    if (inPlace) history.replaceState(state, '');
    else history.pushState(state, '');
  }

  /* What is being filled in, kept for a reload of this tab. */
  keep() {
    if (!this.element.hasAttribute('steps') || !this.form?.slot) return;
    const { slot, values } = this.form;
    memory.keepDraft({ slot, values, type: this.type, duration: this.duration });
  }

  /* A notice of what went wrong, said as well; with a way to try again where that may help. */
  trouble(problem, retry) {
    const text = explain(problem, this.t);
    this.say(text);
    return h(
      'div',
      { class: 'notice alarm' },
      h('p', null, text),
      retry && mayHelp(problem) && h('button', { type: 'button', onclick: retry }, this.t('retry')),
    );
  }

  clock = () => clockOptions(this.hour12);
  time = (instant, zone = this.zone) => format(instant, this.locale, { timeZone: zone, ...this.clock() });
  /* A text's beginning; a day or a month within a sentence is written as the language has it. */
  large = (text) => capital(text, this.locale);
  dayName = (day) =>
    format(Date.parse(day), this.locale, { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long' });
  monthName = (month) =>
    format(Date.parse(month + '-01'), this.locale, { timeZone: 'UTC', month: 'long', year: 'numeric' });
  /* The year is told where it may be doubted. */
  date = (instant, zone = this.zone) =>
    capital(
      format(instant, this.locale, {
        timeZone: zone,
        weekday: 'long',
        day: 'numeric',
        month: 'long',
        ...(Math.abs(instant - this.now()) > 250 * 86400000 && { year: 'numeric' }),
      }),
      this.locale,
    );
  /* "2:30 – 3:00 PM"; over midnight two times, because a range would tell both dates in full. */
  span = (start, end) =>
    dayOf(start, this.zone) === dayOf(end, this.zone)
      ? formatRange(start, end, this.locale, { timeZone: this.zone, ...this.clock() })
      : `${this.time(start)} – ${this.time(end)}`;
  moment = (instant, zone = this.zone) =>
    format(instant, this.locale, {
      timeZone: zone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      ...this.clock(),
    });

  /* "30 min", "2 hours", "1 day" */
  lasting(minutes) {
    if (minutes && minutes % 1440 === 0 && minutes > 1440) return this.t('days', { n: minutes / 1440 });
    if (minutes && minutes % 60 === 0) return this.t('hours', { n: minutes / 60 });
    return this.t('minutes', { n: minutes });
  }

  /* Several lengths in one line: "30 or 60 min", "30 min or 2 hours". */
  lengths(all) {
    if (all.length === 1) return this.lasting(all[0]);
    const list = new Intl.ListFormat(this.locale, { type: 'disjunction' });
    const plain = all.every((n) => n % 60 || n === 60);
    if (plain) return this.t('minutes', { n: list.format(all.map(String)) });
    return list.format(all.map((n) => this.lasting(n)));
  }

  /* Who a coach is and what they offer; of another than the page's, once it was asked for (coaches.js). */
  of(coach = this.chosen ?? this.answer?.coach) {
    const own = coach === this.answer?.coach || coach === 'any';
    return own ? this.answer : (this.others.get(coach) ?? (coach === this.chosen ? this.answer : undefined));
  }

  /* The session type that is looked at, or that an appointment has. */
  typeOf(id = this.answer?.session_type, coach = undefined) {
    return this.of(coach)?.session_types?.find((one) => one.id === id);
  }

  /* Null where nobody said it; "Any coach" while none is chosen. */
  coachName(coach = this.chosen ?? this.answer?.coach) {
    if (coach === 'any') return this.t('anyCoach');
    const named = coach === (this.answer?.coach ?? coach) ? this.element.getAttribute('coach-name') : null;
    return this.of(coach)?.profile?.name ?? named ?? (coach === this.chosen ? coach : null);
  }

  /* The coach's picture, or initials; null where nobody said who it is. */
  face(coach = this.chosen ?? this.answer?.coach) {
    const name = this.coachName(coach);
    if (!name || coach === 'any') return null;
    const { profile } = this.of(coach) ?? {};
    const version = profile?.picture_version;
    const source = version && new URL(`../coach/${encodeURIComponent(coach)}/picture?v=${version}`, here);
    if (source) return h('img', { class: 'avatar', src: source.href, alt: '', width: '56', height: '56' });
    return h('div', { class: 'avatar', 'aria-hidden': 'true' }, initials(name));
  }

  fact = (drawing, ...words) => h('li', null, icon(drawing), h('span', null, ...words));

  place(kind) {
    const [drawing, word] = meetingPlaces[kind] ?? [];
    return drawing && this.fact(drawing, this.t(word));
  }

  /* How many share it; null where everybody has theirs alone. */
  company = (type) => type.seats && this.fact('people', this.t('seats', { n: type.seats }));

  /* The languages a coach gives sessions in; null where nothing is said. */
  speech() {
    const tags = this.answer.profile?.languages ?? [];
    return tags.length > 0 && this.fact('speech', languageNames(tags, this.locale));
  }

  /* "€80.00", "1 credit": what a session costs; null if nothing is said. The amount is in the minor unit. */
  price({ credits, amount, currency } = {}) {
    const style = { style: 'currency', currency };
    const digits = currency && new Intl.NumberFormat('en', style).resolvedOptions().maximumFractionDigits;
    const money = currency && new Intl.NumberFormat(this.locale, style).format(amount / 10 ** digits);
    return [money, credits && this.t('credits', { n: credits })].filter(Boolean).join(' · ') || null;
  }

  /* The same as a fact; before it is booked, of credits also how many this client has. */
  cost(type) {
    const price = this.price(type.price);
    const { balance } = this.answer?.credits ?? {};
    const counts = type.price?.credits && !type.booked && balance !== undefined;
    const left = counts && this.t('creditsOwned', { n: balance });
    return price && this.fact('tag', [price, left].filter(Boolean).join(' · '));
  }

  /* The rule before anyone needs it. */
  promise(type) {
    const minutes = Math.min(type.cancel_notice_minutes ?? 0, 1e6);
    return this.fact(
      'turn',
      minutes ? this.t('freeChange', { time: this.lasting(minutes) }) : this.t('freeChangeAlways'),
    );
  }

  /* When a session is, for its client and, where the clocks differ, for the coach. */
  when(start, end, coachZone) {
    const differs = coachZone && offsetMinutes(start, coachZone) !== offsetMinutes(start, this.zone);
    const coachDay = differs && dayOf(start, coachZone) !== dayOf(start, this.zone);
    return this.fact(
      'calendar',
      h('strong', null, `${this.date(start)}, `, h('span', null, this.span(start, end))),
      h('br'),
      h('span', { class: 'small' }, zoneText(this.zone, start)),
      differs && h('br'),
      differs &&
        h(
          'span',
          { class: 'small' },
          this.t('coachAt', {
            time: `${coachDay ? this.moment(start, coachZone) : this.time(start, coachZone)}, ${cityOf(coachZone)}`,
          }),
        ),
    );
  }

  choice(name, legend, options, value, change) {
    return h(
      'fieldset',
      { class: 'choice' },
      h('legend', { class: name === 'which' && 'hidden' }, legend),
      h(
        'div',
        { class: 'options' },
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
    );
  }
}
