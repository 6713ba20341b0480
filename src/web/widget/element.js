/*
 * <mosaic-booking> - book a session, see one's sessions, move or cancel them.
 *
 *   <script type="module" src="https://book.example/booking/widget.js"></script>
 *   <mosaic-booking coach="damian"></mosaic-booking>
 *
 * Attributes: `inline` (the panel itself instead of a button that opens a modal), `server` (default: where
 * this script came from), `coach`, `session-type`, `duration`, `time-zone`, `lang`, `label` (the button's
 * text), `coach-name`, `move-only` (nothing but moving, for the coach's page), and who is calling: `token` (a
 * bearer token) or `session` (the platform's session id). The last two are properties too, beside `headers`,
 * an object or a function (it may be async) that gives the headers of each call:
 *
 *   element.headers = () => ({ 'X-Session-ID': currentSession() });
 *
 * `booker` ({name, email, phone}) fills the form in. Methods: open(), close(), refresh(), showSessions(),
 * move(appointment). Events: `booked`, `cancelled`, `rescheduled` (detail: the appointment) and `error`
 * (detail: a Problem). Theme: --mosaic-ink, -paper, -muted, -line, -wash, -accent, -accent-ink, -radius,
 * -font. Dark where the page's `color-scheme` is dark. Another language: MosaicBooking.strings.xx = {...}
 * before `lang` is set, same keys; a missing key falls back to English.
 *
 * Its parts are joined into one file, because a page should have it with one request, and a second file with
 * the views that a first look does not need (src/web/assets.list). All text reaches the page as text nodes and
 * all styles through a constructed sheet, so the strictest Content-Security-Policy suits it.
 * Calls are made without cookies; storage only remembers the zone and the clock's style, and may be blocked.
 */

import { h } from './dom.js';
import { release } from './hold.js';
import looks from './looks.css';
import { memory } from './memory.js';
import { Panel } from './panel.js';
import { chooseDay, startPicking } from './pick.js';
import { zoneName } from './time.js';
import { rightToLeft, translator } from './translate.js';
import { strings } from './words.js';

let sheet;

export class MosaicBooking extends (globalThis.HTMLElement ?? class {}) {
  static strings = strings;

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

  constructor() {
    super();
    this.attachShadow({ mode: 'open', delegatesFocus: false });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(looks);
    }
    this.shadowRoot.adoptedStyleSheets = [sheet];
  }

  get token() {
    return this.#given.token ?? this.getAttribute('token');
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

  #give(name, value) {
    this.#given[name] = value;
    this.#identified();
  }

  /* Who is calling has changed, so everything is asked for again, but for a form that is being filled in. */
  #identified() {
    if (this.#panel.view !== 'details') this.#restart();
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
    this.#restart();
  }

  disconnectedCallback() {
    for (const name of ['online', 'offline', 'pagehide']) window.removeEventListener(name, this);
    this.#panel.leave.abort();
    release(this.#panel);
    if (this.#panel.page.dialog?.open) this.#panel.page.dialog.close();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === 'token' || name === 'session') this.#identified();
    else this.#restart();
  }

  handleEvent(event) {
    if (event.type === 'pagehide') release(this.#panel);
    else if (event.type === 'offline') this.#panel.say(this.#panel.t('offline'));
    else if (this.#panel.view === 'pick' && this.#panel.page.trouble.querySelector('.alarm')) this.refresh();
    else if (this.#panel.view) this.#panel.say(this.#panel.t('online'));
  }

  open() {
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

  #build() {
    const panel = this.#panel;
    const wanted = this.getAttribute('lang') || this.closest('[lang]')?.lang || navigator.language || 'en';
    const language = wanted.split('-')[0].toLowerCase();
    const known = strings[language] ? language : 'en';
    panel.t = translator(strings, known);
    panel.locale =
      [wanted, ...(navigator.languages ?? [])].find(
        (tag) => tag.includes('-') && tag.toLowerCase().startsWith(known + '-'),
      ) ?? known;
    const kept = memory.read();
    panel.zone = zoneName(
      this.getAttribute('time-zone') || kept.zone || Intl.DateTimeFormat().resolvedOptions().timeZone,
    );
    panel.hour12 =
      kept.hour12 ??
      Boolean(new Intl.DateTimeFormat(panel.locale, { hour: 'numeric' }).resolvedOptions().hour12);
    panel.duration = Number(this.getAttribute('duration')) || null;
    panel.type = this.getAttribute('session-type');

    const t = panel.t;
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
      '\u00d7',
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
    if (inline) {
      this.shadowRoot.replaceChildren(h('section', { 'aria-labelledby': 'title' }, shell));
      panel.go('pick', null);
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
    if (this.#panel.view === 'sessions' || this.#panel.view === 'cancel') this.#panel.go('pick', null, true);
    else this.#panel.go('sessions');
  }

  move(appointment) {
    this.#reveal();
    this.#panel.form = null;
    return this.#panel.go('pick', appointment, true);
  }

  showSessions() {
    this.#reveal();
    return this.#panel.go('sessions');
  }
}

globalThis.customElements?.get('mosaic-booking') ??
  globalThis.customElements?.define('mosaic-booking', MosaicBooking);
