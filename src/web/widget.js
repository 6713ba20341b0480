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
 * One file and no build step, because a page should have it with one request. All text reaches the page as
 * text nodes and all styles through a constructed sheet, so the strictest Content-Security-Policy suits it.
 * Calls are made without cookies; storage only remembers the zone and the clock's style, and may be blocked.
 */

/* ---- Words: one table, every language with the same keys ---- */

export const strings = {
  en: {
    book: 'Book a session',
    close: 'Close',
    mySessions: 'My sessions',
    retry: 'Try again',
    loading: 'Looking for free times…',
    length: 'Length',
    type: 'Session',
    minutes: '{n} min',
    monthBefore: 'Previous month',
    monthAfter: 'Next month',
    calendar: 'Choose a day',
    times: { one: '{n} time', other: '{n} times' },
    noTimes: 'no times',
    today: 'today',
    timesOn: { one: '{n} time on {day}', other: '{n} times on {day}' },
    noTimesOn: 'No times on {day}.',
    daysIn: { one: '{month}: {n} day with times', other: '{month}: {n} days with times' },
    monthEmpty: 'No free times in {month}.',
    nextAt: 'Next free time: {day}',
    noneLater: 'No free times later either.',
    none: 'There are no free times at the moment.',
    chooseDay: 'Choose a day to see its times.',
    otherDay: 'Choose another day',
    zone: 'Times in {zone}',
    changeZone: 'Change time zone',
    findZone: 'City or time zone',
    zoneHint: 'Type to search, arrow keys to choose.',
    zoneResults: { one: '{n} time zone', other: '{n} time zones' },
    noZone: 'No time zone found.',
    zoneSet: 'Times are now shown in {zone}.',
    clock: 'Clock',
    clock12: '12 h',
    clock24: '24 h',
    coachTime: '{time} for the coach',
    coachAt: 'For the coach: {time}',
    stale: 'The calendar cannot be reached at the moment; these are its last known times.',
    details: 'Your details',
    changeTime: 'Change time',
    name: 'Name',
    email: 'Email',
    phone: 'Phone',
    notes: 'What is it about?',
    optional: 'optional',
    emailHint: 'Your invitation goes there. Left empty: your account’s address.',
    emailHintKnown: 'Your invitation goes there.',
    phoneHint: 'The coach calls you on this number.',
    confirm: 'Confirm booking',
    sending: 'Booking…',
    held: 'Chosen: {when}. It is held for you while you fill in the form.',
    holdLeft: 'Held for you for {left} more',
    holdOver: 'The time is no longer held for you. It is still yours if it is free when you confirm.',
    errors: { one: 'One thing is missing', other: '{n} things are missing' },
    needName: 'Please give your name.',
    needEmail: 'Please give an email address, such as ana@example.org.',
    needPhone: 'Please give a phone number.',
    taken: '{time} has just been taken.',
    gone: '{time} can no longer be booked.',
    freeNow: 'These times are free:',
    freeNone: 'No other time is free at the moment.',
    booked: 'Your session is booked',
    moved: 'The session is moved',
    cancelled: 'Your session is cancelled',
    invited: 'An invitation is on its way to {email}.',
    join: 'Join with Google Meet',
    joinAt: 'Meeting link',
    linkFollows: 'The meeting link follows in a moment.',
    linkLater: 'The meeting link will be in your invitation and in “My sessions”.',
    linkHere: 'The meeting link is here.',
    byPhone: 'The coach calls you.',
    inPerson: 'You meet in person.',
    addTo: 'Add to your calendar',
    ics: 'Calendar file (.ics)',
    google: 'Google Calendar',
    outlook: 'Outlook',
    until: 'You can cancel or move it until {when}.',
    cancelUntil: 'You can cancel until {when}.',
    moveUntil: 'You can move it until {when}.',
    changesClosed: 'It can no longer be cancelled or moved online; that was possible until {when}.',
    another: 'Book another session',
    upcoming: 'Upcoming',
    past: 'Past',
    gone3: 'Cancelled',
    which: 'Which sessions',
    noSessions: 'No sessions here.',
    more: 'Show more',
    move: 'Move',
    cancel: 'Cancel',
    moveTitle: 'Move the session',
    moveFrom: 'Now',
    moveTo: 'New time',
    moveConfirm: 'Move to this time',
    moving: 'Moving…',
    cancelTitle: 'Cancel this session?',
    cancelRule: 'The time becomes free for others. This cannot be undone.',
    reason: 'Reason',
    cancelConfirm: 'Cancel the session',
    keep: 'Keep it',
    cancelling: 'Cancelling…',
    statusCompleted: 'took place',
    statusNoShow: 'missed',
    statusCancelled: 'cancelled',
    byCoach: 'cancelled by the coach',
    offline: 'You are offline. Nothing is lost: try again when the connection is back.',
    unreachable: 'The booking server cannot be reached. Check your connection and try again.',
    expired: 'Please sign in again. Your session has ended or is missing, so nothing was sent.',
    failed: 'Something went wrong. Please try again.',
    limit: 'You cannot book another session yet',
    busyNow: 'Too many requests just now. Please try again in {n} s.',
    online: 'You are online again.',
    title: 'Session with {coach}',
    titleAlone: 'Session',
    codes: {}, // the server speaks English
  },
  fr: {
    book: 'Réserver une séance',
    close: 'Fermer',
    mySessions: 'Mes séances',
    retry: 'Réessayer',
    loading: 'Recherche des horaires libres…',
    length: 'Durée',
    type: 'Séance',
    minutes: '{n} min',
    monthBefore: 'Mois précédent',
    monthAfter: 'Mois suivant',
    calendar: 'Choisissez un jour',
    times: { one: '{n} horaire', other: '{n} horaires' },
    noTimes: 'aucun horaire',
    today: 'aujourd’hui',
    timesOn: { one: '{n} horaire le {day}', other: '{n} horaires le {day}' },
    noTimesOn: 'Aucun horaire le {day}.',
    daysIn: { one: '{month} : {n} jour avec des horaires', other: '{month} : {n} jours avec des horaires' },
    monthEmpty: 'Aucun horaire libre en {month}.',
    nextAt: 'Prochain horaire libre : {day}',
    noneLater: 'Aucun horaire libre plus tard non plus.',
    none: 'Aucun horaire n’est libre pour le moment.',
    chooseDay: 'Choisissez un jour pour voir ses horaires.',
    otherDay: 'Choisir un autre jour',
    zone: 'Heures de {zone}',
    changeZone: 'Changer de fuseau horaire',
    findZone: 'Ville ou fuseau horaire',
    zoneHint: 'Tapez pour chercher, flèches pour choisir.',
    zoneResults: { one: '{n} fuseau horaire', other: '{n} fuseaux horaires' },
    noZone: 'Aucun fuseau horaire trouvé.',
    zoneSet: 'Les heures sont maintenant celles de {zone}.',
    clock: 'Horloge',
    clock12: '12 h',
    clock24: '24 h',
    coachTime: '{time} pour le coach',
    coachAt: 'Pour le coach : {time}',
    stale: 'L’agenda est injoignable pour le moment ; voici ses derniers horaires connus.',
    details: 'Vos coordonnées',
    changeTime: 'Changer d’horaire',
    name: 'Nom',
    email: 'E-mail',
    phone: 'Téléphone',
    notes: 'De quoi s’agit-il ?',
    optional: 'facultatif',
    emailHint: 'Votre invitation y sera envoyée. Vide : l’adresse de votre compte.',
    emailHintKnown: 'Votre invitation y sera envoyée.',
    phoneHint: 'Le coach vous appelle à ce numéro.',
    confirm: 'Confirmer la réservation',
    sending: 'Réservation…',
    held: 'Choisi : {when}. L’horaire vous est gardé pendant que vous remplissez le formulaire.',
    holdLeft: 'Gardé pour vous encore {left}',
    holdOver: 'L’horaire ne vous est plus gardé. Il reste à vous s’il est libre quand vous confirmez.',
    errors: { one: 'Il manque une chose', other: 'Il manque {n} choses' },
    needName: 'Indiquez votre nom.',
    needEmail: 'Indiquez une adresse e-mail, par exemple ana@example.org.',
    needPhone: 'Indiquez un numéro de téléphone.',
    taken: '{time} vient d’être pris.',
    gone: '{time} ne peut plus être réservé.',
    freeNow: 'Ces horaires sont libres :',
    freeNone: 'Aucun autre horaire n’est libre pour le moment.',
    booked: 'Votre séance est réservée',
    moved: 'La séance est déplacée',
    cancelled: 'Votre séance est annulée',
    invited: 'Une invitation part à l’adresse {email}.',
    join: 'Rejoindre avec Google Meet',
    joinAt: 'Lien de la réunion',
    linkFollows: 'Le lien de la réunion arrive dans un instant.',
    linkLater: 'Le lien de la réunion sera dans votre invitation et dans « Mes séances ».',
    linkHere: 'Le lien de la réunion est là.',
    byPhone: 'Le coach vous appelle.',
    inPerson: 'Vous vous voyez sur place.',
    addTo: 'Ajouter à votre agenda',
    ics: 'Fichier d’agenda (.ics)',
    google: 'Google Agenda',
    outlook: 'Outlook',
    until: 'Vous pouvez l’annuler ou la déplacer jusqu’au {when}.',
    cancelUntil: 'Vous pouvez l’annuler jusqu’au {when}.',
    moveUntil: 'Vous pouvez la déplacer jusqu’au {when}.',
    changesClosed: 'Elle ne peut plus être annulée ni déplacée en ligne ; c’était possible jusqu’au {when}.',
    another: 'Réserver une autre séance',
    upcoming: 'À venir',
    past: 'Passées',
    gone3: 'Annulées',
    which: 'Quelles séances',
    noSessions: 'Aucune séance ici.',
    more: 'En afficher plus',
    move: 'Déplacer',
    cancel: 'Annuler',
    moveTitle: 'Déplacer la séance',
    moveFrom: 'Actuellement',
    moveTo: 'Nouvel horaire',
    moveConfirm: 'Déplacer à cet horaire',
    moving: 'Déplacement…',
    cancelTitle: 'Annuler cette séance ?',
    cancelRule: 'L’horaire redevient libre pour d’autres. C’est définitif.',
    reason: 'Raison',
    cancelConfirm: 'Annuler la séance',
    keep: 'La garder',
    cancelling: 'Annulation…',
    statusCompleted: 'a eu lieu',
    statusNoShow: 'manquée',
    statusCancelled: 'annulée',
    byCoach: 'annulée par le coach',
    offline: 'Vous êtes hors ligne. Rien n’est perdu : réessayez quand la connexion sera revenue.',
    unreachable: 'Le serveur de réservation est injoignable. Vérifiez votre connexion et réessayez.',
    expired: 'Reconnectez-vous. Votre session est terminée ou absente ; rien n’a été envoyé.',
    failed: 'Un problème est survenu. Réessayez.',
    limit: 'Vous ne pouvez pas encore réserver une autre séance',
    busyNow: 'Trop de demandes à l’instant. Réessayez dans {n} s.',
    online: 'Vous êtes de nouveau en ligne.',
    title: 'Séance avec {coach}',
    titleAlone: 'Séance',
    codes: {
      booking_limit: 'Vous avez déjà autant de séances à venir que possible.',
      cancellation_closed: 'Il est trop tard pour annuler cette séance.',
      reschedule_closed: 'Il est trop tard pour déplacer cette séance.',
      reschedule_limit: 'Cette séance a déjà été déplacée aussi souvent que possible.',
      not_active: 'Cette séance n’a plus cours.',
      not_found: 'Cette séance n’existe pas.',
      calendar_unavailable: 'L’agenda du coach est injoignable pour le moment. Réessayez dans un instant.',
      database_unavailable: 'Le service est interrompu un instant. Réessayez.',
      overloaded: 'Le service est très demandé. Réessayez dans un instant.',
      request_in_progress: 'La demande est déjà en cours. Réessayez dans un instant.',
    },
  },
};

