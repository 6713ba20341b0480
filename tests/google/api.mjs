// Calendar v3: one table of methods, and for each call the checks that come before its own: token, scopes, query, body, calendar.
import { authenticate } from './oauth.mjs';
import { stopChannel, watchEvents } from './channels.mjs';
import { changeEvent, etagOf, insertEvent, removeEvent, renderEvent } from './events.mjs';
import { listEvents, queryFreeBusy } from './list.mjs';
import { refusals } from './replies.mjs';
import { BODIES, QUERIES, readBody, readQuery, selectFields } from './shape.mjs';
import { SCOPE, hasRole } from './world.mjs';

const scopes = (names) => names.split(' ').map((name) => SCOPE + name);
const WRITE = scopes('calendar calendar.events calendar.events.owned calendar.app.created');
const READ = [...WRITE, ...scopes('calendar.readonly calendar.events.readonly calendar.events.owned.readonly ' +
  'calendar.events.freebusy calendar.events.public.readonly')];
const BUSY = scopes('calendar calendar.readonly calendar.freebusy calendar.events.freebusy');
const STOP = [...READ, ...scopes('calendar.acls calendar.acls.readonly calendar.calendarlist calendar.calendarlist.readonly ' +
  'calendar.settings.readonly')];
const CALENDARS = scopes('calendar calendar.readonly calendar.calendars calendar.calendars.readonly calendar.app.created');

const found = (run) => (call) => {
  const event = call.calendar.events[call.event];
  if (!event) throw refusals.notFound();
  return run({ ...call, event });
};
const shown = ({ world, calendar, speaker, query }, event) => ({
  body: renderEvent(world, calendar, event, { user: speaker.user, zone: query.timeZone, maxAttendees: query.maxAttendees }),
  etag: etagOf(event),
});

/** name, verb, path, scopes any of which will do, query parameters, body, least role on the calendar, what it does. */
const METHODS = [
  ['freebusy.query', 'POST', 'freeBusy', BUSY, 'none', 'FREE_BUSY', null, (call) => ({ body: queryFreeBusy(call.world, call) })],
  ['channels.stop', 'POST', 'channels/stop', STOP, 'none', 'CHANNEL', null, (call) => stopChannel(call.world, call) ?? {}],
  ['events.watch', 'POST', 'calendars/*/events/watch', READ, 'list', 'CHANNEL', 'reader', (call) => ({ body: watchEvents(call.world, call) })],
  ['events.list', 'GET', 'calendars/*/events', READ, 'list', null, 'reader', (call) => ({ body: listEvents(call.world, call) })],
  ['events.insert', 'POST', 'calendars/*/events', WRITE, 'insert', 'EVENT', 'writer', (call) => shown(call, insertEvent(call.world, call))],
  ['events.get', 'GET', 'calendars/*/events/*', READ, 'get', null, 'reader', found(getEvent)],
  ['events.patch', 'PATCH', 'calendars/*/events/*', WRITE, 'change', 'EVENT', 'writer',
    found((call) => shown(call, changeEvent(call.world, call)))],
  ['events.update', 'PUT', 'calendars/*/events/*', WRITE, 'change', 'EVENT', 'writer',
    found((call) => shown(call, changeEvent(call.world, { ...call, replace: true })))],
  ['events.delete', 'DELETE', 'calendars/*/events/*', WRITE, 'remove', null, 'writer', found((call) => removeEvent(call.world, call) && {})],
  ['calendars.get', 'GET', 'calendars/*', CALENDARS, 'none', null, 'reader', ({ calendar }) => ({
    body: { kind: 'calendar#calendar', id: calendar.id, etag: '"1"', summary: calendar.summary, timeZone: calendar.timeZone },
  })],
].map(([name, verb, path, needs, query, body, role, run]) => ({
  name, verb, needs, query, body, role, run, pattern: new RegExp(`^/${path.replaceAll('*', '([^/]+)')}$`),
}));

function getEvent(call) {
  if (call.ifNoneMatch && call.ifNoneMatch === etagOf(call.event)) return { status: 304, etag: etagOf(call.event) };
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
  if (!method.needs.some((scope) => speaker.scopes.includes(scope))) throw refusals.insufficientPermissions(method.needs);
  const query = readQuery(search, QUERIES[method.query]);
  if (!method.body && bytes.length) throw refusals.badRequest('Your client has issued a malformed or illegal request.');
  const body = method.body ? readBody(bytes, headers['content-type'], BODIES[method.body]) : undefined;
  const calendar = calendarId === undefined ? null : world.visibleCalendar(speaker.user, calendarId, 'reader');
  if (calendarId !== undefined && !calendar) throw refusals.notFound();
  if (calendar && !hasRole(calendar, speaker.user, method.role)) throw refusals.requiredAccessLevel();
  const reply = method.run({
    world, speaker, query, body, calendar, event, base, ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'],
  });
  return query.fields !== undefined && reply.body ? { ...reply, body: selectFields(reply.body, query.fields) } : reply;
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
