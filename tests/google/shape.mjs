// What Calendar v3 takes: each method's query parameters and the form of each body, and the checks for both.
import { hasOffset, parseInstant } from './time.mjs';
import { refusals } from './replies.mjs';

const TEXTS = { '*': 'string' };
const WHEN = { date: 'string', dateTime: 'string', timeZone: 'string' };
const PERSON = { displayName: 'string', email: 'string', id: 'string', self: 'boolean' };
const CONFERENCE_KEY = { type: 'string' };
const EVENT = {
  anyoneCanAddSelf: 'boolean',
  attendeesOmitted: 'boolean',
  colorId: 'string',
  created: 'string',
  creator: PERSON,
  description: 'string',
  end: WHEN,
  endTimeUnspecified: 'boolean',
  etag: 'string',
  eventType: 'string',
  extendedProperties: { private: TEXTS, shared: TEXTS },
  guestsCanInviteOthers: 'boolean',
  guestsCanModify: 'boolean',
  guestsCanSeeOtherGuests: 'boolean',
  hangoutLink: 'string',
  htmlLink: 'string',
  iCalUID: 'string',
  id: 'string',
  kind: 'string',
  location: 'string',
  locked: 'boolean',
  organizer: PERSON,
  originalStartTime: WHEN,
  privateCopy: 'boolean',
  recurrence: ['string'],
  recurringEventId: 'string',
  sequence: 'integer',
  source: { title: 'string', url: 'string' },
  start: WHEN,
  status: 'string',
  summary: 'string',
  transparency: 'string',
  updated: 'string',
  visibility: 'string',
  attendees: [
    {
      additionalGuests: 'integer',
      comment: 'string',
      displayName: 'string',
      email: 'string',
      id: 'string',
      optional: 'boolean',
      organizer: 'boolean',
      resource: 'boolean',
      responseStatus: 'string',
      self: 'boolean',
    },
  ],
  conferenceData: {
    conferenceId: 'string',
    notes: 'string',
    signature: 'string',
    parameters: { '*': 'any' },
    conferenceSolution: { iconUri: 'string', key: CONFERENCE_KEY, name: 'string' },
    createRequest: {
      requestId: 'string',
      conferenceSolutionKey: CONFERENCE_KEY,
      status: { statusCode: 'string' },
    },
    entryPoints: [
      {
        accessCode: 'string',
        entryPointFeatures: ['string'],
        entryPointType: 'string',
        label: 'string',
        meetingCode: 'string',
        passcode: 'string',
        password: 'string',
        pin: 'string',
        regionCode: 'string',
        uri: 'string',
      },
    ],
  },
  reminders: { useDefault: 'boolean', overrides: [{ method: 'string', minutes: 'integer' }] },
};
const FREE_BUSY = {
  timeMin: 'string',
  timeMax: 'string',
  timeZone: 'string',
  items: [{ id: 'string' }],
  calendarExpansionMax: 'integer',
  groupExpansionMax: 'integer',
};
const CHANNEL = {
  address: 'string',
  expiration: 'int64',
  id: 'string',
  kind: 'string',
  params: TEXTS,
  payload: 'boolean',
  resourceId: 'string',
  resourceUri: 'string',
  token: 'string',
  type: 'string',
};
export const BODIES = { EVENT, FREE_BUSY, CHANNEL };

const COMMON = {
  alt: ['json'],
  fields: 'string',
  key: 'string',
  oauth_token: 'string',
  prettyPrint: 'boolean',
  quotaUser: 'string',
  userIp: 'string',
};
const EVENT_TYPES = ['birthday', 'default', 'focusTime', 'fromGmail', 'outOfOffice', 'workingLocation'];
const MAILS = { sendUpdates: ['all', 'externalOnly', 'none'], sendNotifications: 'boolean' };
const WRITE = {
  ...MAILS,
  conferenceDataVersion: 'integer',
  maxAttendees: 'integer',
  supportsAttachments: 'boolean',
};
const LIST = {
  alwaysIncludeEmail: 'boolean',
  eventTypes: EVENT_TYPES,
  iCalUID: 'string',
  maxAttendees: 'integer',
  maxResults: 'integer',
  orderBy: ['startTime', 'updated'],
  pageToken: 'string',
  privateExtendedProperty: 'string',
  q: 'string',
  sharedExtendedProperty: 'string',
  showDeleted: 'boolean',
  showHiddenInvitations: 'boolean',
  singleEvents: 'boolean',
  syncToken: 'string',
  timeMax: 'instant',
  timeMin: 'instant',
  timeZone: 'string',
  updatedMin: 'instant',
};
export const QUERIES = {
  list: LIST,
  insert: WRITE,
  change: { ...WRITE, alwaysIncludeEmail: 'boolean' },
  remove: MAILS,
  get: { alwaysIncludeEmail: 'boolean', maxAttendees: 'integer', timeZone: 'string' },
};
const REPEATED = new Set(['eventTypes', 'privateExtendedProperty', 'sharedExtendedProperty']);

