// Events: what may be written, how a change is applied, how an event is shown, and which mails Google would
// send.
//
// An event is kept as { id, micros, change, sequence, status, fields, ... }: `fields` is what a client may
// write, as written; everything else is Google's.
import { isDeepStrictEqual } from 'node:util';
import { conferenceAfter } from './meet.mjs';
import { refusals } from './replies.mjs';
import { hasOffset, inZone, isZone, parseDate, parseInstant } from './time.mjs';
import { hasRole, randomId } from './world.mjs';

const READ_ONLY = [
  'kind',
  'etag',
  'id',
  'iCalUID',
  'status',
  'htmlLink',
  'created',
  'updated',
  'creator',
  'organizer',
  'sequence',
  'hangoutLink',
  'conferenceData',
  'locked',
  'attendeesOmitted',
  'originalStartTime',
  'recurringEventId',
  'privateCopy',
  'eventType',
];
const SEEN_BY_GUESTS = ['summary', 'description', 'location', 'start', 'end', 'attendees'];
const SHARED = [
  ...SEEN_BY_GUESTS,
  'visibility',
  'guestsCanModify',
  'guestsCanInviteOthers',
  'guestsCanSeeOtherGuests',
];
const CHOICES = {
  status: ['confirmed', 'tentative', 'cancelled'],
  transparency: ['opaque', 'transparent'],
  visibility: ['default', 'public', 'private', 'confidential'],
  eventType: ['default'],
};
const ANSWERS = ['needsAction', 'declined', 'tentative', 'accepted'];

/**
 * Start and end of an event in milliseconds. All-day events reach from midnight to midnight in the calendar's
 * zone.
 */
function rangeOf(calendar, fields) {
  const at = (when) =>
    when.date ? parseDate(when.date, calendar.timeZone) : parseInstant(when.dateTime, when.timeZone);
  return { start: at(fields.start), end: at(fields.end) };
}

function checkTimes(calendar, { start, end }) {
  if (!start || (!start.date && !start.dateTime)) throw refusals.required('Missing start time.');
  if (!end || (!end.date && !end.dateTime)) throw refusals.required('Missing end time.');
  if ((start.date && start.dateTime) || (end.date && end.dateTime) || !start.date !== !end.date)
    throw refusals.invalid('Start and end times must either both be date or both be dateTime.');
  for (const [name, when] of [
    ['start', start],
    ['end', end],
  ]) {
    if (when.timeZone !== undefined && !isZone(when.timeZone))
      throw refusals.invalid(`Invalid time zone definition for ${name} time.`);
    if (when.dateTime && !hasOffset(when.dateTime) && !when.timeZone)
      throw refusals.required(`Missing time zone definition for ${name} time.`);
  }
  const range = rangeOf(calendar, { start, end });
  if (Number.isNaN(range.start) || Number.isNaN(range.end)) throw refusals.badRequest();
  if (range.end <= range.start) throw refusals.timeRangeEmpty();
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const ADDRESS = new RegExp(`^${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+${LABEL}$`);

/** Only dot-atoms at host names, in ASCII: one bad guest costs the whole request. */
function checkGuests(attendees) {
  for (const guest of attendees ?? []) {
    if (!ADDRESS.test(guest.email ?? '') || guest.email.length > 254)
      throw refusals.invalid('Invalid attendee email.');
    if (guest.responseStatus !== undefined && !ANSWERS.includes(guest.responseStatus))
      throw refusals.invalid('Invalid attendee response status.');
  }
}

function checkReminders({ useDefault, overrides } = {}) {
  if (useDefault && overrides?.length) throw refusals.reminders();
  if ((overrides ?? []).length > 5) throw refusals.invalid('Too many reminders.');
  for (const { method, minutes } of overrides ?? [])
    if (!['email', 'popup'].includes(method) || !(minutes >= 0 && minutes <= 40320))
      throw refusals.invalid('Invalid reminder.');
}

/** Google drops properties with names over 44 characters and cuts values at 1024, without a word. */
function cutProperties(kinds) {
  for (const properties of Object.values(kinds ?? {}))
    for (const [name, text] of Object.entries(properties))
      if (name.length > 44) delete properties[name];
      else properties[name] = text.slice(0, 1024);
}

/** Checks the fields of a whole event as they will be kept. Throws the refusal Google would give. */
function checkFields(calendar, fields) {
  for (const [name, allowed] of Object.entries(CHOICES))
    if (fields[name] !== undefined && !allowed.includes(fields[name]))
      throw refusals.invalid(`Invalid value for: ${name}`);
  checkTimes(calendar, fields);
  checkGuests(fields.attendees);
  checkReminders(fields.reminders);
  cutProperties(fields.extendedProperties);
  if (fields.recurrence) throw refusals.notModelled('recurring events');
  if (fields.source && !/^https?:\/\//.test(fields.source.url ?? ''))
    throw refusals.invalid('Invalid source url.');
}

function writable(fields) {
  return Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => !READ_ONLY.includes(name) && value !== null),
  );
}

