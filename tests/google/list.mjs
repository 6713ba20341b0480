// events.list with pages and sync tokens, and freeBusy: the two ways to read a calendar.
import { etagOf, renderEvent, timeOf } from './events.mjs';
import { refusals } from './replies.mjs';
import { hasOffset, inZone, isZone, parseInstant } from './time.mjs';
import { digest } from './world.mjs';

const NOT_WITH_SYNC_TOKEN = [
  'iCalUID',
  'orderBy',
  'privateExtendedProperty',
  'q',
  'sharedExtendedProperty',
  'timeMin',
  'timeMax',
  'updatedMin',
];
// What may differ between the calls that share a token: how the answer is cut and shown, and what bounds only
// the first.
const NOT_IN_TOKEN = [
  ...NOT_WITH_SYNC_TOKEN,
  'syncToken',
  'pageToken',
  'maxResults',
  'fields',
  'prettyPrint',
  'alt',
  'quotaUser',
  'key',
];

const seal = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function open(token) {
  try {
    return JSON.parse(Buffer.from(token, 'base64url'));
  } catch {
    return {};
  }
}

const parametersOf = (query) =>
  digest(
    JSON.stringify(
      Object.entries(query)
        .filter(([name]) => !NOT_IN_TOKEN.includes(name))
        .sort(),
    ),
  );

