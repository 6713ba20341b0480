/*
 * <mosaic-booking> - book a session, see one's sessions, move or cancel them.
 *
 *   <script type="module" src="https://book.example/booking/widget.js"></script>
 *   <mosaic-booking coach="damian"></mosaic-booking>
 *
 * Attributes: `inline` (the panel itself instead of a button that opens a modal), `floating` (the button stays in the
 * window's corner), `server` (default: where
 * this script came from), `coach`, `session-type`, `duration`, `time-zone`, `lang`, `label` (the button's
 * text), `coach-name`, `date` and `time` (YYYY-MM-DD, HH:MM: what to open first), `steps` (each view is an entry
 * of the browser's history, for a page of its own), `move-only` (nothing but moving, for the coach's page), `manage`
 * (the id of the one session that is shown: what the link of a mail opens), and who is calling: `token` (a bearer
 * token) or `session` (the platform's session id). The last two are properties too, beside `headers`, an object or a
 * function (it may be async) that gives the headers of each call:
 *
 *   element.headers = () => ({ 'X-Session-ID': currentSession() });
 *
 * `booker` ({name, email, phone, notes, answers}) fills the form in. Methods: open(), close(), refresh(),
 * showSessions(), showSignIn(), move(appointment), forget() (whoever signed in here by mail). Events: `booked`,
 * `cancelled`, `rescheduled`, `changed` (elsewhere, since it was shown; detail: the appointment) and `error` (detail: a
 * Problem), `view` ({name, title}: what is shown now), `known` (the reply with the times). Theme: --mosaic-ink, -paper, -muted, -line, -line-strong, -wash, -accent, -accent-ink, -accent-strong,
 * -accent-tint, -radius, -font, and -font-size, from which all sizes follow. Dark where the page's `color-scheme` is
 * dark. Another language: MosaicBooking.strings.xx = {...} before `lang` is set, same keys; a missing key falls back to
 * English.
 *
 * Its parts are joined into one file, because a page should have it with one request, and a second file with
 * the views that a first look does not need (src/web/assets.list). All text reaches the page as text nodes and
 * all styles through a constructed sheet, so the strictest Content-Security-Policy suits it.
 * Calls are made without cookies; storage only remembers the zone and the clock's style, and may be blocked.
 */

import { call } from './calls.js';
import { h, icon, initials } from './dom.js';
import { release } from './hold.js';
import components from '../design/components.css';
import { languageNames } from './languages.js';
import looks from './looks.css';
import { memory } from './memory.js';
import { Panel } from './panel.js';
import { chooseDay, startPicking } from './pick.js';
import { ask } from './slots.js';
import { dayOf, format, zoneName } from './time.js';
import { rightToLeft, translator } from './translate.js';
import { languages, speak, strings } from './words.js';

let sheet;

/* Whether browsers take it for a language: en_US and x-default they do not. */
function isTag(text) {
  try {
    return Boolean(new Intl.Locale(text));
  } catch {
    return false;
  }
}

/* The form, and the code that belongs to it. */
const inForm = (view) => view === 'details' || view === 'code';

/* What waits behind a long step gets its turn. */
const pause = () => new Promise((resolve) => setTimeout(resolve));

export class MosaicBooking extends (globalThis.HTMLElement ?? class {}) {
  static strings = strings;
  static languages = languages;
  static speak = speak;
  static call = call;
  static h = h;
  static initials = initials;
  static languageNames = languageNames;
  static memory = memory;

  static observedAttributes = [
    'inline',
    'server',
    'coach',
    'session-type',
    'duration',
    'time-zone',
    'lang',
    'label',
    'token',
    'session',
  ];

  #given = {}; // the properties as they were set: token, session, headers, booker

  #panel = new Panel(this, { pick: startPicking, day: chooseDay });