const rightToLeft = /^(ar|arc|ckb|dv|fa|he|ks|ku|ps|sd|ug|ur|yi)$/;

/*
 * A translator for one language: (key, values) -> text; `n` among the values picks the plural. Its `code` has
 * the words for a problem's or a refusal's code, where the server's own are in another language.
 */
export function translator(table, language) {
  const plural = new Intl.PluralRules(language);
  const translate = (key, values = {}) => {
    let text = table[language]?.[key] ?? table.en[key];
    if (typeof text === 'object') text = text[plural.select(values.n)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  };
  translate.code = (code) => table[language]?.codes?.[code];
  return translate;
}

/* ---- Time: instants are milliseconds, a day is 'YYYY-MM-DD', a month 'YYYY-MM' ---- */

/* Browsers still report some zones by names that zone databases keep only as aliases, or not at all. */
const renamedZones = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Coral_Harbour': 'America/Atikokan',
  'America/Cordoba': 'America/Argentina/Cordoba',
  'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis',
  'America/Jujuy': 'America/Argentina/Jujuy',
  'America/Louisville': 'America/Kentucky/Louisville',
  'America/Mendoza': 'America/Argentina/Mendoza',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
};

/* A zone's present-day name, or UTC for one this browser does not know. */
export function zoneName(name) {
  for (const candidate of [renamedZones[name], name]) {
    try {
      if (candidate && new Intl.DateTimeFormat('en', { timeZone: candidate })) return candidate;
    } catch {
      /* unknown here: try the next */
    }
  }
  return 'UTC';
}

const formatters = new Map();

/* Making a formatter costs a thousand times what using one does, so they are kept. */
export function format(instant, locale, options) {
  const key = locale + JSON.stringify(options);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(locale, options));
  return formatters.get(key).format(instant);
}

export const clockOptions = (hour12) => ({
  hour: hour12 ? 'numeric' : '2-digit',
  minute: '2-digit',
  hourCycle: hour12 ? 'h12' : 'h23',
});

/* The wall clock of a zone at an instant, as if it were UTC, in milliseconds. */
function wallClock(instant, zone) {
  const text = format(instant, 'en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const [month, day, year, hour, minute, second] = text.match(/\d+/g).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/* An instant as the server takes it: whole seconds. */
export const isoText = (instant) => new Date(instant).toISOString().replace(/\.\d+/, '');

export const offsetMinutes = (instant, zone) => Math.round((wallClock(instant, zone) - instant) / 60000);
export const dayOf = (instant, zone) => new Date(wallClock(instant, zone)).toISOString().slice(0, 10);
const dayLength = 86400000;

export const addDays = (day, count) =>
  new Date(Date.parse(day) + count * dayLength).toISOString().slice(0, 10);
export const weekdayOf = (day) => new Date(day).getUTCDay();

export function addMonths(month, count) {
  const [year, number] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + count, 1)).toISOString().slice(0, 7);
}

export const daysInMonth = (month) => new Date(Date.parse(addMonths(month, 1)) - dayLength).getUTCDate();

/*
 * The instant of a wall clock (a day and minutes after its midnight) in a zone. By RFC 5545 section 3.3.5: a
 * time that does not exist is read with the offset in force before the gap, one that happens twice is the
 * first.
 */
export function instantOf(day, minutes, zone) {
  const wall = Date.parse(day) + minutes * 60000;
  const before = wall - offsetMinutes(wall - dayLength, zone) * 60000;
  const after = wall - offsetMinutes(wall + dayLength, zone) * 60000;
  for (const candidate of [Math.min(before, after), Math.max(before, after)])
    if (wallClock(candidate, zone) === wall) return candidate;
  return before;
}

export function offsetLabel(instant, zone) {
  const minutes = offsetMinutes(instant, zone);
  const size = Math.abs(minutes);
  const rest = size % 60 ? ':' + String(size % 60).padStart(2, '0') : '';
  return 'UTC' + (minutes ? (minutes < 0 ? '\u2212' : '+') + Math.floor(size / 60) + rest : '');
}

export const cityOf = (zone) => zone.split('/').pop().replaceAll('_', ' ');

/** "New York (UTC−5)"; of UTC there is no more to say than "UTC". */
export function zoneText(zone, instant) {
  const [city, offset] = [cityOf(zone), offsetLabel(instant, zone)];
  return city === offset ? city : `${city} (${offset})`;
}

/* Which day a week starts with, 0 for Sunday, by the locale's region. */
export function firstWeekday(locale) {
  const region = new Intl.Locale(locale);
  const info = region.getWeekInfo?.() ?? region.weekInfo;
  if (info) return info.firstDay % 7;
  return /^(US|CA|MX|BR|JP|IN|IL|AU|ZA)$/.test(region.maximize().region) ? 0 : 1;
}

/* ---- The page: elements, the server ---- */

/* An element: `on…` properties listen, booleans are set or left out, everything else is an attribute. */
export function h(tag, properties, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  return fill(node, ...children);
}

/* Puts children in place of those there were; null, false and the like are none. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child || child === 0));
  return node;
}

/* A link's address, if it is one a browser may be sent to. */
export function webAddress(text) {
  try {
    return /^https?:$/.test(new URL(text).protocol) ? text : null;
  } catch {
    return null;
  }
}

/* Why a call failed: the server's problem document, or `offline`, `unreachable`. */
export class Problem extends Error {
  constructor(fields) {
    super(fields.detail || fields.title || fields.code);
    Object.assign(this, fields);
  }
}

/*
 * One JSON call. `headers` gives the identity; `key` is the Idempotency-Key; answers the body or throws a
 * Problem.
 */
export async function call(server, headers, method, path, { body, key, keepalive, raw, etag } = {}) {
  const identity = typeof headers === 'function' ? await headers() : headers;
  let reply, content;
  try {
    reply = await fetch(new URL(path, server), {
      method,
      keepalive,
      credentials: 'omit',
      signal: AbortSignal.timeout?.(30000),
      headers: {
        ...identity,
        ...(body && { 'Content-Type': 'application/json' }),
        ...(key && { 'Idempotency-Key': key }),
        ...(etag && { 'If-Match': etag }),
      },
      body: body && JSON.stringify(body),
    });
    content =
      raw && reply.ok
        ? await reply.blob()
        : reply.status === 204
          ? null
          : await reply.json().catch(() => ({}));
  } catch {
    throw new Problem({ code: navigator.onLine === false ? 'offline' : 'unreachable', status: 0 });
  }
  if (!reply.ok) {
    const wait = Number(reply.headers.get('Retry-After')) || undefined;
    throw new Problem({ code: 'failed', retry_after: wait, ...content, status: reply.status });
  }
  if (etag !== undefined) return { content, etag: reply.headers.get('ETag') };
  return content;
}

/* What to tell a person about a Problem. */
export function explain(problem, t) {
  if (problem.code === 'offline') return t('offline');
  if (problem.code === 'unreachable') return t('unreachable');
  if (problem.status === 401) return t('expired');
  if (problem.code === 'rate_limited' && problem.retry_after) return t('busyNow', { n: problem.retry_after });
  return t.code(problem.code) ?? (problem.detail || t('failed'));
}

/* What a token says about its bearer, for filling in the form; nothing is trusted to it. */
function claimsOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (c) =>
      c.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes)) ?? {};
  } catch {
    return {};
  }
}

const memory = {
  read() {
    try {
      return JSON.parse(localStorage.getItem('mosaic-booking')) ?? {};
    } catch {
      return {};
    }
  },
  write(changes) {
    try {
      localStorage.setItem('mosaic-booking', JSON.stringify({ ...this.read(), ...changes }));
    } catch {
      /* storage is blocked: the choice lasts as long as the page */
    }
  },
};

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/* ---- Looks ---- */

