// Calendar v3: one table of methods, and for each call the checks that come before its own: token, scopes,
// query, body, calendar.
import { authenticate } from './oauth.mjs';
import { stopChannel, watchEvents } from './channels.mjs';
import { changeEvent, etagOf, insertEvent, removeEvent, renderEvent } from './events.mjs';
import { listEvents, queryFreeBusy } from './list.mjs';
import { refusals } from './replies.mjs';
import { BODIES, QUERIES, readBody, readQuery, selectFields } from './shape.mjs';
import { SCOPE, hasRole } from './world.mjs';

const scopes = (names) => names.split(' ').map((name) => SCOPE + name);
const WRITE = scopes('calendar calendar.events calendar.events.owned calendar.app.created');
const READ = [
  ...WRITE,
  ...scopes(
    'calendar.readonly calendar.events.readonly calendar.events.owned.readonly ' +
      'calendar.events.freebusy calendar.events.public.readonly',
  ),
];
const BUSY = scopes('calendar calendar.readonly calendar.freebusy calendar.events.freebusy');
const STOP = [
  ...READ,
  ...scopes(
    'calendar.acls calendar.acls.readonly calendar.calendarlist calendar.calendarlist.readonly ' +
      'calendar.settings.readonly',
  ),
];
const CALENDARS = scopes(
  'calendar calendar.readonly calendar.calendars calendar.calendars.readonly calendar.app.created',
);

const found = (run) => (call) => {
  const event = call.calendar.events[call.event];
  if (!event) throw refusals.notFound();
  return run({ ...call, event });
};
const shown = ({ world, calendar, speaker, query }, event) => ({
  body: renderEvent(world, calendar, event, {
    user: speaker.user,
    zone: query.timeZone,
    maxAttendees: query.maxAttendees,
  }),
  etag: etagOf(event),
});

/**
 * The methods: the scopes any one of which will do, the query parameters, the form of the body, the least
 * role on the calendar, and what is done.
 */
const METHODS = [
  {
    name: 'freebusy.query',
    route: 'POST freeBusy',
    needs: BUSY,
    body: BODIES.FREE_BUSY,
    run: (call) => ({ body: queryFreeBusy(call.world, call) }),
  },
  {
    name: 'channels.stop',
    route: 'POST channels/stop',
    needs: STOP,
    body: BODIES.CHANNEL,
    run: (call) => stopChannel(call.world, call) ?? {},
  },
  {
    name: 'events.watch',
    route: 'POST calendars/*/events/watch',
    needs: READ,
    query: QUERIES.list,
    body: BODIES.CHANNEL,
    role: 'reader',
    run: (call) => ({ body: watchEvents(call.world, call) }),
  },
  {
    name: 'events.list',
    route: 'GET calendars/*/events',
    needs: READ,
    query: QUERIES.list,
    role: 'reader',
    run: (call) => ({ body: listEvents(call.world, call) }),
  },
  {
    name: 'events.insert',
    route: 'POST calendars/*/events',
    needs: WRITE,
    query: QUERIES.insert,
    body: BODIES.EVENT,
    role: 'writer',
    run: (call) => shown(call, insertEvent(call.world, call)),
  },
  {
    name: 'events.get',
    route: 'GET calendars/*/events/*',
    needs: READ,
    query: QUERIES.get,
    role: 'reader',
    run: found(getEvent),
  },
  {
    name: 'events.patch',
    route: 'PATCH calendars/*/events/*',
    needs: WRITE,
    query: QUERIES.change,
    body: BODIES.EVENT,
    role: 'writer',
    run: found((call) => shown(call, changeEvent(call.world, call))),
  },
  {
    name: 'events.update',
    route: 'PUT calendars/*/events/*',
    needs: WRITE,
    query: QUERIES.change,
    body: BODIES.EVENT,
    role: 'writer',
    run: found((call) => shown(call, changeEvent(call.world, { ...call, replace: true }))),
  },
  {
    name: 'events.delete',
    route: 'DELETE calendars/*/events/*',
    needs: WRITE,
    query: QUERIES.remove,
    role: 'writer',
    run: found((call) => removeEvent(call.world, call) && {}),
  },
  {
    name: 'calendars.get',
    route: 'GET calendars/*',
    needs: CALENDARS,
    role: 'reader',
    run: ({ calendar: { id, summary, timeZone } }) => ({
      body: { kind: 'calendar#calendar', id, etag: '"1"', summary, timeZone },
    }),
  },
].map(({ route, ...method }) => {
  const [verb, path] = route.split(' ');
  return { ...method, verb, pattern: new RegExp(`^/${path.replaceAll('*', '([^/]+)')}$`) };
});

function getEvent(call) {
  if (call.ifNoneMatch && call.ifNoneMatch === etagOf(call.event))
    return { status: 304, etag: etagOf(call.event) };
  return shown(call, call.event);
}

/** The method a request is for, and what its path names: { method, calendarId, event }, or null. */
export function findMethod(verb, path) {
  for (const method of METHODS) {
    const match = method.verb === verb && method.pattern.exec(path);
    if (!match) continue;
    try {
      const [calendarId, event] = match.slice(1).map(decodeURIComponent);
      return { method, calendarId, event };
    } catch {
      return null;
    }
  }
  return null;
}

/** Answers one call: { status?, body?, etag? }; throws the Refusal. `base` is the address of this API. */
export function answer(world, { method, calendarId, event }, { headers, search, bytes, base }) {
  const speaker = authenticate(world, headers.authorization);
  countRequest(world, speaker);
  if (!method.needs.some((scope) => speaker.scopes.includes(scope)))
    throw refusals.insufficientPermissions(method.needs);
  const query = readQuery(search, method.query ?? {});
  if (!method.body && bytes.length)
    throw refusals.badRequest('Your client has issued a malformed or illegal request.');
  const body = method.body ? readBody(bytes, headers['content-type'], method.body) : undefined;
  const calendar =
    calendarId === undefined ? null : world.visibleCalendar(speaker.user, calendarId, 'reader');
  if (calendarId !== undefined && !calendar) throw refusals.notFound();
  if (calendar && !hasRole(calendar, speaker.user, method.role)) throw refusals.requiredAccessLevel();
  const reply = method.run({
    world,
    speaker,
    query,
    body,
    calendar,
    event,
    base,
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
  });
  return query.fields !== undefined && reply.body
    ? { ...reply, body: selectFields(reply.body, query.fields) }
    : reply;
}

function countRequest(world, speaker) {
  const limit = world.settings.requests_per_minute;
  if (!limit) return;
  const recent = (world.recent ??= new Map());
  const since = Date.now() - 60_000;
  const calls = (recent.get(speaker.user) ?? []).filter((at) => at > since);
  if (calls.length >= limit) throw refusals.rateLimitExceeded403();
  recent.set(speaker.user, [...calls, Date.now()]);
}