  #scheduled = false;
  #builds = 0;
  #built; // resolves #ready, when there are words: those of another language take a moment
  #ready = new Promise((built) => {
    this.#built = built;
  });

  constructor() {
    super();
    this.attachShadow({ mode: 'open', delegatesFocus: false });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(components + looks);
    }
    this.shadowRoot.adoptedStyleSheets = [sheet];
  }

  get token() {
    const given = this.#given.token ?? this.getAttribute('token');
    // Signed in here before, unless the host says by its own means who it is.
    return given ?? (this.#given.headers || this.session ? null : memory.session(this.hasAttribute('steps')));
  }

  set token(value) {
    this.#give('token', value);
  }

  get session() {
    return this.#given.session ?? this.getAttribute('session');
  }

  set session(value) {
    this.#give('session', value);
  }

  get headers() {
    return this.#given.headers ?? null;
  }

  set headers(value) {
    this.#give('headers', value);
  }

  get booker() {
    return this.#given.booker ?? {};
  }

  set booker(value) {
    this.#given.booker = value;
  }

  /* Of those who came by a mail's link: the one appointment that they may see. */
  get #managed() {
    return this.getAttribute('manage');
  }

  #give(name, value) {
    if (this.#given[name] === value && name !== 'headers') return; // what the headers tell may be new
    this.#given[name] = value;
    this.#identified();
  }

  /*
   * Who is calling has changed, so everything is asked for again, but where that would take away what was typed or has just
   * been told: hosts renew what they have given. Of somebody who has signed out nothing stays but the form.
   */
  #identified() {
    const { view } = this.#panel;
    const unknown = !this.token && !this.session && !this.headers;
    if (inForm(view)) {
      if (this.#panel.form?.hold?.token && !unknown) this.#panel.go('ownHold');
      return;
    }
    if (!view || unknown || ['pick', 'types', 'sessions', 'signIn', 'notices', 'waiting'].includes(view))
      this.#restart();
  }

  connectedCallback() {
    // Properties that were set before the script had loaded hide the accessors until they are set again.
    for (const name of ['token', 'session', 'headers', 'booker']) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    window.addEventListener('online', this);
    window.addEventListener('offline', this);
    window.addEventListener('pagehide', this);
    window.addEventListener('pageshow', this);
    window.addEventListener('popstate', this);
    this.#restart();
  }

  disconnectedCallback() {
    for (const name of ['online', 'offline', 'pagehide', 'pageshow', 'popstate'])
      window.removeEventListener(name, this);
    this.#panel.leave.abort();
    release(this.#panel);
    const { dialog, scroll } = this.#panel.page;
    if (!dialog?.open) return;
    document.documentElement.style.overflow = scroll; // put elsewhere at once, it is built anew before it hears of the end
    dialog.close();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === 'token' || name === 'session') this.#identified();
    else this.#restart();
  }

  handleEvent(event) {
    if (event.type === 'popstate') {
      if (this.hasAttribute('steps') && event.state?.mosaic) this.#return(event.state.mosaic);
    } else if (event.type === 'pagehide') release(this.#panel);
    else if (event.type === 'pageshow') event.persisted && this.#kept();
    else if (event.type === 'offline') this.#panel.say(this.#panel.t('offline'));
    else if (this.#panel.view === 'pick' && this.#panel.page.trouble.querySelector('.alarm')) this.refresh();
    else if (this.#panel.view) this.#panel.say(this.#panel.t('online'));
  }

  /* The browser shows the page as it was when it was left: what has changed meanwhile is asked for, the time held once more. */
  async #kept() {
    const panel = this.#panel;
    const { form, view } = panel;
    if (view === 'pick') panel.go('pick', panel.moving, false, panel.day);
    else if (view === 'sessions') panel.go('sessions');
    else if (view === 'managed') panel.go('managed', this.#managed);
    else if (view === 'details') {
      await form.holding; // what was asked for as the page was left may have come only now
      const open = panel.form === form && panel.view === view && !form.sending;
      if (open && !form.stale && !form.series) panel.go('takeTime');
    }
  }

  async open() {
    await this.#ready;
    if (this.#reveal()) this.#panel.go('pick', null);
  }

  /* Opens the modal, behind which the page stays where it is. False: there is none, or it is open. */
  #reveal() {
    const { dialog } = this.#panel.page;
    if (!dialog || dialog.open) return false;
    dialog.showModal();
    this.#panel.page.scroll = document.documentElement.style.overflow;
    document.documentElement.style.overflow = 'hidden';
    return true;
  }

  close() {
    this.#panel.page.dialog?.close();
  }

  refresh() {
    if (this.#panel.view === 'sessions') return this.#panel.go('sessions');
    return this.#panel.go('pick', this.#panel.moving);
  }

  /* Several attributes set in a row are one change. */
  #restart() {
    if (!this.isConnected || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.isConnected) this.#build();
    });
  }

  async #build() {
    const wanted =
      [this.getAttribute('lang'), this.closest('[lang]')?.lang, navigator.language]
        .map((tag) => (tag ?? '').replace(/_/g, '-'))
        .find(isTag) ?? 'en';
    const build = ++this.#builds;
    const known = strings[wanted.split('-')[0].toLowerCase()]
      ? wanted.split('-')[0].toLowerCase()
      : await speak(wanted);
    const over = () => build !== this.#builds || !this.isConnected;
    if (over()) return;
    // While the reply is on its way the page answers between the steps.
    const early = this.#askEarly();
    if (early) await pause();
    if (over()) return;
    this.#settle(wanted, known);
    if (early) await pause();
    if (!over()) this.#assemble(known);
  }

  /* What the attributes, the browser and former visits say: words, zone, clock, what is looked at. */
  #settle(wanted, known) {
    const panel = this.#panel;
    panel.t = translator(strings, known);
    // The clock and the first day of a week are those of the visitor's region, whatever language is spoken.
    panel.region = wanted.includes('-') ? wanted : navigator.language;
    panel.locale =
      [wanted, ...(navigator.languages ?? [])].find(
        (tag) => tag.includes('-') && tag.toLowerCase().startsWith(known + '-'),
      ) ?? [known, new Intl.Locale(panel.region).maximize().region].filter(Boolean).join('-');
    const kept = memory.read();
    panel.zone = zoneName(
      this.getAttribute('time-zone') || kept.zone || Intl.DateTimeFormat().resolvedOptions().timeZone,
    );
    panel.hour12 =
      kept.hour12 ??
      Boolean(new Intl.DateTimeFormat(panel.region, { hour: 'numeric' }).resolvedOptions().hour12);
  }

  /*
   * Asks for the times before anything is made ready to show them: on a slow device that takes as long as the reply. False
   * where something else comes first: a press on the button, a hold to give back, a form that goes on, one appointment, what
   * is to be moved.
   */
  #askEarly() {
    const panel = this.#panel;
    const state = this.hasAttribute('steps') && history.state;
    panel.duration = Number(this.getAttribute('duration')) || null;
    panel.type = state?.type ?? this.getAttribute('session-type');
    panel.answer = panel.early = panel.moving = null;
    if (!this.hasAttribute('inline') || this.#managed || inForm(state?.mosaic)) return false;
    if (this.hasAttribute('move-only')) return false;
    if (memory.holding().key) return false;
    panel.early = ask(panel);
    panel.early.catch(() => {}); // whoever waits for it is told
    return true;
  }

  #assemble(known) {
    const panel = this.#panel;
    const { t } = panel;
    const wasOpen = panel.page.dialog?.open;
    const inline = this.hasAttribute('inline');
    const page = {
      title: h('h2', { id: 'title', tabindex: '-1' }, t('book')),
      mine: h('button', { type: 'button', class: 'plain', onclick: () => this.#switch() }, t('mySessions')),
      view: h('div', { id: 'view' }),
      live: h('p', { class: 'hidden', role: 'status', 'aria-live': 'polite', id: 'live' }),
    };
    const close = h(
      'button',
      { type: 'button', class: 'close', 'aria-label': t('close'), onclick: () => this.close() },
      icon('close'),
    );
    const shell = h(
      'div',
      { class: 'panel', part: 'panel', lang: known, dir: rightToLeft.test(known) ? 'rtl' : 'ltr' },
      h('div', { class: 'inside' }, h('header', null, page.title, page.mine, !inline && close), page.view),
      page.live,
    );
    if (wasOpen) {
      document.documentElement.style.overflow = panel.page.scroll;
      panel.page.dialog.close();
    }
    panel.page = page;
    this.#built();
    if (inline) {
      this.shadowRoot.replaceChildren(h('section', { 'aria-labelledby': 'title' }, shell));
      this.#begin();
      return;
    }
    page.opener = h(
      'button',
      {
        type: 'button',
        class: 'main',
        part: 'button',
        'aria-haspopup': 'dialog',
        onclick: () => this.open(),
      },
      this.getAttribute('label') || t('book'),
    );
    page.dialog = h(
      'dialog',
      { part: 'dialog', 'aria-labelledby': 'title', onclose: () => this.#closed(page) },
      shell,
    );
    page.dialog.addEventListener('pointerdown', (event) => {
      const box = page.dialog.getBoundingClientRect();
      const { clientX: x, clientY: y } = event;
      const outside = x < box.left || x > box.right || y < box.top || y > box.bottom;
      if (outside && panel.view !== 'details') this.close();
    });
    this.shadowRoot.replaceChildren(page.opener, page.dialog);
    if (wasOpen) this.open();
  }

  /* The first view: after a reload the one that was there, else the times, or those of a wished date. */
  async #begin() {
    const panel = this.#panel;
    const state = this.hasAttribute('steps') && history.state;
    const before = state?.mosaic;
    const draft = inForm(before) ? memory.draft() : {};
    if (draft.slot) Object.assign(panel, { type: draft.type, duration: draft.duration });
    if (this.#managed) return panel.go('managed', this.#managed);
    if (this.hasAttribute('move-only')) return undefined;
    panel.returning = true;
    const wish = this.getAttribute('date');
    const date = /^\d{4}(-\d\d){2}$/.test(wish) && Date.parse(wish) ? wish : null;
    await panel.go('pick', null, false, date);
    if (panel.view === 'signIn') {
      if (draft.slot) history.replaceState({ ...state }, ''); // whoever signs in goes on with the form
      return undefined;
    }
    panel.returning = true;
    if (draft.slot && panel.answer && !panel.answer.refusal) return this.#resume(draft);
    if (before === 'sessions' || before === 'cancel' || before === 'move') return panel.go('sessions');
    panel.returning = false;
    const time = this.getAttribute('time');
    const fits = (slot) =>
      dayOf(slot.at, panel.zone) === date &&
      format(slot.at, 'en-GB', { timeZone: panel.zone, timeStyle: 'short' }) === time;
    // This tab may hold that very time still: another language was chosen over its form.
    const left = memory.draft();
    if (left.slot && fits(left.slot)) return this.#resume(left);
    const wished = panel.byDay.get(date)?.find(fits);
    return wished && panel.go('details', wished);
  }

  /* The form goes on as it was left; its time may still be held for this very visitor, so it is not in the list. */
  #resume({ slot, values }) {
    this.#panel.form = { values, released: true };
    return this.#panel.go('details', slot);
  }

  /* Back and forward. */
  async #return(name) {
    const panel = this.#panel;
    const { form } = panel;
    release(panel);
    panel.returning = true;
    if (this.#managed) return panel.go('managed', this.#managed);
    if (name === 'sessions' || name === 'cancel' || name === 'move') return panel.go('sessions');
    if (name === 'types' && panel.answer) {
      panel.type = panel.duration = null;
      return panel.go('types', true);
    }
    panel.type = history.state?.type ?? panel.type;
    const draft = memory.draft();
    await panel.go('pick', null, true, form?.slot && dayOf(form.slot.at, panel.zone));
    panel.returning = true;
    if (inForm(name) && draft.slot && panel.answer) return this.#resume(draft);
    panel.returning = false;
    panel.form = form && { values: form.values, released: true };
    return undefined;
  }

  #closed(page) {
    if (page !== this.#panel.page) return; // the panel has been built anew meanwhile, and may be open again
    document.documentElement.style.overflow = page.scroll ?? '';
    this.#panel.leave.abort();
    release(this.#panel);
    this.#panel.view = null;
    page.view.replaceChildren();
  }

  #switch() {
    release(this.#panel);
    this.#panel.form = null;
    if (this.#managed) this.#panel.go('managed', this.#managed);
    else if (this.#panel.view === 'sessions' || this.#panel.view === 'cancel')
      this.#panel.go('pick', null, true);
    else this.#panel.go('sessions');
  }

  async move(appointment) {
    await this.#ready;
    this.#reveal();
    this.#panel.form = null;
    return this.#panel.go('pick', appointment, true);
  }

  /* Signing in, and why: what a link in a mail that is no longer good leads to. */
  async showSignIn(words) {
    await this.#ready;
    this.#reveal();
    const next = words === 'linkOver' ? 'sessions' : 'pick';
    return this.#panel.go('signIn', () => this.#panel.go(next, null, true), words);
  }

  /* Whoever has signed in here by mail, or nobody. What is shown stays: the views go on from there. */
  keep(token) {
    memory.keepSession(token, this.hasAttribute('steps'));
    this.#given.token = token;
  }

  /* Whoever signed in here by mail is forgotten. */
  forget() {
    this.keep(null);
    if (this.hasAttribute('steps')) history.replaceState({ ...history.state, mosaic: 'pick' }, '');
    this.#restart();
  }

  async showSessions() {
    await this.#ready;
    this.#reveal();
    return this.#panel.go('sessions');
  }
}

globalThis.customElements?.get('mosaic-booking') ??
  globalThis.customElements?.define('mosaic-booking', MosaicBooking);