/** What a service account that impersonates nobody is refused. */
function checkBare(speaker, body) {
  if (speaker.bare && Array.isArray(body.attendees)) throw refusals.forbiddenForServiceAccounts();
}

export function insertEvent(world, { calendar, speaker, query, body }) {
  checkBare(speaker, body);
  if (body.id != null && (body.iCalUID != null || !/^[a-v0-9]{5,1024}$/.test(body.id)))
    throw refusals.invalid('Invalid resource id value.');
  const fields = writable(body);
  checkFields(calendar, { ...fields, status: body.status, eventType: body.eventType });
  if (body.status === 'cancelled') throw refusals.invalid('Invalid value for: status');
  const id = body.id ?? randomId(26);
  if (calendar.events[id]) throw refusals.duplicate(); // a deleted event keeps its id for ever
  const event = {
    id,
    iCalUID: body.iCalUID ?? `${id}@google.com`,
    created: Date.now(),
    sequence: 0,
    status: body.status ?? 'confirmed',
    creator: speaker.user,
    organizer: calendar.id,
    fields,
  };
  if (query.conferenceDataVersion === 1)
    event.conference = conferenceAfter(world, { calendar, event, speaker, asked: body.conferenceData });
  calendar.events[id] = event;
  noteTime(calendar, event);
  world.touch(calendar, event);
  sendMails(world, { calendar, event, query, before: null });
  return event;
}

/** PATCH merges, `replace` (PUT) resets what the body leaves out. */
export function changeEvent(world, { calendar, speaker, query, body, ifMatch, event, replace }) {
  checkEtag(event, ifMatch);
  checkBare(speaker, body);
  if (body.status === 'cancelled' && event.status !== 'cancelled')
    return removeEvent(world, { calendar, query, event });
  if (event.status === 'cancelled' && body.status !== 'confirmed') throw refusals.deleted();
  const before = { fields: event.fields, status: event.status };
  const fields = writable(
    replace ? structuredClone(body) : merge(structuredClone(event.fields), writableOrNull(body)),
  );
  if (
    event.organizer !== calendar.id &&
    SHARED.some((name) => !isDeepStrictEqual(fields[name], event.fields[name]))
  )
    throw refusals.forbiddenForNonOrganizer();
  checkFields(calendar, { ...fields, status: body.status ?? event.status, eventType: body.eventType });
  if (query.conferenceDataVersion === 1)
    event.conference = conferenceAfter(world, {
      calendar,
      event,
      speaker,
      asked: body.conferenceData,
      replace,
    });
  Object.assign(event, { fields, status: body.status ?? event.status });
  if (noteTime(calendar, event)) event.sequence++;
  world.touch(calendar, event);
  sendMails(world, { calendar, event, query, before, named: Object.keys(body) });
  return event;
}

export function removeEvent(world, { calendar, query, event, ifMatch }) {
  if (event.status === 'cancelled') throw refusals.deleted();
  checkEtag(event, ifMatch);
  event.status = 'cancelled';
  event.sequence++;
  noteTime(calendar, event);
  world.touch(calendar, event);
  sendMails(world, { calendar, event, query, before: { fields: event.fields, status: 'confirmed' } });
  return event;
}

function checkEtag(event, ifMatch) {
  if (ifMatch && ifMatch !== '*' && ifMatch !== etagOf(event)) throw refusals.conditionNotMet();
}

const writableOrNull = (body) =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !READ_ONLY.includes(name)));

function merge(into, changes) {
  for (const [name, value] of Object.entries(changes))
    if (value === null) delete into[name];
    else if (typeof value === 'object' && !Array.isArray(value)) into[name] = merge(into[name] ?? {}, value);
    else into[name] = value;
  return into;
}

/** Where an event lies: { start, end } in milliseconds. */
export const timeOf = (event) => event.history.at(-1);

/** Remembers every time an event had, for tests that ask whether it ever lay elsewhere; true if it moved. */
function noteTime(calendar, event) {
  const { start, end } = rangeOf(calendar, event.fields);
  const last = event.history?.at(-1);
  const entry = { at: Date.now(), status: event.status, start, end };
  (event.history ??= []).push(entry);
  return last !== undefined && (last.start !== start || last.end !== end);
}

