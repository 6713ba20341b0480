// Everything the stand-in knows: accounts, calendars, events, consents, tokens, channels, and the journal of
// what happened. All of it is plain data, so that it can be saved to a file and read back; only tokens and
// the journal are forgotten.
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { isZone } from './time.mjs';

export const SCOPE = 'https://www.googleapis.com/auth/';
const ROLES = ['freeBusyReader', 'reader', 'writer', 'owner'];
const JOURNAL_LIMIT = 100_000; // then the older half is forgotten
const BASE32HEX = '0123456789abcdefghijklmnopqrstuv';

export const defaultSettings = () => ({
  access_token_seconds: 3599, // what a token's life is said to be, and is
  meet: { outcome: 'success', after_ms: 0 }, // or outcome "failure"; after_ms > 0 answers "pending" first
  free_busy_max_days: 61, // Google's own limit is not documented: 90 days is known to work, 92 to fail
  free_busy_lag_ms: 0, // how long a write stays unseen by freeBusy
  page_size: 2500, // never more events in one page of a list
  empty_first_page: false, // a full list begins with an empty page, which Google allows itself
  requests_per_minute: 0, // per user; Google: 600; 0: not counted
  quiet_unchanged: false, // whether a patch that changes nothing a guest sees sends no mail (Google: not documented)
  push_routes: {}, // "https://public.example" -> "http://127.0.0.1:1234", where a front end would pass pushes on
  push_retry_ms: 200, // first pause before a refused push is sent again; doubles
});

export class World {
  constructor({ stateFile } = {}) {
    this.stateFile = stateFile;
    this.journal = [];
    this.entries = 0; // ever written to it
    this.tokens = new Map(); // access token -> who it speaks for
    this.codes = new Map(); // authorisation codes not yet redeemed
    this.consents = []; // orders for the next consent pages
    this.faults = [];
    this.onChange = () => {}; // set by channels.mjs: a calendar's events have changed
    this.lastMicros = 0;
    this.settings = defaultSettings();
    this.kept = this.#load() ?? this.#newborn();
  }

  #load() {
    if (!this.stateFile || !fs.existsSync(this.stateFile)) return null;
    return JSON.parse(fs.readFileSync(this.stateFile, 'utf8'));
  }

  #newborn() {
    const key = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    this.kept = {
      accounts: {},
      calendars: {},
      grants: {},
      channels: {},
      serviceAccount: {
        email: 'booking@stand-in.iam.gserviceaccount.com',
        clientId: '100000000000000000001',
        keyId: randomBytes(20).toString('hex'),
        publicKey: key.publicKey,
        privateKey: key.privateKey,
        // Domain-wide delegation as an administrator would have entered it: domain -> exact scopes.
        delegation: { 'example.com': [`${SCOPE}calendar.events`, `${SCOPE}calendar.freebusy`] },
      },
      oauthClient: {
        clientId: '200000000000-stand-in.apps.googleusercontent.com',
        clientSecret: `GOCSPX-${randomBytes(21).toString('base64url')}`,
        redirectUris: [], // loopback ones are always allowed
      },
    };
    this.addAccount({ email: 'coach@example.com' });
    this.addAccount({ email: 'coach@gmail.com' });
    this.addAccount({ email: this.kept.serviceAccount.email, time_zone: 'UTC' });
    // The plan everyone starts with: the Gmail calendar is merely shared with the service account.
    this.share('coach@gmail.com', this.kept.serviceAccount.email, 'writer');
    return this.kept;
  }

  addAccount({ email, time_zone = 'America/New_York', meet = true }) {
    if (!/^[^@\s]+@[^@\s]+$/.test(email ?? '')) throw new Error('an account needs an email');
    this.kept.accounts[email] = { email, meet };
    return this.addCalendar({ id: email, owner: email, time_zone });
  }

  addCalendar({ id, owner, time_zone = 'America/New_York', summary = id, share = {} }) {
    if (!this.kept.accounts[owner]) throw new Error(`no account ${owner}`);
    if (!isZone(time_zone)) throw new Error(`no zone ${time_zone}`);
    id ??= `${randomId(26)}@group.calendar.google.com`;
    this.kept.calendars[id] = {
      id,
      owner,
      summary: summary ?? id,
      timeZone: time_zone,
      roles: { [owner]: 'owner' },
      events: {},
      change: 0,
      generation: 1, // what sync tokens are made of
    };
    for (const [who, role] of Object.entries(share)) this.share(id, who, role);
    return this.kept.calendars[id];
  }

  share(id, who, role) {
    if (role && !ROLES.includes(role)) throw new Error(`no role ${role}`);
    if (role) this.calendar(id).roles[who] = role;
    else delete this.calendar(id).roles[who];
  }

  calendar(id) {
    const calendar = this.kept.calendars[id];
    if (!calendar) throw new Error(`no calendar ${id}`);
    return calendar;
  }

  /**
   * The calendar that `user` means by `id`, or null if there is none or they may do less than `least` with
   * it.
   */
  visibleCalendar(user, id, least) {
    const calendar = this.kept.calendars[id === 'primary' ? user : id];
    return calendar && hasRole(calendar, user, least) ? calendar : null;
  }

  /** A clock that never stands still, in microseconds: etags and `updated` are made from it. */
  nextMicros() {
    this.lastMicros = Math.max(Date.now() * 1000, this.lastMicros + 1);
    return this.lastMicros;
  }

  /** Marks `event` as changed now: new etag, next sync sees it, channels hear of it. */
  touch(calendar, event) {
    event.micros = this.nextMicros();
    event.change = ++calendar.change;
    this.save();
    this.onChange(calendar);
  }

  log(entry) {
    this.journal.push({ n: ++this.entries, at: new Date().toISOString(), ...entry });
    if (this.journal.length > JOURNAL_LIMIT) this.journal.splice(0, JOURNAL_LIMIT / 2);
  }

  /**
   * Forgets events, channels, orders and the journal; `all` forgets consents and tokens too. Accounts and
   * keys stay.
   */
  reset(all) {
    for (const calendar of Object.values(this.kept.calendars))
      Object.assign(calendar, { events: {}, change: 0, generation: calendar.generation + 1 });
    this.kept.channels = {};
    this.settings = defaultSettings();
    this.consents = [];
    this.journal = [];
    if (all) {
      this.kept.grants = {};
      this.tokens.clear();
      this.codes.clear();
    }
    this.save();
  }

  save() {
    if (!this.stateFile || this.saving) return;
    this.saving = setTimeout(() => this.saveNow(), 100);
    this.saving.unref();
  }

  saveNow() {
    clearTimeout(this.saving);
    this.saving = null;
    if (!this.stateFile) return;
    fs.mkdirSync(path.dirname(this.stateFile), { recursive: true });
    fs.writeFileSync(`${this.stateFile}.new`, JSON.stringify(this.kept), { mode: 0o600 });
    fs.renameSync(`${this.stateFile}.new`, this.stateFile);
  }
}

export const hasRole = (calendar, user, least) => ROLES.indexOf(calendar.roles[user]) >= ROLES.indexOf(least);

/** A random id of Google's kind: base32hex in lower case. */
export const randomId = (length) => Array.from(randomBytes(length), (byte) => BASE32HEX[byte & 31]).join('');

export const digest = (text) => createHash('sha256').update(text).digest('base64url');