const styles = `
:host { display: inline-block; font: var(--mosaic-font, inherit); line-height: 1.5;
  --ink: var(--mosaic-ink, #111);
  --paper: var(--mosaic-paper, #fff); --muted: var(--mosaic-muted, #626262);
    --line: var(--mosaic-line, #dedede);
  --wash: var(--mosaic-wash, #f5f5f5); --accent: var(--mosaic-accent, var(--ink)); --alarm: #a61b1b;
  --on-accent: var(--mosaic-accent-ink, var(--paper)); --radius: var(--mosaic-radius, 3px); }
@supports (color: light-dark(red, red)) {
  :host { --ink: var(--mosaic-ink, light-dark(#111, #f2f2f2));
    --paper: var(--mosaic-paper, light-dark(#fff, #141414));
    --muted: var(--mosaic-muted, light-dark(#626262, #a8a8a8));
      --line: var(--mosaic-line, light-dark(#dedede, #383838));
    --wash: var(--mosaic-wash, light-dark(#f5f5f5, #222)); --alarm: light-dark(#a61b1b, #ff9d94); }
}
:host([inline]) { display: block; }
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
h2, h3, h4, p, ul, fieldset, dl, dd { margin: 0; padding: 0; border: 0; min-width: 0; }
ul { list-style: none; }
h2 { font-size: 1.375rem; font-weight: 500; letter-spacing: -.01em; line-height: 1.25; }
h3 { font-size: 1.0625rem; font-weight: 500; line-height: 1.35; }
h4 { font-size: 1rem; font-weight: 500; }
button, input, textarea { font: inherit; color: inherit; }
button { min-height: 44px; padding: .5rem 1.125rem; border: 1px solid var(--line);
  border-radius: var(--radius);
  background: none; cursor: pointer; overflow-wrap: anywhere;
    transition: background-color .12s, border-color .12s; }
button:hover { border-color: var(--ink); }
button[aria-disabled=true] { cursor: default; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
h2:focus-visible, h3:focus-visible, h4:focus-visible { outline-offset: 4px; }
.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.main:hover { opacity: .86; }
.main[aria-disabled=true] { opacity: .55; }
.plain, a { color: inherit; text-decoration: underline; text-decoration-thickness: 1px;
  text-underline-offset: .2em; }
.plain { border: 0; padding: .25rem 0; min-height: 32px; text-align: start; }
.plain:hover, a:hover { text-decoration-thickness: 2px; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.muted, .hint { color: var(--muted); }
.hint, .small { font-size: .875rem; }
.row { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
.stack { display: grid; gap: 1rem; justify-items: start; }
.stack > * { max-width: 100%; }
.stack:empty, .wrong:empty, .hint:empty { display: none; }
h3::first-letter, strong::first-letter { text-transform: uppercase; }
.wide { justify-self: stretch; }

dialog { width: min(52rem, 100vw - 2rem); max-width: none; max-height: min(56rem, 100dvh - 2rem); padding: 0;
  border: 1px solid var(--line);
  border-radius: var(--radius); background: var(--paper); color: var(--ink); overflow: auto;
    overscroll-behavior: contain; }
dialog::backdrop { background: rgb(0 0 0 / .45); }
dialog[open] { animation: rise .16s ease-out; }
@keyframes rise { from { opacity: 0; transform: translateY(6px); } }
.panel { container-type: inline-size; background: var(--paper); color: var(--ink); text-align: start; }
.inside { padding: clamp(1rem, 5cqi, 2.25rem); display: grid; gap: 1.5rem;
  grid-template-columns: minmax(0, 1fr); }
header { display: flex; gap: 1rem; align-items: center; }
header h2 { margin-inline-end: auto; }
.close { width: 44px; padding: 0; margin-inline-end: -.75rem; border-color: transparent; font-size: 1.5rem;
  line-height: 1; }

.notice { justify-self: stretch; padding: .875rem 1rem; border: 1px solid var(--line);
  border-inline-start: 3px solid var(--ink); background: var(--wash);
  display: grid; gap: .5rem; justify-items: start; overflow-wrap: anywhere; }
.notice.alarm { border-inline-start-color: var(--alarm); }
.notice:empty { display: none; }

[hidden] { display: none !important; }
.pick { display: grid; gap: 1.5rem 2.5rem; grid-template-columns: minmax(0, 1fr); align-items: start; }
.bar { display: grid; grid-template-columns: 1fr 44px 44px; align-items: center; gap: .25rem;
  margin-block-end: .5rem; }
.bar button { padding: 0; border-color: transparent; font-size: 1.25rem; line-height: 1; }
.bar button[aria-disabled=true] { opacity: .3; }
[dir=rtl] .bar button { transform: scaleX(-1); }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th { font-size: .8125rem; font-weight: 400; color: var(--muted); padding: .375rem 0; text-align: center; }
td { padding: 1px; text-align: center; }
td button { position: relative; width: 100%; min-height: 44px; padding: 0; border-color: transparent;
  font-variant-numeric: tabular-nums; color: var(--muted); }
td button:hover { border-color: var(--line); }
td button.free { color: var(--ink); font-weight: 600; background: var(--wash); }
td button.free:hover { border-color: var(--ink); }
td button[aria-pressed=true] { background: var(--accent); border-color: var(--accent);
  color: var(--on-accent); }
td button[aria-current]::after { content: ''; position: absolute; inset-inline: 0; margin: auto; bottom: 6px;
  width: 16px; border-block-end: 2px solid; }
.waiting td button { animation: breathe 1.4s ease-in-out infinite; }
@keyframes breathe { 50% { opacity: .35; } }
.bone { min-height: 44px; background: var(--wash); border-radius: var(--radius);
  animation: breathe 1.4s ease-in-out infinite; }
.times { display: grid; gap: .75rem; align-content: start; }
.times h3 { min-height: 44px; display: grid; align-content: center; margin-block-end: -.75rem; }
.slots { display: grid; gap: .5rem; grid-template-columns: repeat(auto-fill, minmax(min(7rem, 100%), 1fr)); }
.slots.both { grid-template-columns: repeat(auto-fill, minmax(min(8.5rem, 100%), 1fr)); }
.slots button { background: var(--paper); width: 100%; font-variant-numeric: tabular-nums;
  padding-inline: .5rem; }
.slots button:hover { background: var(--wash); }
.slots small { display: block; color: var(--muted); font-size: .8125rem; line-height: 1.3; }
.settings { display: grid; gap: .5rem 1.5rem; grid-template-columns: minmax(0, 1fr);
  border-block-start: 1px solid var(--line); padding-block-start: 1rem; }
@container (min-width: 40rem) {
  .pick { grid-template-columns: minmax(0, 1.35fr) minmax(0, 1fr); }
  .times { max-height: 27rem; overflow-y: auto; padding: 4px; margin: -4px; }
  .settings { grid-template-columns: minmax(0, 1fr) auto; align-items: start; }
  .settings .row { min-height: 44px; }
}

fieldset.choice { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.25rem; }
fieldset.choice legend { float: inline-start; padding: 0; color: var(--muted); font-size: .875rem;
  margin-inline-end: .75rem; }
.choice label { position: relative; display: inline-flex; align-items: center; min-height: 44px;
  cursor: pointer; }
.choice input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: pointer; }
.choice span { border-block-end: 2px solid transparent; color: var(--muted); }
.choice input:checked + span { border-color: var(--accent); color: var(--ink); }
.choice input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 4px; }
.zones { display: grid; gap: .375rem; max-width: 26rem; margin-block-start: .5rem; }
.zones ul { max-height: 15rem; overflow: auto; border: 1px solid var(--line); border-radius: var(--radius); }
.zones ul:empty { display: none; }
.zones li { padding: .5rem .75rem; cursor: pointer; }
.zones li small { color: var(--muted); font-size: .8125rem; display: block; }
.zones li[aria-selected=true], .zones li:hover { background: var(--wash);
  box-shadow: inset 3px 0 var(--accent); }

.summary { border-block: 1px solid var(--line); padding-block: 1rem; display: grid; gap: .25rem;
  justify-self: stretch; }
.summary + .summary { border-block-start: 0; margin-block-start: -1rem; }
.summary strong { font-weight: 500; font-size: 1.125rem; }
form { display: grid; gap: 1.125rem; grid-template-columns: minmax(0, 34rem); justify-self: stretch; }
.field { display: grid; gap: .25rem; }
.field input, .field textarea, .zones input { width: 100%; min-height: 44px; padding: .5rem .75rem;
  background: var(--paper);
  border: 1px solid #8a8a8a; border-radius: var(--radius); }
.field textarea { min-height: 5.5rem; resize: vertical; }
.field [aria-invalid=true] { border-color: var(--alarm); box-shadow: inset 0 0 0 1px var(--alarm); }
.wrong { color: var(--alarm); font-size: .875rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
.actions a.button { display: inline-flex; align-items: center; min-height: 44px; padding: .5rem 1.125rem;
  border: 1px solid var(--accent);
  border-radius: var(--radius); background: var(--accent); color: var(--on-accent); text-decoration: none; }
.sessions > li { border-block-start: 1px solid var(--line); padding-block: 1.25rem; display: grid;
  gap: .5rem; justify-items: start; }
.sessions .actions { margin-block: .25rem; }
.sessions > li:last-child { border-block-end: 1px solid var(--line); }
.sessions strong { font-weight: 500; }
@media (max-width: 40rem) {
  dialog { width: 100vw; max-height: 100dvh; height: 100dvh; border: 0; border-radius: 0; margin: 0; }
}
@media (prefers-reduced-motion: reduce) { *, ::backdrop { animation: none !important;
  transition: none !important; } }
@media (forced-colors: active) {
  td button.free { text-decoration: underline; }
  td button[aria-pressed=true], .main, .zones li[aria-selected=true] { forced-color-adjust: none;
    background: Highlight; color: HighlightText; }
}
`;

let sheet;

/* ---- The element ---- */

/* Refusals that mean: this start is not to be had any more, look at fresh ones. */
const goneCodes = new Set([
  'slot_taken',
  'calendar_busy',
  'too_soon',
  'too_far',
  'outside_hours',
  'blocked',
  'not_aligned',
  'day_full',
]);

