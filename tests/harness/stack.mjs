// All parts together as a test wants them: database, stand-in, daemon, clients. One call to start, one to
// stop.
//
//   const stack = await startStack({ google: 'delegated' });
//   after(() => stack.stop());
//   const ann = stack.client('ann');
//   await ann.post('/booking/create', { start: stack.slot(0) });
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { sleep, until } from './child.mjs';
import { Daemon, runBookingd } from './daemon.mjs';
import { Google } from './google.mjs';
import { Client } from './http.mjs';
import { MailServer } from './mail.mjs';
import { createDatabase, stopOwnServer } from './postgres.mjs';
import { freePort, temporaryFolder } from './run_folder.mjs';
import { mintHS256 } from './tokens.mjs';

export const COACH = 'damian';
/** The calendar the coach's events go to, by the way of signing in. */
export const CALENDAR = { delegated: 'coach@example.com', bare: 'coach@gmail.com', oauth: 'coach@gmail.com' };

/** Days since 1970 of the day after tomorrow, all the while a file runs: shortly before midnight it is the next one. */
const SLOT_DAY = Math.floor((Date.now() + 3_600_000) / 86_400_000) + 2;

const DEFAULT_POLICY = {
  min_notice_minutes: 1440,
  horizon_days: 30,
  step_minutes: 30,
  buffer_before_minutes: 0,
  buffer_after_minutes: 0,
  cancel_notice_minutes: 1440,
  reschedule_notice_minutes: 1440,
  max_active_per_user: 1,
  max_per_day: null,
  max_reschedules: null,
};

/** The contract's default schedule with changes; `policy` is changed field by field. */
export function schedule({ policy, ...changes } = {}) {
  return {
    time_zone: 'America/New_York',
    weekly: [{ days: ['MO', 'TU', 'WE', 'TH', 'FR'], from: '09:00', to: '17:00' }],
    overrides: [],
    blocked: [],
    session_types: [
      { id: 'coaching', name: 'Coaching session', durations: [30, 60], meeting: 'google_meet' },
    ],
    ...changes,
    policy: { ...DEFAULT_POLICY, ...policy },
  };
}

/** Open day and night, without limits: for tests that are about something else. */
export const openSchedule = (policy = {}) =>
  schedule({
    time_zone: 'UTC',
    weekly: [{ days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], from: '00:00', to: '24:00' }],
    policy: { max_active_per_user: null, ...policy },
  });

/** What connects the daemon to the stand-in, by the way of signing in. */
function googleSettings(google, mode) {
  if (mode === 'off') return {};
  const common = { GOOGLE_CALENDAR_API: google.calendar_api, GOOGLE_OAUTH_TOKEN_URL: google.token_url };
  if (mode === 'delegated')
    return {
      ...common,
      GOOGLE_SERVICE_ACCOUNT_KEY: google.service_account_key,
      GOOGLE_IMPERSONATE: CALENDAR.delegated,
    };
  if (mode === 'bare')
    return {
      ...common,
      GOOGLE_SERVICE_ACCOUNT_KEY: google.service_account_key,
      COACH_GOOGLE_CALENDAR_ID: CALENDAR.bare,
    };
  const { web } = JSON.parse(fs.readFileSync(google.oauth_client, 'utf8'));
  return {
    ...common,
    GOOGLE_OAUTH_CLIENT_ID: web.client_id,
    GOOGLE_OAUTH_CLIENT_SECRET: web.client_secret,
    GOOGLE_OAUTH_AUTH_URL: google.auth_url,
    GOOGLE_OAUTH_REVOKE_URL: google.revoke_url,
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  };
}

export class Stack {
  /** A client who signs in as `user`; `claims` (role, coach, email, name, …) go into the token. */
  client(user, claims = {}, options = {}) {
    const token = mintHS256(this.secret, {
      sub: user,
      email: `${user}@client.test`,
      name: `Name of ${user}`,
      ...claims,
    });
    const client = new Client(this.daemon.url, { token, ...options });
    this.clients.push(client);
    return client;
  }

