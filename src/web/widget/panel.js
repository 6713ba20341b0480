/*
 * The panel: what all views of the widget share. The element makes one for itself; a view is a function of it.
 */

import { call, explain } from './calls.js';
import { h } from './dom.js';
import { cityOf, clockOptions, dayOf, format, offsetMinutes, zoneText } from './time.js';

/* Where this script came from: its server is the one to ask. */
const here = import.meta.url;

export class Panel {
  element;
  views = {}; // name -> function(panel, ...)
  page = {}; // the parts of the panel that stay: dialog, title, mine, view, live
  t;
  locale;
  zone;
  hour12;
  answer = null; // the last availability reply
  slots = []; // every start known so far, ascending: {at, until, start, end}
  byDay = new Map(); // the same by their day in the visitor's zone
  end = 0; // availability is known up to here
  exhausted = false; // nothing later than `end`
  duration = null;
  type = null;
  month = null;
  day = null;
  focusDay = null;
  moving = null; // the appointment for which a new time is looked for
  form = null; // the booking being made: {slot, hold, values, sent, key}
  view = null; // the name of what is shown
  released = null; // a hold being given back; times are asked for after it
  leave = new AbortController(); // ended when the view changes: stops its timers
  asked = 0; // which availability question is the latest

  constructor(element, views) {
    this.element = element;
    this.views = views;
  }

  /* Shows another view, by its name; one of those that come later is fetched first. */
  go(name, ...rest) {
    if (this.views[name]) return this.views[name](this, ...rest);
    return this.#fetch().then(
      () => this.views[name](this, ...rest),
      () => this.say(this.t('unreachable')),
    );
  }

  async #fetch() {
    const { views } = await import('./widget-more.js?v=@VERSION@');
    Object.assign(this.views, views);
  }

  /* ---- small services ---- */
  /* `quiet`: what goes wrong is nobody's concern. */
  call(method, path, { quiet, ...options } = {}) {
    const server = new URL(this.element.getAttribute('server') || new URL('..', here), document.baseURI);
    if (!server.pathname.endsWith('/')) server.pathname += '/';
    const identity = async () => ({
      ...(this.element.token && { Authorization: 'Bearer ' + this.element.token }),
      ...(this.element.session && { 'X-Session-ID': this.element.session }),
      ...(typeof this.element.headers === 'function' ? await this.element.headers() : this.element.headers),
    });
    return call(server, identity, method, path, options).catch((problem) => {
      if (!quiet) this.element.dispatchEvent(new CustomEvent('error', { detail: problem, composed: true }));
      throw problem;
    });
  }

  tell(name, appointment) {
    this.element.dispatchEvent(new CustomEvent(name, { detail: appointment, bubbles: true, composed: true }));
  }

  /* Said to screen readers; emptied first, so that the same words are said again. */
  say(text) {
    const { live } = this.page;
    live.textContent = '';
    setTimeout(() => {
      live.textContent = text;
    }, 60);
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
    this.page.mine.textContent = this.t(name === 'sessions' || name === 'cancel' ? 'book' : 'mySessions');
    this.page.mine.hidden = this.element.hasAttribute('move-only');
    this.page.view.replaceChildren(...content);
    this.page.dialog?.scrollTo?.(0, 0);
    if (focus) focus.focus();
  }

  /* A notice of what went wrong, said as well; with a way to try again. */
  trouble(problem, retry) {
    const text = explain(problem, this.t);
    this.say(text);
    return h(
      'div',
      { class: 'notice alarm' },
      h('p', null, text),
      retry && h('button', { type: 'button', onclick: retry }, this.t('retry')),
    );
  }

  clock = () => clockOptions(this.hour12);

  time = (instant, zone = this.zone) => format(instant, this.locale, { timeZone: zone, ...this.clock() });

  dayName = (day) =>
    format(Date.parse(day), this.locale, {
      timeZone: 'UTC',
      weekday: 'long',
      day: 'numeric',
      month: 'long',
    });

  monthName = (month) =>
    format(Date.parse(month + '-01'), this.locale, { timeZone: 'UTC', month: 'long', year: 'numeric' });

  date = (instant, zone = this.zone) =>
    format(instant, this.locale, {
      timeZone: zone,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    });

  moment = (instant, zone = this.zone) =>
    format(instant, this.locale, {
      timeZone: zone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      ...this.clock(),
    });

  /* When a session is, for its client and, where the clocks differ, for the coach. */
  when(start, end, coachZone) {
    const differs = coachZone && offsetMinutes(start, coachZone) !== offsetMinutes(start, this.zone);
    const coachDay = differs && dayOf(start, coachZone) !== dayOf(start, this.zone);
    return [
      h('strong', null, this.date(start)),
      h('span', null, `${this.time(start)} – ${this.time(end)}`),
      h('span', { class: 'muted small' }, zoneText(this.zone, start)),
      differs &&
        h(
          'span',
          { class: 'muted small' },
          this.t('coachAt', {
            time: `${coachDay ? this.moment(start, coachZone) : this.time(start, coachZone)}, ${cityOf(coachZone)}`,
          }),
        ),
    ];
  }

  choice(name, legend, options, value, change) {
    return h(
      'fieldset',
      { class: 'choice' },
      h('legend', { class: name === 'which' && 'hidden' }, legend),
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
    );
  }

  /*
   * A button that works: pressed again it does nothing, and it says what it is doing. Answers a function that
   * ends this.
   */
  busy(button, text) {
    if (button.getAttribute('aria-disabled') === 'true') return null;
    const before = button.textContent;
    button.setAttribute('aria-disabled', 'true');
    button.textContent = text;
    this.say(text);
    return () => {
      button.removeAttribute('aria-disabled');
      button.textContent = before;
    };
  }
}