/* When the meeting link is asked for again, in seconds after the last time: five minutes in all. */
const linkWaits = [1, 2, 3, 5, 8, 13, 20, 30, 60, 60, 100];

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
  #page = {}; // the parts of the panel that stay: dialog, title, mine, view, live
  #t;
  #locale;
  #zone;
  #hour12;
  #answer = null; // the last availability reply
  #slots = []; // every start known so far, ascending: {at, start, end}
  #end = 0; // availability is known up to here
  #exhausted = false; // nothing later than #end
  #duration = null;
  #type = null;
  #month = null;
  #day = null;
  #focusDay = null;
  #moving = null; // the appointment for which a new time is looked for
  #form = null; // the booking being made: {slot, hold, values, sent, key}
  #view = null; // the name of what is shown
  #released = null; // a hold being given back; times are asked for after it
  #leave = new AbortController(); // ended when the view changes: stops its timers
  #asked = 0; // which availability question is the latest
  #scheduled = false;

  constructor() {
    super();
    this.attachShadow({ mode: 'open', delegatesFocus: false });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(styles);
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
    if (this.#view !== 'details') this.#restart();
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
    this.#leave.abort();
    this.#release();
    if (this.#page.dialog?.open) this.#page.dialog.close();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (name === 'token' || name === 'session') this.#identified();
    else this.#restart();
  }

  handleEvent(event) {
    if (event.type === 'pagehide') this.#release();
    else if (event.type === 'offline') this.#say(this.#t('offline'));
    else if (this.#view === 'pick' && this.#page.trouble.querySelector('.alarm')) this.refresh();
    else if (this.#view) this.#say(this.#t('online'));
  }

  open() {
    if (this.#reveal()) this.#startPicking(null);
  }

  /* Opens the modal, behind which the page stays where it is. False: there is none, or it is open. */
  #reveal() {
    const { dialog } = this.#page;
    if (!dialog || dialog.open) return false;
    dialog.showModal();
    this.#page.scroll = document.documentElement.style.overflow;
    document.documentElement.style.overflow = 'hidden';
    return true;
  }

  close() {
    this.#page.dialog?.close();
  }

  refresh() {
    if (this.#view === 'sessions') return this.showSessions();
    return this.#startPicking(this.#moving);
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
    const wanted = this.getAttribute('lang') || this.closest('[lang]')?.lang || navigator.language || 'en';
    const language = wanted.split('-')[0].toLowerCase();
    const known = strings[language] ? language : 'en';
    this.#t = translator(strings, known);
    this.#locale =
      [wanted, ...(navigator.languages ?? [])].find(
        (tag) => tag.includes('-') && tag.toLowerCase().startsWith(known + '-'),
      ) ?? known;
    const kept = memory.read();
    this.#zone = zoneName(
      this.getAttribute('time-zone') || kept.zone || Intl.DateTimeFormat().resolvedOptions().timeZone,
    );
    this.#hour12 =
      kept.hour12 ??
      Boolean(new Intl.DateTimeFormat(this.#locale, { hour: 'numeric' }).resolvedOptions().hour12);
    this.#duration = Number(this.getAttribute('duration')) || null;
    this.#type = this.getAttribute('session-type');

    const t = this.#t;
    const wasOpen = this.#page.dialog?.open;
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
    const panel = h(
      'div',
      { class: 'panel', part: 'panel', lang: known, dir: rightToLeft.test(known) ? 'rtl' : 'ltr' },
      h('div', { class: 'inside' }, h('header', null, page.title, page.mine, !inline && close), page.view),
      page.live,
    );
    if (wasOpen) {
      document.documentElement.style.overflow = this.#page.scroll;
      this.#page.dialog.close();
    }
    this.#page = page;
    if (inline) {
      this.shadowRoot.replaceChildren(h('section', { 'aria-labelledby': 'title' }, panel));
      this.#startPicking(null);
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
      panel,
    );
    page.dialog.addEventListener('pointerdown', (event) => {
      const box = page.dialog.getBoundingClientRect();
      const { clientX: x, clientY: y } = event;
      const outside = x < box.left || x > box.right || y < box.top || y > box.bottom;
      if (outside && this.#view !== 'details') this.close();
    });
    this.shadowRoot.replaceChildren(page.opener, page.dialog);
    if (wasOpen) this.open();
  }

  #closed(page) {
    if (page !== this.#page) return; // the panel has been built anew meanwhile, and may be open again
    document.documentElement.style.overflow = page.scroll ?? '';
    this.#leave.abort();
    this.#release();
    this.#view = null;
    page.view.replaceChildren();
  }

  /* ---- small services ---- */

  /* `quiet`: what goes wrong is nobody's concern. */
  #call(method, path, { quiet, ...options } = {}) {
    const server = new URL(this.getAttribute('server') || new URL('..', import.meta.url), document.baseURI);
    if (!server.pathname.endsWith('/')) server.pathname += '/';
    const identity = async () => ({
      ...(this.token && { Authorization: 'Bearer ' + this.token }),
      ...(this.session && { 'X-Session-ID': this.session }),
      ...(typeof this.headers === 'function' ? await this.headers() : this.headers),
    });
    return call(server, identity, method, path, options).catch((problem) => {
      if (!quiet) this.dispatchEvent(new CustomEvent('error', { detail: problem, composed: true }));
      throw problem;
    });
  }

  #tell(name, appointment) {
    this.dispatchEvent(new CustomEvent(name, { detail: appointment, bubbles: true, composed: true }));
  }

  /* Said to screen readers; emptied first, so that the same words are said again. */
  #say(text) {
    const { live } = this.#page;
    live.textContent = '';
    setTimeout(() => {
      live.textContent = text;
    }, 60);
  }

  /*
   * Shows a view in place of the last one. `focus` gets the keyboard, so nobody is left on something that is
   * gone.
   */
  #show(name, title, content, focus) {
    this.#leave.abort();
    this.#leave = new AbortController();
    this.#view = name;
    this.#page.title.textContent = title;
    this.#page.mine.textContent = this.#t(name === 'sessions' || name === 'cancel' ? 'book' : 'mySessions');
    this.#page.mine.hidden = this.hasAttribute('move-only');
    this.#page.view.replaceChildren(...content);
    this.#page.dialog?.scrollTo?.(0, 0);
    if (focus) focus.focus();
  }

  /* A notice of what went wrong, said as well; with a way to try again. */
  #trouble(problem, retry) {
    const text = explain(problem, this.#t);
    this.#say(text);
    return h(
      'div',
      { class: 'notice alarm' },
      h('p', null, text),
      retry && h('button', { type: 'button', onclick: retry }, this.#t('retry')),
    );
  }

  #switch() {
    this.#release();
    this.#form = null;
    if (this.#view === 'sessions' || this.#view === 'cancel') this.#startPicking(null, true);
    else this.showSessions();
  }

  #clock = () => clockOptions(this.#hour12);
  #time = (instant, zone = this.#zone) => format(instant, this.#locale, { timeZone: zone, ...this.#clock() });
  #dayName = (day) =>
    format(Date.parse(day), this.#locale, {
      timeZone: 'UTC',
      weekday: 'long',
      day: 'numeric',
      month: 'long',
    });
  #monthName = (month) =>
    format(Date.parse(month + '-01'), this.#locale, { timeZone: 'UTC', month: 'long', year: 'numeric' });
  #date = (instant, zone = this.#zone) =>
    format(instant, this.#locale, {
      timeZone: zone,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    });
  #moment = (instant, zone = this.#zone) =>
    format(instant, this.#locale, {
      timeZone: zone,
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      ...this.#clock(),
    });

  /* When a session is, for its client and, where the clocks differ, for the coach. */
  #when(start, end, coachZone) {
    const differs = coachZone && offsetMinutes(start, coachZone) !== offsetMinutes(start, this.#zone);
    const coachDay = differs && dayOf(start, coachZone) !== dayOf(start, this.#zone);
    return [
      h('strong', null, this.#date(start)),
      h('span', null, `${this.#time(start)} – ${this.#time(end)}`),
      h('span', { class: 'muted small' }, zoneText(this.#zone, start)),
      differs &&
        h(
          'span',
          { class: 'muted small' },
          this.#t('coachAt', {
            time: `${coachDay ? this.#moment(start, coachZone) : this.#time(start, coachZone)}, ${cityOf(coachZone)}`,
          }),
        ),
    ];
  }

  /* ---- choosing a time ---- */

  /* Shows the month at once and fills it in; `moving` is the appointment that wants a new time, or null. */
  #startPicking(moving, focus) {
    const t = this.#t;
    this.#moving = moving;
    this.#answer = null;
    this.#slots = [];
    this.#byDay = new Map();
    this.#end = 0;
    this.#exhausted = false;
    this.#day = this.#focusDay = null;
    this.#month = dayOf(Date.now(), this.#zone).slice(0, 7);
    const page = this.#page;
    page.choices = h('div', { class: 'row' });
    page.trouble = h('div', { class: 'stack' });
    page.month = h('h3', { id: 'month' });
    page.before = h(
      'button',
      { type: 'button', 'aria-label': t('monthBefore'), onclick: () => this.#turn(-1) },
      '\u2039',
    );
    page.after = h(
      'button',
      { type: 'button', 'aria-label': t('monthAfter'), onclick: () => this.#turn(1) },
      '\u203a',
    );
    page.grid = h('table', {
      role: 'grid',
      'aria-labelledby': 'month',
      onkeydown: (event) => this.#gridKey(event),
    });
    page.times = h('section', { class: 'times', 'aria-label': t('loading') });
    page.settings = h('div', { class: 'settings' });
    const former =
      moving &&
      h(
        'div',
        { class: 'summary' },
        h('span', { class: 'muted small' }, t('moveFrom')),
        this.#when(Date.parse(moving.start), Date.parse(moving.end)),
      );
    this.#show(
      'pick',
      t(moving ? 'moveTitle' : 'book'),
      [
        h(
          'div',
          { class: 'stack wide' },
          former,
          page.trouble,
          page.choices,
          (page.pick = h(
            'div',
            { class: 'pick wide' },
            h(
              'section',
              { 'aria-label': t('calendar') },
              h('div', { class: 'bar' }, page.month, page.before, page.after),
              page.grid,
            ),
            page.times,
          )),
          h('div', { class: 'wide' }, page.settings),
        ),
      ],
      focus && page.title,
    );
    this.#renderSettings();
    return this.#load();
  }

  #byDay = new Map();

  /* One question to the server; `from` and `to` are instants or left out. */
  async #ask(from, to) {
    const query = new URLSearchParams();
    const add = (name, value) => {
      if (value) query.set(name, value);
    };
    add('coach', this.#moving?.coach ?? this.getAttribute('coach'));
    add('session_type', this.#moving?.session_type ?? this.#type);
    add('duration', this.#moving?.duration_minutes ?? this.#duration);
    add('rescheduling', this.#moving?.id);
    add('from', from && isoText(from));
    add('to', to && isoText(to));
    await this.#released;
    const reply = await this.#call('GET', 'booking/availability' + (query.size ? '?' + query : ''));
    const slots = reply.slots.map((slot) => ({
      ...slot,
      at: Date.parse(slot.start),
      until: Date.parse(slot.end),
    }));
    return { reply, slots };
  }

  /* What is free from now on, as far as the coach takes bookings; jumps to the first free day. */
  async #load() {
    const t = this.#t;
    const asked = ++this.#asked;
    this.#wait(true);
    this.#say(t('loading'));
    try {
      let { reply, slots } = await this.#ask();
      if (reply.refusal && (await this.#letGo())) ({ reply, slots } = await this.#ask());
      if (!slots.length && reply.next_available) {
        const from = Date.parse(reply.next_available);
        ({ reply, slots } = await this.#ask(from, from + 31 * dayLength));
      }
      if (asked !== this.#asked) return;
      this.#answer = reply;
      this.#slots = slots;
      this.#end = Date.parse(reply.to);
      this.#exhausted = !slots.length;
      this.#duration ??= this.#moving ? null : reply.duration_minutes;
      this.#type ??= this.#moving ? null : reply.session_type;
      this.#sort();
      this.#day = slots.length ? dayOf(slots[0].at, this.#zone) : null;
      if (this.#day) this.#month = this.#day.slice(0, 7);
      this.#focusDay = this.#day;
      this.#wait(false);
      this.#page.trouble.replaceChildren(...this.#remarks(reply));
      this.#page.pick.hidden = this.#page.settings.hidden = Boolean(reply.refusal);
      this.#renderChoices();
      this.#renderMonth();
      this.#renderTimes();
      if (reply.refusal) this.#say(`${t('limit')}. ${explain(reply.refusal, t)}`);
      else
        this.#say(
          this.#day
            ? t('timesOn', { n: this.#byDay.get(this.#day).length, day: this.#dayName(this.#day) })
            : t('none'),
        );
    } catch (problem) {
      if (asked !== this.#asked) return;
      this.#wait(false);
      this.#page.times.replaceChildren();
      this.#page.trouble.replaceChildren(
        this.#trouble(problem, () => this.#startPicking(this.#moving, true)),
      );
    }
  }

  /* What the answer says beside the times. */
  #remarks(reply) {
    const t = this.#t;
    const remarks = [];
    if (reply.refusal) {
      remarks.push(
        h(
          'div',
          { class: 'notice' },
          h('h3', null, t('limit')),
          h('p', null, explain(reply.refusal, t)),
          h('button', { type: 'button', onclick: () => this.showSessions() }, t('mySessions')),
        ),
      );
    }
    if (reply.calendar?.state === 'stale') remarks.push(h('p', { class: 'notice' }, t('stale')));
    return remarks;
  }

  #sort() {
    this.#byDay = new Map();
    for (const slot of this.#slots) {
      const day = dayOf(slot.at, this.#zone);
      if (!this.#byDay.has(day)) this.#byDay.set(day, []);
      this.#byDay.get(day).push(slot);
    }
  }

  /* Months after those already known; answers whether there was more to ask for. */
  async #extend(month) {
    const asked = ++this.#asked;
    this.#wait(true);
    try {
      while (!this.#exhausted && dayOf(this.#end, this.#zone).slice(0, 7) <= month) {
        const { reply, slots } = await this.#ask(this.#end, this.#end + 61 * dayLength);
        if (asked !== this.#asked) return;
        this.#slots.push(...slots);
        this.#end += 61 * dayLength;
        this.#exhausted = !slots.length && !reply.next_available;
      }
      this.#sort();
      this.#wait(false);
      const within = this.shadowRoot.activeElement?.closest('table') === this.#page.grid;
      this.#renderMonth(within);
      this.#renderTimes();
      this.#sayMonth();
    } catch (problem) {
      if (asked !== this.#asked) return;
      this.#wait(false);
      this.#page.trouble.replaceChildren(
        this.#trouble(problem, () => {
          this.#page.trouble.replaceChildren();
          this.#extend(month);
        }),
      );
    }
  }

  #wait(on) {
    const { grid, times } = this.#page;
    grid.classList.toggle('waiting', on);
    grid.setAttribute('aria-busy', on);
    if (!on) return;
    this.#renderMonth(this.shadowRoot.activeElement?.closest('table') === grid);
    if (!this.#slots.length)
      times.replaceChildren(...Array.from({ length: 5 }, () => h('div', { class: 'bone' })));
  }

  #firstMonth = () => dayOf(Date.now(), this.#zone).slice(0, 7);
  #lastMonth() {
    const known = dayOf(Math.max(this.#end, Date.now()), this.#zone).slice(0, 7);
    return this.#exhausted ? known : addMonths(known, 1);
  }

  /* Another month is shown; the day within it keeps its number as far as it can. */
  #turn(count, focus = false) {
    const month = [addMonths(this.#month, count), this.#firstMonth()].sort()[1];
    const target = [month, this.#lastMonth()].sort()[0];
    if (target === this.#month) return this.#sayMonth();
    const number = Math.min(Number((this.#focusDay ?? '').slice(8)) || 1, daysInMonth(target));
    this.#month = target;
    this.#focusDay = focus ? `${target}-${String(number).padStart(2, '0')}` : null;
    this.#renderMonth(focus);
    if (!focus) this.#renderTimes();
    if (!this.#exhausted && dayOf(this.#end, this.#zone).slice(0, 7) <= target) return this.#extend(target);
    return this.#sayMonth();
  }

  #sayMonth() {
    const free = [...this.#byDay.keys()].filter((day) => day.startsWith(this.#month)).length;
    const month = this.#monthName(this.#month);
    this.#say(free ? this.#t('daysIn', { n: free, month }) : this.#t('monthEmpty', { month }));
  }

  #renderMonth(focus = false) {
    const { page, t, month } = { page: this.#page, t: this.#t, month: this.#month };
    const today = dayOf(Date.now(), this.#zone);
    const start = firstWeekday(this.#locale);
    const count = daysInMonth(month);
    const lead = (weekdayOf(month + '-01') - start + 7) % 7;
    const days = Array.from(
      { length: count },
      (_, index) => `${month}-${String(index + 1).padStart(2, '0')}`,
    );
    if (!this.#focusDay?.startsWith(month)) {
      this.#focusDay =
        days.find((day) => day === this.#day) ??
        days.find((day) => this.#byDay.has(day)) ??
        days.find((day) => day === today) ??
        days[0];
    }
    const cells = [...Array(lead).fill(null), ...days];
    const rows = [];
    for (let index = 0; index < cells.length; index += 7) {
      const week = [...cells.slice(index, index + 7)];
      while (week.length < 7) week.push(null);
      rows.push(
        h(
          'tr',
          null,
          week.map((day) => this.#cell(day, today)),
        ),
      );
    }
    const weekdays = Array.from({ length: 7 }, (_, index) => {
      const date = Date.parse(addDays('2026-11-22', (start + index) % 7)); // a Sunday
      const name = (weekday) => format(date, this.#locale, { timeZone: 'UTC', weekday });
      return h('th', { scope: 'col', abbr: name('long') }, name('short').replace('.', ''));
    });
    page.month.textContent = this.#monthName(month);
    page.before.setAttribute('aria-disabled', month <= this.#firstMonth());
    page.after.setAttribute('aria-disabled', month >= this.#lastMonth());
    page.grid.replaceChildren(h('thead', null, h('tr', null, weekdays)), h('tbody', null, rows));
    if (focus) page.grid.querySelector('[tabindex="0"]')?.focus();
    page.grid.setAttribute('aria-label', t('calendar'));
  }

  #cell(day, today) {
    if (!day) return h('td', null);
    const free = this.#byDay.get(day)?.length ?? 0;
    const name = [
      this.#dayName(day),
      day === today && this.#t('today'),
      free ? this.#t('times', { n: free }) : this.#t('noTimes'),
    ]
      .filter(Boolean)
      .join(', ');
    return h(
      'td',
      { role: 'gridcell', 'aria-selected': String(day === this.#day) },
      h(
        'button',
        {
          type: 'button',
          tabindex: day === this.#focusDay ? '0' : '-1',
          'aria-label': name,
          'data-day': day,
          class: free && 'free',
          'aria-pressed': String(day === this.#day),
          'aria-disabled': free ? null : 'true',
          'aria-current': day === today && 'date',
          onclick: () => this.#chooseDay(day),
        },
        format(Date.parse(day), this.#locale, { timeZone: 'UTC', day: 'numeric' }).replace(/[^\p{N}]/gu, ''),
      ),
    );
  }

  #gridKey(event) {
    const day = event.target.dataset?.day;
    if (!day || event.altKey || event.ctrlKey || event.metaKey) return;
    const forward = getComputedStyle(event.target).direction === 'rtl' ? -1 : 1;
    const column = (weekdayOf(day) - firstWeekday(this.#locale) + 7) % 7;
    const steps = {
      ArrowRight: forward,
      ArrowLeft: -forward,
      ArrowDown: 7,
      ArrowUp: -7,
      Home: -column,
      End: 6 - column,
    };
    if (event.key in steps) this.#moveFocus(addDays(day, steps[event.key]));
    else if (event.key === 'PageDown') this.#turn(event.shiftKey ? 12 : 1, true);
    else if (event.key === 'PageUp') this.#turn(event.shiftKey ? -12 : -1, true);
    else return;
    event.preventDefault();
  }

  #moveFocus(day) {
    const month = day.slice(0, 7);
    if (month < this.#firstMonth()) return this.#moveFocus(this.#firstMonth() + '-01');
    if (month > this.#lastMonth()) return undefined;
    const { grid } = this.#page;
    this.#focusDay = day;
    if (month !== this.#month) {
      this.#month = month;
      this.#renderMonth(true);
      if (!this.#exhausted && dayOf(this.#end, this.#zone).slice(0, 7) <= month) return this.#extend(month);
      return this.#sayMonth();
    }
    grid.querySelector('[tabindex="0"]')?.setAttribute('tabindex', '-1');
    const button = grid.querySelector(`[data-day="${day}"]`);
    button.setAttribute('tabindex', '0');
    return button.focus();
  }

  #chooseDay(day) {
    this.#focusDay = day;
    if (!this.#byDay.has(day)) {
      this.#moveFocus(day);
      this.#say(this.#t('noTimesOn', { day: this.#dayName(day) }));
      return;
    }
    this.#day = day;
    this.#month = day.slice(0, 7);
    this.#renderMonth();
    this.#renderTimes();
    this.#page.times.querySelector('h3').focus();
    this.#say(this.#t('timesOn', { n: this.#byDay.get(day).length, day: this.#dayName(day) }));
  }

  #renderTimes() {
    const { t } = { t: this.#t };
    const { times } = this.#page;
    const shown = this.#day?.startsWith(this.#month) ? this.#byDay.get(this.#day) : null;
    times.removeAttribute('aria-label');
    times.scrollTop = 0;
    if (shown) {
      return fill(
        times,
        h('h3', { tabindex: '-1' }, this.#dayName(this.#day)),
        h('p', { class: 'muted small' }, t('zone', { zone: zoneText(this.#zone, shown[0].at) })),
        this.#slotList(shown, (slot) => this.#choose(slot)),
        h(
          'button',
          { type: 'button', class: 'plain small', onclick: () => this.#renderMonth(true) },
          t('otherDay'),
        ),
      );
    }
    if ([...this.#byDay.keys()].some((day) => day.startsWith(this.#month)))
      return fill(times, h('p', { class: 'muted' }, t('chooseDay')));
    const next = [...this.#byDay.keys()].find((day) => day > this.#month);
    const nothing = this.#slots.length ? t('monthEmpty', { month: this.#monthName(this.#month) }) : t('none');
    return fill(
      times,
      nothing && h('p', { class: 'muted' }, nothing),
      next
        ? h(
            'button',
            { type: 'button', onclick: () => this.#chooseDay(next) },
            t('nextAt', { day: this.#dayName(next) }),
          )
        : this.#slots.length && this.#exhausted && h('p', { class: 'muted' }, t('noneLater')),
    );
  }

  /* Buttons for starts; where a clock is set back, the hour that comes twice says which one is meant. */
  #slotList(slots, choose, withDay = false) {
    const zone = this.#answer?.coach_time_zone;
    const texts = slots.map((slot) => (withDay ? this.#moment(slot.at) : this.#time(slot.at)));
    const both =
      zone && slots.some((slot) => offsetMinutes(slot.at, zone) !== offsetMinutes(slot.at, this.#zone));
    return h(
      'ul',
      {
        class: both || withDay ? 'slots both' : 'slots',
        'aria-label': this.#t('zone', { zone: zoneText(this.#zone, slots[0].at) }),
      },
      slots.map((slot, index) => {
        const twice = texts.filter((text) => text === texts[index]).length > 1;
        const coachDay = both && dayOf(slot.at, zone) !== dayOf(slot.at, this.#zone);
        return h(
          'li',
          null,
          h(
            'button',
            { type: 'button', 'data-start': slot.start, onclick: () => choose(slot) },
            texts[index],
            twice && ` ${offsetLabel(slot.at, this.#zone)}`,
            both &&
              h(
                'small',
                null,
                this.#t('coachTime', {
                  time: coachDay ? this.#moment(slot.at, zone) : this.#time(slot.at, zone),
                }),
              ),
          ),
        );
      }),
    );
  }

  /* Which session, how long: only where the server says that there is a choice. */
  #renderChoices() {
    const t = this.#t;
    const types = this.#answer?.session_types ?? [];
    const current = types.find((type) => type.id === this.#answer.session_type);
    const parts = [];
    const again = (focusName) =>
      this.#startPicking(null).then(() =>
        this.shadowRoot.querySelector(`input[name=${focusName}]:checked`)?.focus(),
      );
    if (!this.#moving && !this.#answer?.refusal) {
      if (types.length > 1) {
        parts.push(
          this.#choice(
            'type',
            t('type'),
            types.map((type) => [type.id, type.name]),
            this.#type,
            (value) => {
              this.#type = value;
              this.#duration = null;
              again('type');
            },
          ),
        );
      }
      if (current?.durations?.length > 1) {
        parts.push(
          this.#choice(
            'length',
            t('length'),
            current.durations.map((n) => [String(n), t('minutes', { n })]),
            String(this.#answer.duration_minutes),
            (value) => {
              this.#duration = Number(value);
              again('length');
            },
          ),
        );
      }
    }
    this.#page.choices.replaceChildren(...parts);
    this.#page.choices.hidden = !parts.length;
  }

  #choice(name, legend, options, value, change) {
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

  /* ---- the zone and the clock ---- */

  #renderSettings() {
    const t = this.#t;
    const change = h(
      'button',
      { type: 'button', class: 'plain', 'aria-expanded': 'false', onclick: () => open() },
      t('changeZone'),
    );
    const place = h('div', null);
    const open = () => {
      const opened = change.getAttribute('aria-expanded') === 'false';
      change.setAttribute('aria-expanded', opened);
      place.replaceChildren(opened ? this.#zonePicker(change) : '');
      place.querySelector('input')?.focus();
    };
    this.#page.settings.replaceChildren(
      h(
        'div',
        null,
        h('div', { class: 'row' }, h('span', null, t('zone', { zone: zoneText(this.#zone, Date.now()) })), change),
        place,
      ),
      this.#choice(
        'clock',
        t('clock'),
        [
          ['12', t('clock12')],
          ['24', t('clock24')],
        ],
        this.#hour12 ? '12' : '24',
        (value) => {
          this.#hour12 = value === '12';
          memory.write({ hour12: this.#hour12 });
          this.#renderTimes();
        },
      ),
    );
  }

  /* A combobox with a list (WAI-ARIA APG): type, go through with the arrows, choose with Enter. */
  #zonePicker(opener) {
    const t = this.#t;
    const plain = (text) =>
      text
        .normalize('NFD')
        .replace(/\p{M}/gu, '')
        .toLowerCase()
        .replace(/[_/\-\u2212]/g, ' ');
    const now = Date.now();
    const all = [
      ...new Set(['UTC', ...(Intl.supportedValuesOf?.('timeZone') ?? [this.#zone]).map(zoneName)]),
    ].map((zone) => {
      const long = new Intl.DateTimeFormat(this.#locale, { timeZone: zone, timeZoneName: 'long' })
        .formatToParts(now)
        .find((part) => part.type === 'timeZoneName').value;
      return {
        zone,
        about: `${long}, ${offsetLabel(now, zone)}`,
        sought: plain(`${zone} ${long} ${offsetLabel(now, zone)}`),
      };
    });
    let found = [];
    let active = -1;
    const list = h('ul', { role: 'listbox', id: 'zones', 'aria-label': t('findZone') });
    const count = h('p', { class: 'hint' });
    const choose = (zone) => {
      this.#zone = zone;
      memory.write({ zone });
      const shown = this.#byDay.get(this.#day)?.[0];
      this.#sort();
      this.#day = shown ? dayOf(shown.at, zone) : null; // the same instants on another calendar
      this.#month = (this.#day ?? dayOf(now, zone)).slice(0, 7);
      this.#focusDay = this.#day;
      this.#renderSettings();
      this.#renderMonth();
      this.#renderTimes();
      this.#page.settings.querySelector('button').focus();
      this.#say(t('zoneSet', { zone: zoneText(zone, Date.now()) }));
    };
    const mark = (index) => {
      active = index;
      [...list.children].forEach((item, at) => item.setAttribute('aria-selected', at === index));
      if (index >= 0) {
        input.setAttribute('aria-activedescendant', list.children[index].id);
        list.children[index].scrollIntoView({ block: 'nearest' });
      } else input.removeAttribute('aria-activedescendant');
    };
    const search = () => {
      const words = plain(input.value).split(/\s+/).filter(Boolean);
      found = words.length ? all.filter((entry) => words.every((word) => entry.sought.includes(word))) : [];
      const shown = found.slice(0, 60);
      list.replaceChildren(
        ...shown.map((entry, index) =>
          h(
            'li',
            {
              role: 'option',
              id: `zone-${index}`,
              'aria-selected': 'false',
              onclick: () => choose(entry.zone),
            },
            cityOf(entry.zone),
            h('small', null, entry.about),
          ),
        ),
      );
      list.hidden = !shown.length;
      input.setAttribute('aria-expanded', shown.length > 0);
      mark(shown.length ? 0 : -1);
      count.textContent = !words.length
        ? t('zoneHint')
        : found.length
          ? t('zoneResults', { n: found.length })
          : t('noZone');
      if (words.length) this.#say(count.textContent);
    };
    const input = h('input', {
      id: 'zone',
      role: 'combobox',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-controls': 'zones',
      'aria-expanded': 'false',
      'aria-autocomplete': 'list',
      oninput: search,
      onkeydown: (event) => {
        const size = list.children.length;
        if (event.key === 'ArrowDown' && size) mark((active + 1) % size);
        else if (event.key === 'ArrowUp' && size) mark((active - 1 + size) % size);
        else if (event.key === 'Enter' && active >= 0) choose(found[active].zone);
        else if (event.key === 'Escape') {
          opener.click();
          opener.focus();
        } else return;
        event.preventDefault();
        event.stopPropagation();
      },
    });
    search();
    return h('div', { class: 'zones' }, h('label', { for: 'zone' }, t('findZone')), input, list, count);
  }

  /* ---- the form ---- */

  #choose(slot) {
    if (this.#moving) return this.#showMove(slot);
    const claims = this.token ? claimsOf(this.token) : {};
    const known = { name: claims.name, email: claims.email, ...this.booker };
    this.#form = {
      slot,
      values: this.#form?.values ?? {
        name: known.name ?? '',
        email: known.email ?? '',
        phone: known.phone ?? '',
        notes: '',
      },
      emailKnown: Boolean(known.email),
      sent: null,
      key: null,
    };
    this.#hold();
    this.#showDetails();
    return undefined;
  }

  #slotBody(slot) {
    return {
      start: slot.start,
      duration_minutes: Math.round((slot.until - slot.at) / 60000),
      session_type: this.#answer.session_type,
      coach: this.#answer.coach,
    };
  }

  /*
   * Takes the chosen time while the form is filled in. A hold that fails for another reason than the time
   * itself costs nothing.
   */
  #hold() {
    const form = this.#form;
    form.hold = null;
    form.over = false;
    const received = Date.now();
    form.holding = this.#call('POST', 'booking/hold', {
      body: this.#slotBody(form.slot),
      key: newKey(),
    }).then(
      (held) => {
        if (this.#form !== form || form.released) {
          this.#giveBack(held);
          return;
        }
        if (held.status !== 'held') return; // the very session was booked before: create answers with it
        form.hold = held;
        // This computer's clock may be wrong; the server's own two instants then tell how long the hold
        // lasts.
        const left = Date.parse(held.hold_expires_at) - Date.now();
        const whole = Date.parse(held.hold_expires_at) - Date.parse(held.created_at);
        form.until = left > 0 && left <= 3600000 ? Date.parse(held.hold_expires_at) : received + whole;
        this.#adopt(held);
        this.#countDown(form);
      },
      (problem) => {
        if (this.#form !== form || this.#view !== 'details') return;
        if (goneCodes.has(problem.code)) this.#offerFresh(problem);
        else if (problem.code === 'booking_limit') this.#refused(problem);
        else if (problem.status === 401) this.#complain(problem);
      },
    );
  }

  /* What the server knows about the caller fills fields that are still empty. */
  #adopt(held) {
    for (const name of ['name', 'email', 'phone']) {
      const input = this.#page.view.querySelector(`#${name}`);
      if (!held[name] || !input || input.value) continue;
      input.value = this.#form.values[name] = held[name];
    }
    if (held.meeting?.kind === 'phone') this.#askPhone();
  }

  #askPhone() {
    const input = this.#page.view.querySelector('#phone');
    input.required = true;
    input.closest('.field').querySelector('.hint').textContent = this.#t('phoneHint');
  }

  #release() {
    const form = this.#form;
    if (!form) return;
    form.released = true;
    if (form.hold) this.#released = this.#giveBack(form.hold);
    form.hold = null;
  }

  #giveBack = (held) =>
    this.#call('PUT', `booking/${held.id}/cancel`, { keepalive: true, quiet: true }).catch(() => {});

  /*
   * A time held by a page that was left without a word counts against the limit: give it back. Answers
   * whether there was one.
   */
  async #letGo() {
    const { appointments } = await this.#call('GET', 'booking/user/me');
    const held = appointments.filter((a) => a.status === 'held');
    await Promise.all(held.map(this.#giveBack));
    return held.length > 0;
  }

  #countDown(form) {
    const place = this.#page.held;
    let told = false;
    const tick = () => {
      const left = Math.ceil((form.until - Date.now()) / 1000);
      if (left > 120) return;
      if (left > 0) {
        place.textContent = this.#t('holdLeft', {
          left: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`,
        });
        if (!told) this.#say(place.textContent);
        told = true;
        return;
      }
      clearInterval(timer);
      form.hold = null;
      place.textContent = this.#t('holdOver');
      this.#say(place.textContent);
    };
    const timer = setInterval(tick, 1000);
    form.stop?.(); // of the time that was chosen before
    form.stop = () => clearInterval(timer);
    this.#leave.signal.addEventListener('abort', form.stop);
    tick();
  }

  #field(name, kind, properties, hint) {
    const t = this.#t;
    const values = this.#form.values;
    const area = kind === 'textarea';
    const input = h(area ? 'textarea' : 'input', {
      id: name,
      name,
      type: area ? null : kind,
      'aria-describedby': `${name}-hint ${name}-wrong`,
      ...properties,
      oninput: () => {
        values[name] = input.value;
      },
    });
    input.value = values[name];
    return h(
      'div',
      { class: 'field' },
      h(
        'label',
        { for: name },
        t(name),
        !properties.required && h('span', { class: 'muted small' }, ` (${t('optional')})`),
      ),
      input,
      h('p', { class: 'hint', id: `${name}-hint` }, hint),
      h('p', { class: 'wrong', id: `${name}-wrong` }),
    );
  }

  #showDetails() {
    const t = this.#t;
    const form = this.#form;
    const page = this.#page;
    page.chosen = h('div', { class: 'summary' });
    page.held = h('p', { class: 'small muted' });
    page.wrongs = h('div', { class: 'stack wide' });
    page.submit = h('button', { class: 'main', type: 'submit' }, t('confirm'));
    page.form = h(
      'form',
      {
        novalidate: true,
        onsubmit: (event) => {
          event.preventDefault();
          this.#submit();
        },
      },
      this.#field('name', 'text', { required: true, autocomplete: 'name', maxlength: 200 }),
      this.#field(
        'email',
        'email',
        { required: Boolean(this.token) && !form.emailKnown, autocomplete: 'email', maxlength: 254 },
        t(form.emailKnown || this.token ? 'emailHintKnown' : 'emailHint'),
      ),
      this.#field('phone', 'tel', { autocomplete: 'tel', maxlength: 32 }),
      this.#field('notes', 'textarea', { maxlength: 2000 }),
      h('div', { class: 'actions' }, page.submit, page.held),
    );
    const heading = h('h3', { tabindex: '-1' }, t('details'));
    this.#show('details', t('book'), [
      h('div', { class: 'stack wide' }, page.chosen, page.wrongs, heading, page.form),
    ]);
    this.#renderChosen();
    const empty = page.form.querySelector('#name').value ? heading : page.form.querySelector('#name');
    empty.focus();
    this.#say(t('held', { when: this.#moment(form.slot.at) }));
  }

  #renderChosen() {
    const { slot } = this.#form;
    fill(
      this.#page.chosen,
      this.#when(slot.at, slot.until, this.#answer.coach_time_zone),
      h(
        'button',
        { type: 'button', class: 'plain small', onclick: () => this.#changeTime() },
        this.#t('changeTime'),
      ),
    );
  }

  async #changeTime() {
    const day = dayOf(this.#form.slot.at, this.#zone);
    this.#release();
    const { values } = this.#form;
    await this.#startPicking(null, true);
    this.#form = { values, released: true };
    if (this.#view === 'pick' && this.#byDay.has(day)) this.#chooseDay(day);
  }

  /* The faults of the form itself; what the server knows better is left to it. */
  #faults() {
    const t = this.#t;
    const { name, email, phone } = this.#form.values;
    const faults = [];
    if (!name.trim()) faults.push(['name', t('needName')]);
    const required = this.#page.form.elements.email.required;
    if ((required || email.trim()) && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim()))
      faults.push(['email', t('needEmail')]);
    if (this.#page.form.elements.phone.required && !phone.trim()) faults.push(['phone', t('needPhone')]);
    return faults;
  }

  /* An error summary with links to the fields, each of which says its own fault. */
  #mark(faults) {
    const { form, wrongs, view } = this.#page;
    for (const input of form.elements) {
      const fault = faults.find(([name]) => name === input.name);
      if (!input.name) continue;
      if (fault) input.setAttribute('aria-invalid', 'true');
      else input.removeAttribute('aria-invalid');
      form.querySelector(`#${input.name}-wrong`).textContent = fault?.[1] ?? '';
    }
    if (!faults.length) return wrongs.replaceChildren();
    const heading = h('h3', { tabindex: '-1', id: 'wrongs' }, this.#t('errors', { n: faults.length }));
    wrongs.replaceChildren(
      h(
        'div',
        { class: 'notice alarm wide', role: 'group', 'aria-labelledby': 'wrongs' },
        heading,
        h(
          'ul',
          null,
          faults.map(([name, text]) =>
            h(
              'li',
              null,
              h(
                'a',
                {
                  href: `#${name}`,
                  onclick: (event) => {
                    event.preventDefault();
                    view.querySelector(`#${name}`).focus();
                  },
                },
                text,
              ),
            ),
          ),
        ),
      ),
    );
    heading.focus();
    return this.#say([heading.textContent, ...faults.map(([, text]) => text)].join('. '));
  }

  #complain(problem) {
    const notice = this.#trouble(problem, () => this.#submit());
    this.#page.wrongs.replaceChildren(notice);
    notice.querySelector('button').focus();
  }

  #refused(problem) {
    const heading = h('h3', { tabindex: '-1' }, this.#t('limit'));
    this.#page.wrongs.replaceChildren(
      h(
        'div',
        { class: 'notice alarm' },
        heading,
        h('p', null, explain(problem, this.#t)),
        h('button', { type: 'button', onclick: () => this.#switch() }, this.#t('mySessions')),
      ),
    );
    heading.focus();
    this.#say(`${heading.textContent}. ${explain(problem, this.#t)}`);
  }

  /*
   * A button that works: pressed again it does nothing, and it says what it is doing. Answers a function that
   * ends this.
   */
  #busy(button, text) {
    if (button.getAttribute('aria-disabled') === 'true') return null;
    const before = button.textContent;
    button.setAttribute('aria-disabled', 'true');
    button.textContent = text;
    this.#say(text);
    return () => {
      button.removeAttribute('aria-disabled');
      button.textContent = before;
    };
  }

  async #submit() {
    const t = this.#t;
    const form = this.#form;
    if (form.stale) {
      const heading = this.#page.wrongs.querySelector('h3');
      this.#say(heading.textContent);
      return heading.focus();
    }
    const done = this.#busy(this.#page.submit, t('sending'));
    if (!done) return undefined;
    this.#mark([]);
    await form.holding; // which may fill a field in, or find the time taken
    if (this.#form !== form || this.#view !== 'details') return undefined;
    const faults = this.#faults();
    if (form.stale || faults.length) {
      done();
      return form.stale ? undefined : this.#mark(faults);
    }
    try {
      const appointment = await this.#send(form);
      form.hold = null;
      this.#form = null;
      this.#tell('booked', appointment);
      this.#showDone(appointment, 'booked');
    } catch (problem) {
      done();
      if (this.#form !== form || this.#view !== 'details') return undefined;
      const field = problem.field?.split('.').pop();
      if (goneCodes.has(problem.code)) this.#offerFresh(problem);
      else if (problem.code === 'booking_limit') this.#refused(problem);
      else if (this.#page.form.elements[field]) this.#mark([[field, problem.detail]]);
      else this.#complain(problem);
    }
    return undefined;
  }

  /*
   * One idempotency key per form: kept while the same thing is sent again, so that a lost reply never books
   * twice. A hold that ended meanwhile is no reason to give up: the time is booked as it is, if it is still
   * free.
   */
  async #send(form) {
    const { name, email, phone, notes } = form.values;
    const rest = {
      time_zone: this.#zone,
      name: name.trim(),
      email: email.trim() || undefined,
      phone: phone.trim() || undefined,
      notes: notes.trim() || undefined,
    };
    const send = (method, path, body) => {
      const signature = path + JSON.stringify(body);
      if (form.sent !== signature) Object.assign(form, { sent: signature, key: newKey() });
      return this.#call(method, path, { body, key: form.key });
    };
    if (form.hold) {
      try {
        return await send('PUT', `booking/${form.hold.id}/confirm`, rest);
      } catch (problem) {
        if (!['hold_expired', 'not_active', 'not_found'].includes(problem.code)) throw problem;
        form.hold = null;
      }
    }
    return send('POST', 'booking/create', { ...this.#slotBody(form.slot), ...rest });
  }

  /* The time is gone: the form stays as it is, fresh times come above it and get the focus. */
  async #offerFresh(problem) {
    const t = this.#t;
    const form = this.#form;
    const { view } = this.#page;
    form.stale = true;
    const lost = form.slot;
    const words = t(problem.code === 'slot_taken' || problem.code === 'calendar_busy' ? 'taken' : 'gone', {
      time: this.#moment(lost.at),
    });
    const heading = h('h3', { tabindex: '-1' }, words);
    const place = h('div', { class: 'stack wide', 'aria-busy': 'true' }, h('div', { class: 'bone wide' }));
    const notice = h('div', { class: 'notice alarm' }, heading, place);
    const wrongs = this.#moving ? view.querySelector('.wrongs') : this.#page.wrongs;
    wrongs.replaceChildren(notice);
    heading.focus();
    this.#say(words);
    try {
      let { reply, slots } = await this.#ask(
        Math.max(Date.now(), lost.at - 3 * dayLength),
        lost.at + 14 * dayLength,
      );
      if (!slots.length) ({ reply, slots } = await this.#ask());
      if (!notice.isConnected) return;
      this.#answer = { ...this.#answer, ...reply };
      const near = slots
        .sort((a, b) => Math.abs(a.at - lost.at) - Math.abs(b.at - lost.at))
        .slice(0, 8)
        .sort((a, b) => a.at - b.at);
      place.removeAttribute('aria-busy');
      place.replaceChildren(
        ...(near.length
          ? [
              h('p', null, t('freeNow')),
              h(
                'div',
                { class: 'wide' },
                this.#slotList(
                  near,
                  (slot) => this.#chooseFresh(slot),
                  near.some((slot) => dayOf(slot.at, this.#zone) !== dayOf(lost.at, this.#zone)),
                ),
              ),
            ]
          : [h('p', null, t('freeNone'))]),
        h(
          'button',
          {
            type: 'button',
            class: 'plain',
            onclick: () => (this.#moving ? this.#startPicking(this.#moving, true) : this.#changeTime()),
          },
          t('otherDay'),
        ),
      );
      this.#say(
        `${words} ${t(near.length ? 'freeNow' : 'freeNone')} ${near.length ? t('times', { n: near.length }) : ''}`,
      );
    } catch (again) {
      if (notice.isConnected) place.replaceChildren(this.#trouble(again, () => this.#offerFresh(problem)));
    }
  }

  #chooseFresh(slot) {
    if (this.#moving) return this.#showMove(slot);
    Object.assign(this.#form, { slot, stale: false, sent: null, key: null });
    this.#hold();
    this.#renderChosen();
    this.#page.wrongs.replaceChildren();
    this.#page.held.textContent = '';
    const next =
      [...this.#page.form.elements].find((input) => input.required && !input.value) ?? this.#page.submit;
    next.focus();
    return this.#say(this.#t('held', { when: this.#moment(slot.at) }));
  }

  /* ---- booked, moved ---- */

  #showDone(appointment, word) {
    const t = this.#t;
    const place = h('div', { class: 'stack wide' });
    const render = (a) => {
      const start = Date.parse(a.start);
      const end = Date.parse(a.end);
      fill(
        place,
        h('div', { class: 'summary' }, this.#when(start, end, this.#answer?.coach_time_zone)),
        this.#meeting(a),
        a.calendar?.state === 'synced' &&
          a.email &&
          !a.calendar.detail &&
          h('p', null, t('invited', { email: a.email })),
        a.calendar?.detail && h('p', null, a.calendar.detail),
        this.#calendarLinks(a),
        h('p', { class: 'muted' }, this.#rule(a)),
        !this.hasAttribute('move-only') &&
          h(
            'div',
            { class: 'row' },
            h(
              'button',
              { type: 'button', class: 'plain', onclick: () => this.showSessions() },
              t('mySessions'),
            ),
            h(
              'button',
              { type: 'button', class: 'plain', onclick: () => this.#startPicking(null, true) },
              t('another'),
            ),
          ),
      );
    };
    this.#moving = null;
    render(appointment);
    this.#show('done', t(word), [place], this.#page.title);
    this.#page.mine.hidden = true;
    this.#say(`${t(word)}: ${this.#moment(Date.parse(appointment.start))}`);
    if (this.#linkMissing(appointment)) this.#awaitLink(appointment, render);
  }

  #linkMissing = (a) =>
    a.meeting?.kind === 'google_meet' && !a.meeting.url && a.calendar?.state === 'pending';

  /* The calendar is slow: the link is asked for again until it is there, for some minutes. */
  async #awaitLink(appointment, render) {
    const { signal } = this.#leave;
    for (const wait of linkWaits) {
      await new Promise((resolve) => {
        setTimeout(resolve, wait * 1000);
      });
      if (signal.aborted) return;
      const fresh = await this.#call('GET', `booking/${appointment.id}`, { quiet: true }).catch(() => null);
      if (signal.aborted) return;
      if (!fresh || this.#linkMissing(fresh)) continue;
      render(fresh);
      if (fresh.meeting?.url) this.#say(this.#t('linkHere'));
      return;
    }
    const place = this.#page.view.querySelector('.link');
    if (place) place.textContent = this.#t('linkLater');
  }

  #meeting(a) {
    const t = this.#t;
    const url = webAddress(a.meeting?.url);
    if (url) {
      return h(
        'div',
        { class: 'actions' },
        h(
          'a',
          { class: 'button', href: url, target: '_blank', rel: 'noopener noreferrer' },
          t(a.meeting.kind === 'google_meet' ? 'join' : 'joinAt'),
        ),
        h('span', { class: 'small muted' }, url.replace(/^https?:\/\//, '')),
      );
    }
    if (this.#linkMissing(a)) return h('p', { class: 'link' }, t('linkFollows'));
    if (a.meeting?.kind === 'phone') return h('p', null, t('byPhone'));
    return a.meeting?.kind === 'in_person' && h('p', null, t('inPerson'));
  }

  /* What may still be done, and until when; the words of the rule before anyone needs them. */
  #rule(a) {
    const t = this.#t;
    const cancel = Date.parse(a.cancel_before);
    const move = Date.parse(a.reschedule_before);
    const may = { cancel: this.#open(a.can_cancel, cancel), move: this.#open(a.can_reschedule, move) };
    const until = (key, instant) => t(key, { when: this.#moment(instant) });
    if (may.cancel && may.move && cancel === move) return until('until', cancel);
    const parts = [may.cancel && until('cancelUntil', cancel), may.move && until('moveUntil', move)].filter(
      Boolean,
    );
    return parts.join(' ') || until('changesClosed', Math.max(cancel, move));
  }

  #open = (allowed, before) => allowed ?? before > Date.now();

  #calendarLinks(a) {
    const t = this.#t;
    const coach = this.getAttribute('coach-name');
    const title = coach ? t('title', { coach }) : t('titleAlone');
    const link = webAddress(a.meeting?.url) ?? '';
    const bare = (text) => text.replace(/[-:]/g, '');
    const google = new URL('https://calendar.google.com/calendar/render');
    google.search = new URLSearchParams({
      action: 'TEMPLATE',
      text: title,
      dates: `${bare(a.start)}/${bare(a.end)}`,
      details: link,
      location: link,
    });
    const outlook = new URL('https://outlook.live.com/calendar/0/deeplink/compose');
    outlook.search = new URLSearchParams({
      rru: 'addevent',
      path: '/calendar/action/compose',
      subject: title,
      startdt: a.start,
      enddt: a.end,
      body: link,
      location: link,
    });
    const away = { target: '_blank', rel: 'noopener noreferrer' };
    return h(
      'div',
      { class: 'row' },
      h('span', { class: 'muted small' }, t('addTo')),
      h(
        'button',
        { type: 'button', class: 'plain', onclick: (event) => this.#download(a, event.target) },
        t('ics'),
      ),
      h('a', { href: google.href, ...away }, t('google')),
      h('a', { href: outlook.href, ...away }, t('outlook')),
    );
  }

  /* The file asks for the caller's identity, which a plain link cannot carry. */
  async #download(a, button) {
    try {
      const file = URL.createObjectURL(
        await this.#call('GET', `booking/${a.id}/calendar.ics`, { raw: true }),
      );
      h('a', { href: file, download: 'session.ics' }).click();
      setTimeout(() => URL.revokeObjectURL(file), 60000);
    } catch (problem) {
      button.after(this.#trouble(problem));
    }
  }

  /* ---- my sessions ---- */

  showSessions() {
    this.#reveal();
    const t = this.#t;
    this.#release();
    this.#form = null;
    this.#moving = null;
    const list = h('ul', { class: 'sessions wide' });
    const more = h('div', { class: 'stack' });
    const load = (status) => {
      list.replaceChildren(
        ...Array.from({ length: 2 }, () => h('li', null, h('div', { class: 'bone wide' }))),
      );
      more.replaceChildren();
      this.#loadSessions(status, null, list, more);
    };
    this.#show(
      'sessions',
      t('mySessions'),
      [
        h(
          'div',
          { class: 'stack wide' },
          this.#choice(
            'which',
            t('which'),
            [
              ['upcoming', t('upcoming')],
              ['past', t('past')],
              ['cancelled', t('gone3')],
            ],
            'upcoming',
            load,
          ),
          list,
          more,
        ),
      ],
      this.#page.title,
    );
    load('upcoming');
  }

  async #loadSessions(status, cursor, list, more) {
    const t = this.#t;
    const asked = ++this.#asked;
    const query = new URLSearchParams({ status, limit: '20', ...(cursor && { cursor }) });
    try {
      const reply = await this.#call('GET', `booking/user/me?${query}`);
      if (asked !== this.#asked) return;
      const items = reply.appointments
        .filter((a) => a.status !== 'held' && a.status !== 'expired')
        .map((a) => this.#session(a));
      if (!cursor) list.replaceChildren();
      list.append(...items);
      more.replaceChildren(
        ...(reply.next_cursor
          ? [
              h(
                'button',
                { type: 'button', onclick: () => this.#loadSessions(status, reply.next_cursor, list, more) },
                t('more'),
              ),
            ]
          : !list.children.length
            ? [h('p', { class: 'muted' }, t('noSessions'))]
            : []),
      );
      if (cursor) items[0]?.querySelector('strong')?.focus();
      this.#say(list.children.length ? `${t('mySessions')}: ${list.children.length}` : t('noSessions'));
    } catch (problem) {
      if (asked !== this.#asked) return;
      if (!cursor) list.replaceChildren();
      more.replaceChildren(this.#trouble(problem, () => this.#loadSessions(status, cursor, list, more)));
    }
  }

  #session(a) {
    const t = this.#t;
    const start = Date.parse(a.start);
    const ahead = a.status === 'scheduled' && Date.parse(a.end) > Date.now();
    const status = {
      completed: t('statusCompleted'),
      no_show: t('statusNoShow'),
      cancelled: t(a.cancelled_by && a.cancelled_by !== 'client' ? 'byCoach' : 'statusCancelled'),
    }[a.status];
    const label = (text) => ({ 'aria-label': `${text}: ${this.#moment(start)}` });
    return h(
      'li',
      null,
      this.#when(start, Date.parse(a.end), this.#answer?.coach_time_zone),
      status && h('span', { class: 'small' }, status),
      ahead && this.#meeting(a),
      ahead && a.calendar?.detail && h('p', { class: 'small' }, a.calendar.detail),
      ahead && h('p', { class: 'muted small' }, this.#rule(a)),
      ahead &&
        h(
          'div',
          { class: 'actions' },
          this.#open(a.can_reschedule, Date.parse(a.reschedule_before)) &&
            h('button', { type: 'button', ...label(t('move')), onclick: () => this.move(a) }, t('move')),
          this.#open(a.can_cancel, Date.parse(a.cancel_before)) &&
            h(
              'button',
              { type: 'button', ...label(t('cancel')), onclick: () => this.#showCancel(a) },
              t('cancel'),
            ),
        ),
      ahead && this.#calendarLinks(a),
    );
  }

  #showCancel(a) {
    const t = this.#t;
    const reason = h('textarea', { id: 'reason', maxlength: 2000, name: 'reason' });
    const trouble = h('div', { class: 'wide' });
    const key = newKey();
    const submit = h('button', { type: 'submit', class: 'main' }, t('cancelConfirm'));
    const form = h(
      'form',
      {
        onsubmit: async (event) => {
          event.preventDefault();
          const done = this.#busy(submit, t('cancelling'));
          if (!done) return;
          try {
            const text = reason.value.trim();
            const cancelled = await this.#call('PUT', `booking/${a.id}/cancel`, {
              body: text ? { reason: text } : undefined,
              key: text ? undefined : key,
            });
            this.#tell('cancelled', cancelled);
            this.#showOver(t('cancelled'), cancelled);
          } catch (problem) {
            done();
            trouble.replaceChildren(this.#trouble(problem));
          }
        },
      },
      h('p', null, `${this.#rule(a)} ${t('cancelRule')}`),
      h(
        'div',
        { class: 'field' },
        h(
          'label',
          { for: 'reason' },
          t('reason'),
          h('span', { class: 'muted small' }, ` (${t('optional')})`),
        ),
        reason,
      ),
      trouble,
      h(
        'div',
        { class: 'actions' },
        submit,
        h('button', { type: 'button', onclick: () => this.showSessions() }, t('keep')),
      ),
    );
    this.#show(
      'cancel',
      t('cancelTitle'),
      [
        h(
          'div',
          { class: 'stack wide' },
          h('div', { class: 'summary' }, this.#when(Date.parse(a.start), Date.parse(a.end))),
          form,
        ),
      ],
      this.#page.title,
    );
    this.#say(t('cancelTitle'));
  }

  #showOver(words, a) {
    this.#show(
      'over',
      words,
      [
        h(
          'div',
          { class: 'stack wide' },
          h('div', { class: 'summary' }, this.#when(Date.parse(a.start), Date.parse(a.end))),
          h(
            'div',
            { class: 'actions' },
            h(
              'button',
              { type: 'button', class: 'main', onclick: () => this.#startPicking(null, true) },
              this.#t('another'),
            ),
            h('button', { type: 'button', onclick: () => this.showSessions() }, this.#t('mySessions')),
          ),
        ),
      ],
      this.#page.title,
    );
    this.#page.mine.hidden = true;
    this.#say(`${words}: ${this.#moment(Date.parse(a.start))}`);
  }

  /* ---- another time for an appointment ---- */

  move(appointment) {
    this.#reveal();
    this.#form = null;
    return this.#startPicking(appointment, true);
  }

  #showMove(slot) {
    const t = this.#t;
    const a = this.#moving;
    const zone = this.#answer.coach_time_zone;
    const key = newKey();
    const wrongs = h('div', { class: 'stack wide wrongs' });
    const submit = h(
      'button',
      {
        type: 'button',
        class: 'main',
        onclick: async () => {
          const done = this.#busy(submit, t('moving'));
          if (!done) return;
          try {
            const moved = await this.#call('PUT', `booking/${a.id}/reschedule`, {
              key,
              body: { start: slot.start, duration_minutes: Math.round((slot.until - slot.at) / 60000) },
            });
            this.#tell('rescheduled', moved);
            this.#showDone(moved, 'moved');
          } catch (problem) {
            done();
            if (goneCodes.has(problem.code)) this.#offerFresh(problem);
            else wrongs.replaceChildren(this.#trouble(problem));
          }
        },
      },
      t('moveConfirm'),
    );
    this.#form = { slot, values: {}, released: true };
    this.#show(
      'move',
      t('moveTitle'),
      [
        h(
          'div',
          { class: 'stack wide' },
          wrongs,
          h(
            'div',
            { class: 'summary' },
            h('span', { class: 'muted small' }, t('moveFrom')),
            this.#when(Date.parse(a.start), Date.parse(a.end), zone),
          ),
          h(
            'div',
            { class: 'summary' },
            h('span', { class: 'muted small' }, t('moveTo')),
            this.#when(slot.at, slot.until, zone),
          ),
          h(
            'div',
            { class: 'actions' },
            submit,
            h('button', { type: 'button', onclick: () => this.#startPicking(a, true) }, t('changeTime')),
          ),
        ),
      ],
      this.#page.title,
    );
    this.#say(`${t('moveTo')}: ${this.#moment(slot.at)}`);
  }
}

globalThis.customElements?.get('mosaic-booking') ??
  globalThis.customElements?.define('mosaic-booking', MosaicBooking);
