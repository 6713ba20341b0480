// The control API under /_control: how a test sets the scene, plays the coach who uses Google Calendar by
// hand, orders faults and reads what happened. Everything is JSON; README.md lists the calls.
import { changeEvent, etagOf, insertEvent, removeEvent, timeOf } from './events.mjs';
import { addFault } from './faults.mjs';
import { killGrants } from './oauth.mjs';
import { inZone } from './time.mjs';
import { defaultSettings } from './world.mjs';

const CALLS = [
  [
    'GET',
    'state',
    ({ world }) => ({
      settings: world.settings,
      accounts: world.kept.accounts,
      faults: world.faults,
      calendars: Object.values(world.kept.calendars).map(({ events, ...rest }) => ({
        ...rest,
        events: Object.keys(events).length,
      })),
      channels: Object.values(world.kept.channels),
      grants: Object.values(world.kept.grants),
      delegation: world.kept.serviceAccount.delegation,
    }),
  ],
  ['POST', 'settings', ({ world, body }) => changeSettings(world, body)],
  ['POST', 'accounts', ({ world, body }) => world.addAccount(body)],
  ['POST', 'calendars', ({ world, body }) => world.addCalendar(body)],
  ['POST', 'calendars/*/share', ({ world, body, names: [id] }) => world.share(id, body.user, body.role)],
  [
    'POST',
    'calendars/*/expire-sync-tokens',
    ({ world, names: [id] }) => void world.calendar(id).generation++,
  ],
  ['POST', 'delegation', ({ world, body }) => void Object.assign(world.kept.serviceAccount.delegation, body)],
  ['POST', 'redirect-uris', ({ world, body }) => world.kept.oauthClient.redirectUris.push(...body.uris)],

  ['GET', 'calendars/*/events', ({ world, names: [id] }) => listAll(world.calendar(id))],
  [
    'POST',
    'calendars/*/events',
    ({ world, body, names: [id] }) => insertByHand(world, world.calendar(id), body),
  ],
  [
    'PATCH',
    'calendars/*/events/*',
    ({ world, body, names: [id, event] }) => changeByHand(world, world.calendar(id), event, body),
  ],
  [
    'DELETE',
    'calendars/*/events/*',
    ({ world, body, names: [id, event] }) => removeByHand(world, world.calendar(id), event, body),
  ],

  ['GET', 'faults', ({ world }) => world.faults],
  ['POST', 'faults', ({ world, body }) => addFault(world, body)],
  ['POST', 'heal', ({ world }) => heal(world)],
  ['POST', 'consents', ({ world, body }) => world.consents.push(...[body].flat())],
  [
    'POST',
    'kill-grants',
    ({ world, body }) => ({ killed: killGrants(world, (grant) => !body.user || grant.user === body.user) }),
  ],
  ['POST', 'expire-access-tokens', ({ world }) => world.tokens.clear()],

  [
    'GET',
    'journal',
    ({ world, query }) =>
      world.journal.filter(
        (entry) =>
          entry.n > +(query.get('since') ?? 0) &&
          ['type', 'method', 'calendar', 'event', 'user', 'to', 'kind', 'outcome'].every(
            (name) => !query.has(name) || entry[name] === query.get(name),
          ),
      ),
  ],
  [
    'POST',
    'reset',
    ({ world, body }) => {
      heal(world);
      world.reset(body.all);
    },
  ],
].map(([verb, path, run]) => ({ verb, run, pattern: new RegExp(`^/${path.replaceAll('*', '([^/]+)')}$`) }));

/** Answers a control call: { status, body }. */
export function control(world, { verb, path, query, bytes }) {
  for (const call of CALLS) {
    const match = call.verb === verb && call.pattern.exec(path);
    if (!match) continue;
    try {
      const body = bytes.length ? JSON.parse(bytes) : {};
      return {
        status: 200,
        body: call.run({ world, body, query, names: match.slice(1).map(decodeURIComponent) }) ?? {},
      };
    } catch (error) {
      return { status: 400, body: { error: error.message } };
    }
  }
  return { status: 404, body: { error: `no control call ${verb} ${path}` } };
}

function changeSettings(world, changes) {
  for (const name of Object.keys(changes))
    if (!(name in defaultSettings())) throw new Error(`no setting ${name}`);
  return Object.assign(world.settings, changes);
}

/** Every event of a calendar, deleted ones too, with its times in UTC and all the times it ever had. */
function listAll(calendar) {
  return Object.values(calendar.events).map((event) => {
    const { start, end } = timeOf(event);
    return {
      ...event.fields,
      id: event.id,
      iCalUID: event.iCalUID,
      etag: etagOf(event),
      status: event.status,
      sequence: event.sequence,
      creator: event.creator,
      organizer: event.organizer,
      start: inZone(start, 'UTC'),
      end: inZone(end, 'UTC'),
      conference: event.conference ?? null,
      guests: (event.fields.attendees ?? []).map((guest) => guest.email),
      history: event.history.map((was) => ({
        ...was,
        start: inZone(was.start, 'UTC'),
        end: inZone(was.end, 'UTC'),
      })),
    };
  });
}

const owner = (calendar) => ({ user: calendar.owner, bare: false });

/** `start` and `end` may be an instant, a day (all day), or Google's own objects. */
function times({ start, end, ...rest }) {
  const when = (value) =>
    typeof value !== 'string' ? value : value.length === 10 ? { date: value } : { dateTime: value };
  return {
    ...rest,
    ...(start !== undefined && { start: when(start) }),
    ...(end !== undefined && { end: when(end) }),
  };
}

/** What the coach (or somebody who invited them: `organizer`) puts on the calendar by hand. */
function insertByHand(world, calendar, { organizer, ...fields }) {
  const body = times({ summary: 'Busy', ...fields });
  const event = insertEvent(world, { calendar, speaker: owner(calendar), query: {}, body });
  if (organizer) event.organizer = organizer;
  return { id: event.id, etag: etagOf(event) };
}

function byHand(calendar, id) {
  const event = calendar.events[id];
  if (!event) throw new Error(`no event ${id}`);
  return event;
}

/**
 * What the coach changes by hand; guests are told unless `mails` is false, as the coach may choose in the web
 * UI.
 */
function changeByHand(world, calendar, id, { mails = true, answer, ...fields }) {
  const event = byHand(calendar, id);
  const body = times(fields);
  if (answer) {
    // A guest answers the invitation: nothing but the attendee's status changes, yet the etag does.
    const guest = event.fields.attendees?.find(({ email }) => email === answer.email);
    if (!guest) throw new Error(`no guest ${answer.email}`);
    guest.responseStatus = answer.status;
    world.touch(calendar, event);
  }
  if (Object.keys(body).length)
    changeEvent(world, {
      calendar,
      speaker: owner(calendar),
      query: { sendUpdates: mails ? 'all' : 'none', conferenceDataVersion: 1 },
      body,
      event,
    });
  return { id, etag: etagOf(event) };
}

function removeByHand(world, calendar, id, { mails = true }) {
  const event = byHand(calendar, id);
  removeEvent(world, { calendar, query: { sendUpdates: mails ? 'all' : 'none' }, event });
  return { id, etag: etagOf(event) };
}

/** Ends all faults and lets go of the calls that hang. */
function heal(world) {
  world.faults.length = 0;
  for (const release of world.hanging ?? []) release();
}