/** Checks the query of a call and returns it as an object; repeated parameters become arrays. */
export function readQuery(search, allowed) {
  const out = {};
  for (const [name, value] of search) {
    const type = allowed[name] ?? COMMON[name];
    if (!type) throw refusals.unknownName(name);
    if (name in out && !REPEATED.has(name))
      throw refusals.invalidParameter(name, `Parameter ${name} is given twice.`);
    if (Array.isArray(type) && !type.includes(value))
      throw refusals.invalidParameter(name, `Invalid string value: '${value}'.`);
    if (type === 'boolean' && value !== 'true' && value !== 'false')
      throw refusals.invalidParameter(name, `Invalid boolean value: '${value}'.`);
    if (
      type === 'integer' &&
      (!/^\d{1,9}$/.test(value) ||
        (/^max/.test(name) && +value < 1) ||
        (name === 'conferenceDataVersion' && +value > 1))
    )
      throw refusals.invalidParameter(name, `Invalid integer value: '${value}'.`);
    if (type === 'instant' && (!hasOffset(value) || Number.isNaN(parseInstant(value))))
      throw refusals.badRequest();
    if (name === 'quotaUser' && value.length > 40) throw refusals.invalidParameter(name);
    const read =
      type === 'boolean'
        ? value === 'true'
        : type === 'integer'
          ? +value
          : type === 'instant'
            ? parseInstant(value)
            : value;
    if (REPEATED.has(name)) (out[name] ??= []).push(read);
    else out[name] = read;
  }
  return out;
}

/** Parses a body of the given form: refuses what is no JSON object, unknown names, wrong types. */
export function readBody(bytes, type, form) {
  if (!/^application\/json\b/i.test(type ?? ''))
    throw refusals.badRequest(`Unsupported content type ${type ?? ''}`);
  let body;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw refusals.parseError();
  }
  checkValue(body, form, '');
  return body;
}

function checkValue(value, form, at) {
  const wrong = () => refusals.invalid(`Invalid value for: ${at || 'the body'}`);
  if (Array.isArray(form)) {
    if (!Array.isArray(value)) throw wrong();
    value.forEach((item, i) => checkValue(item, form[0], `${at}[${i}]`));
  } else if (typeof form === 'object') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw wrong();
    for (const [name, item] of Object.entries(value)) {
      const type = form[name] ?? form['*'];
      if (!type) throw refusals.unknownName(at ? `${at}.${name}` : name);
      if (item !== null) checkValue(item, type, at ? `${at}.${name}` : name);
    }
  } else if (form === 'integer') {
    if (!Number.isInteger(value)) throw wrong();
  } else if (form === 'int64') {
    if (!/^-?\d+$/.test(String(value))) throw wrong();
  } else if (form !== 'any' && typeof value !== form) throw wrong();
}

/** The part of `value` that a `fields=` selector asks for, such as `id,etag,items(id,start/dateTime)`. */
export function selectFields(value, selector) {
  const rest = { text: selector, at: 0 };
  const tree = readSelectors(rest);
  if (rest.at !== selector.length) throw badSelector(selector);
  return pick(value, tree);
}

const badSelector = (text) => refusals.invalidParameter('fields', `Invalid field selection ${text}`);

function readSelectors(rest) {
  const tree = readSelector(rest);
  while (rest.text[rest.at] === ',') {
    rest.at++;
    Object.assign(tree, readSelector(rest));
  }
  return tree;
}

function readSelector(rest) {
  const name = /^(\*|[A-Za-z]+)/.exec(rest.text.slice(rest.at))?.[0];
  if (!name) throw badSelector(rest.text);
  rest.at += name.length;
  const next = rest.text[rest.at];
  if (next !== '/' && next !== '(') return { [name]: true };
  rest.at++;
  const inner = next === '/' ? readSelector(rest) : readSelectors(rest);
  if (next === '(' && rest.text[rest.at++] !== ')') throw badSelector(rest.text);
  return { [name]: inner };
}

function pick(value, tree) {
  if (tree === true || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, tree));
  const chosen = Object.entries(value).filter(([name]) => tree[name] ?? tree['*']);
  return Object.fromEntries(chosen.map(([name, item]) => [name, pick(item, tree[name] ?? tree['*'])]));
}