export const etagOf = (event) => `"${event.micros * 2}"`;

/** The event as the API shows it. `zone` is the one to write times in; the calendar's own by default. */
export function renderEvent(
  world,
  calendar,
  event,
  { user, zone = calendar.timeZone, maxAttendees = Infinity } = {},
) {
  const { fields } = event;
  const when = ({ date, dateTime, timeZone }) =>
    date
      ? { date }
      : { dateTime: inZone(parseInstant(dateTime, timeZone), zone), timeZone: timeZone ?? calendar.timeZone };
  const person = (email) => ({ email, ...(email === calendar.id && { self: true }) });
  const guests = fields.attendees?.map((guest) => ({
    ...guest,
    responseStatus: guest.responseStatus ?? 'needsAction',
    ...(guest.email === event.organizer && { organizer: true }),
    ...(guest.email === calendar.id && { self: true }),
  }));
  const code = event.conference?.code;
  return {
    kind: 'calendar#event',
    etag: etagOf(event),
    id: event.id,
    status: event.status,
    htmlLink: `https://www.google.com/calendar/event?eid=${Buffer.from(`${event.id} ${calendar.id}`).toString('base64url')}`,
    created: new Date(event.created).toISOString(),
    updated: new Date(event.micros / 1000).toISOString(),
    ...fields,
    creator: person(event.creator),
    organizer: person(event.organizer),
    start: when(fields.start),
    end: when(fields.end),
    iCalUID: event.iCalUID,
    sequence: event.sequence,
    ...(guests && { attendees: guests.slice(0, maxAttendees) }),
    ...(guests?.length > maxAttendees && { attendeesOmitted: true }),
    // Private properties belong to the copy on this calendar; a mere reader of it does not see them.
    ...(fields.extendedProperties &&
      user &&
      !hasRole(calendar, user, 'writer') && { extendedProperties: undefined }),
    ...(code && { hangoutLink: `https://meet.google.com/${code}` }),
    ...(event.conference && { conferenceData: renderConference(event.conference) }),
    reminders: fields.reminders ? { useDefault: false, ...fields.reminders } : { useDefault: true },
    eventType: 'default',
  };
}

function renderConference({ requestId, statusCode, code }) {
  const key = { type: 'hangoutsMeet' };
  const createRequest = { requestId, conferenceSolutionKey: key, status: { statusCode } };
  if (!code) return { createRequest };
  return {
    createRequest,
    conferenceId: code,
    entryPoints: [
      { entryPointType: 'video', uri: `https://meet.google.com/${code}`, label: `meet.google.com/${code}` },
    ],
    conferenceSolution: {
      key,
      name: 'Google Meet',
      iconUri:
        'https://fonts.gstatic.com/s/i/productlogos/meet_2020q4/v6/web-512dp/logo_meet_2020q4_color_2x_web_512dp.png',
    },
  };
}

/**
 * Writes into the journal the mails Google would send for a change. A patch that names something guests see
 * counts as an update even if it changes nothing: Google documents neither, and this is the reading that
 * hurts.
 */
function sendMails(world, { calendar, event, query, before, named = [] }) {
  const mode = query.sendUpdates ?? (query.sendNotifications ? 'all' : 'none');
  if (mode === 'none') return;
  const invited = (fields) => new Set((fields?.attendees ?? []).map((guest) => guest.email.toLowerCase()));
  const was = before?.status === 'confirmed' ? invited(before.fields) : new Set();
  const is = event.status === 'cancelled' ? new Set() : invited(event.fields);
  const changed =
    before && SEEN_BY_GUESTS.some((name) => !isDeepStrictEqual(before.fields[name], event.fields[name]));
  const told =
    changed || (!world.settings.quiet_unchanged && named.some((name) => SEEN_BY_GUESTS.includes(name)));
  const { start, end } = timeOf(event);
  for (const to of new Set([...was, ...is])) {
    const kind = !was.has(to) ? 'invitation' : !is.has(to) ? 'cancellation' : told ? 'update' : null;
    if (!kind || to === event.organizer || (mode === 'externalOnly' && world.kept.accounts[to])) continue;
    world.log({
      type: 'mail',
      kind,
      to,
      calendar: calendar.id,
      event: event.id,
      sequence: event.sequence,
      start: inZone(start, 'UTC'),
      end: inZone(end, 'UTC'),
      summary: event.fields.summary ?? null,
      meet: event.conference?.code ? `https://meet.google.com/${event.conference.code}` : null,
    });
  }
}