export function listEvents(world, { calendar, speaker, query }) {
  if (query.timeZone !== undefined && !isZone(query.timeZone)) throw refusals.invalidParameter('timeZone');
  if (query.orderBy === 'startTime' && !query.singleEvents)
    throw refusals.badRequest('The requested ordering is not available for the particular query.');
  if (query.timeMin !== undefined && query.timeMax !== undefined && query.timeMax <= query.timeMin)
    throw refusals.timeRangeEmpty();
  const parameters = parametersOf(query);
  const found =
    query.syncToken === undefined
      ? Object.values(calendar.events).filter(fullListFilter(calendar, query))
      : changesSince(calendar, query, parameters);
  const place = (event) => (query.orderBy === 'startTime' ? timeOf(event).start : event.micros);
  const compare = (a, b) => place(a) - place(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  found.sort(compare);

  // What is changed while somebody turns the pages is in a later page or in the next sync, and pushes nothing out.
  let page = { after: null, change: calendar.change };
  if (query.pageToken !== undefined) {
    page = open(query.pageToken);
    if (page.calendar !== calendar.id || page.parameters !== parameters || page.kind !== 'page')
      throw refusals.invalidParameter('pageToken');
  }
  const { after, change } = page;
  const left =
    after === null
      ? found
      : found.filter(
          (event) => place(event) > after.place || (place(event) === after.place && event.id > after.id),
        );
  const limit = Math.min(query.maxResults ?? 250, 2500, world.settings.page_size);
  const empty = world.settings.empty_first_page && query.pageToken === undefined;
  const items = empty ? [] : left.slice(0, limit);
  const more = items.length < left.length;
  const last = items.at(-1);
  const next = last === undefined ? after : { place: place(last), id: last.id };
  return {
    kind: 'calendar#events',
    etag: `"p${calendar.generation}${String(calendar.change).padStart(10, '0')}"`,
    summary: calendar.summary,
    description: '',
    updated: new Date(
      Math.max(0, ...Object.values(calendar.events).map((e) => e.micros / 1000)),
    ).toISOString(),
    timeZone: query.timeZone ?? calendar.timeZone,
    accessRole: calendar.roles[speaker.user],
    defaultReminders: [],
    ...(more
      ? { nextPageToken: seal({ kind: 'page', calendar: calendar.id, parameters, after: next, change }) }
      : {
          nextSyncToken: seal({
            kind: 'sync',
            calendar: calendar.id,
            parameters,
            change,
            generation: calendar.generation,
          }),
        }),
    // Of a deleted event only the id is promised to a reader who syncs.
    items: items.map((event) =>
      event.status === 'cancelled'
        ? { kind: 'calendar#event', etag: etagOf(event), id: event.id, status: 'cancelled' }
        : renderEvent(world, calendar, event, {
            user: speaker.user,
            zone: query.timeZone,
            maxAttendees: query.maxAttendees,
          }),
    ),
  };
}

function changesSince(calendar, query, parameters) {
  const clash =
    NOT_WITH_SYNC_TOKEN.find((name) => name in query) ?? (query.showDeleted === false ? 'showDeleted' : null);
  if (clash) throw refusals.invalidParameter(clash, `Parameter ${clash} cannot be combined with syncToken.`);
  const token = open(query.syncToken);
  if (token.kind !== 'sync' || token.calendar !== calendar.id || token.generation !== calendar.generation)
    throw refusals.fullSyncRequired();
  if (token.parameters !== parameters)
    throw refusals.invalidParameter(
      'syncToken',
      'The parameters differ from those of the initial synchronization.',
    );
  return Object.values(calendar.events).filter((event) => event.change > token.change);
}

function fullListFilter(calendar, query) {
  const property = (kind) =>
    (query[`${kind}ExtendedProperty`] ?? []).map((text) => {
      if (!/^[^=]+=/.test(text)) throw refusals.invalidParameter(`${kind}ExtendedProperty`);
      const cut = text.indexOf('=');
      return (event) => event.fields.extendedProperties?.[kind]?.[text.slice(0, cut)] === text.slice(cut + 1);
    });
  const tests = [...property('private'), ...property('shared')];
  if (!query.showDeleted) tests.push((event) => event.status !== 'cancelled');
  if (query.timeMin !== undefined) tests.push((event) => timeOf(event).end > query.timeMin);
  if (query.timeMax !== undefined) tests.push((event) => timeOf(event).start < query.timeMax);
  if (query.updatedMin !== undefined) tests.push((event) => event.micros / 1000 >= query.updatedMin);
  if (query.iCalUID !== undefined) tests.push((event) => event.iCalUID === query.iCalUID);
  if (query.eventTypes !== undefined) tests.push(() => query.eventTypes.includes('default'));
  if (query.q !== undefined)
    tests.push((event) => JSON.stringify(event.fields).toLowerCase().includes(query.q.toLowerCase()));
  return (event) => tests.every((test) => test(event));
}

/** freeBusy.query. Trouble with one calendar is an entry in a 200, as Google does it. */
export function queryFreeBusy(world, { speaker, body }) {
  if (!hasOffset(body.timeMin) || !hasOffset(body.timeMax)) throw refusals.badRequest();
  const from = parseInstant(body.timeMin);
  const to = parseInstant(body.timeMax);
  if (Number.isNaN(from) || Number.isNaN(to)) throw refusals.badRequest();
  if (body.timeZone != null && !isZone(body.timeZone)) throw refusals.invalid('Invalid time zone.');
  if (to <= from) throw refusals.timeRangeEmpty();
  if (to - from > world.settings.free_busy_max_days * 86_400_000) throw refusals.timeRangeTooLong();
  if (body.calendarExpansionMax > 50 || body.groupExpansionMax > 100) throw refusals.invalid();
  const zone = body.timeZone ?? 'UTC';
  const ids = (body.items ?? []).map(({ id }) => id);
  const calendars = {};
  for (const id of ids)
    calendars[id] =
      ids.length > 50
        ? { errors: [{ domain: 'global', reason: 'tooManyCalendarsRequested' }], busy: [] }
        : busyTimes(world, world.visibleCalendar(speaker.user, id, 'freeBusyReader'), from, to, zone);
  return {
    kind: 'calendar#freeBusy',
    timeMin: new Date(from).toISOString(),
    timeMax: new Date(to).toISOString(),
    calendars,
  };
}

function busyTimes(world, calendar, from, to, zone) {
  if (!calendar) return { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] };
  const seen = (Date.now() - world.settings.free_busy_lag_ms) * 1000;
  const ranges = Object.values(calendar.events)
    .filter(
      (event) => isBusy(calendar, event) && (world.settings.free_busy_lag_ms === 0 || event.micros <= seen),
    )
    .map(timeOf)
    .filter(({ start, end }) => start < to && end > from)
    .sort((a, b) => a.start - b.start);
  const merged = [];
  for (const { start, end } of ranges) {
    const last = merged.at(-1);
    if (last && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return {
    busy: merged.map(({ start, end }) => ({
      start: inZone(Math.max(start, from), zone),
      end: inZone(Math.min(end, to), zone),
    })),
  };
}

function isBusy(calendar, event) {
  const own = event.fields.attendees?.find((guest) => guest.email === calendar.id);
  return (
    event.status !== 'cancelled' &&
    event.fields.transparency !== 'transparent' &&
    own?.responseStatus !== 'declined'
  );
}