  coach() {
    return this.client('the-coach', { role: 'coach', coach: COACH });
  }
  admin() {
    return this.client('the-admin', { role: 'admin' });
  }

  /** Somebody who shows no identity. */
  stranger() {
    return this.daemon.client;
  }

  /** The `n`th whole hour from the day after tomorrow, 00:00 UTC on: a start that openSchedule() offers. */
  slot(n) {
    return new Date(SLOT_DAY * 86_400_000 + n * 3_600_000).toISOString().replace('.000', '');
  }

  /** The appointment once its calendar state is `state`, as `client` sees it. */
  settled(client, id, state = 'synced', ms = 20_000) {
    return until(
      `appointment ${id} to be ${state}`,
      async () => {
        const { body } = await client.get(`/booking/${id}`);
        return body.calendar?.state === state && body;
      },
      ms,
    );
  }

  /** Stops everything in the right order; the first trouble is thrown after all is stopped. */
  async stop() {
    const steps = [
      ...this.clients.map((client) => () => client.close()),
      () => this.daemon?.child.end || this.daemon?.stop(),
      () => this.google?.stop(),
      () => this.mail?.stop(),
      () => this.database.drop(),
      stopOwnServer,
    ];
    let trouble = null;
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        trouble ??= error;
      }
    }
    if (trouble) throw trouble;
  }
}

/**
 * Starts a stack. `google` is 'delegated' (service account that impersonates a Workspace coach), 'bare'
 * (service account the Gmail calendar is shared with), 'oauth' (the coach's own consent, not yet given) or
 * 'off'; `mail` a mail server (`stack.mail`) that the daemon sends by, true or its options; `document` the
 * schedule; `env` further settings of the daemon (null takes one away); `start: false` leaves the daemon to
 * `stack.startDaemon()`.
 */
export async function startStack({
  google = 'off',
  mail = false,
  document = openSchedule(),
  env = {},
  start = true,
  ready = true,
} = {}) {
  const stack = new Stack();
  Object.assign(stack, {
    clients: [],
    mode: google,
    calendar: CALENDAR[google],
    secret: randomBytes(32).toString('hex'),
  });
  stack.database = await createDatabase();
  try {
    if (google !== 'off') stack.google = await Google.start();
    if (mail) stack.mail = await MailServer.start(mail === true ? {} : mail);
    const scheduleFile = path.join(temporaryFolder('stack'), 'schedule.json');
    fs.writeFileSync(scheduleFile, JSON.stringify(document));
    stack.env = {
      DATABASE_URL: stack.database.url,
      AUTH_JWT_SECRET: stack.secret,
      COACH_ID: COACH,
      COACH_EMAIL: 'coach@example.com',
      COACH_SCHEDULE: scheduleFile,
      RATE_LIMIT_READ: '0',
      RATE_LIMIT_BOOK: '0',
      RATE_LIMIT_ADDRESS: '0',
      RATE_LIMIT_OTHER: '0',
      LOG_LEVEL: 'debug',
      CALENDAR_FRESH_SECONDS: '0',
      ...(stack.google && googleSettings(stack.google, google)),
      ...stack.mail?.settings,
      ...env,
    };
    stack.port = await freePort();
    stack.startDaemon = async (more = {}, args = []) => {
      stack.daemon = await Daemon.start({ env: { ...stack.env, ...more }, args, ready, port: stack.port });
      return stack.daemon;
    };
    if (start) await stack.startDaemon();
    // The first answer of the stand-in may take a slow machine longer than a request waits for it.
    if (start && ready && stack.env.GOOGLE_SERVICE_ACCOUNT_KEY) await stack.daemon.logged('calendar_ready');
  } catch (error) {
    await stack.stop().catch(() => {});
    throw error;
  }
  return stack;
}

export { runBookingd, sleep, until };
