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
function formatter(locale, options) {
  const key = locale + JSON.stringify(options);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(locale, options));
  return formatters.get(key);
}

/* What the browser's own rules leave out: in French a month begins with its "1er"; PM stays in the line of its time. */
function written(parts, locale) {
  const first = /^fr/.test(locale) && parts.some(({ type, value }) => type === 'month' && !/\d/.test(value));
  return parts
    .map(({ type, value }, index) => {
      if (first && type === 'day' && value === '1') return '1er';
      return parts[index + 1]?.type === 'dayPeriod' ? value.replace(/\s/, '\u00a0') : value;
    })
    .join('');
}

export const format = (instant, locale, options) =>
  written(formatter(locale, options).formatToParts(instant), locale);

/* From one to another; what both have in common is told once. */
export const formatRange = (from, to, locale, options) =>
  written(formatter(locale, options).formatRangeToParts(from, to), locale);

export const clockOptions = (hour12) => ({
  hour: hour12 ? 'numeric' : '2-digit',
  minute: '2-digit',
  hourCycle: hour12 ? 'h12' : 'h23',
});

/* The wall clock of a zone at an instant, as if it were UTC, in milliseconds. */
function wallClock(instant, zone) {
  const text = formatter('en-US-u-ca-gregory-nu-latn', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(instant);
  const [month, day, year, hour, minute, second] = text.match(/\d+/g).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/* An instant as the server takes it: whole seconds. */
export const isoText = (instant) => new Date(instant).toISOString().replace(/\.\d+/, '');

export const offsetMinutes = (instant, zone) => Math.round((wallClock(instant, zone) - instant) / 60000);
export const dayOf = (instant, zone) => new Date(wallClock(instant, zone)).toISOString().slice(0, 10);
export const dayLength = 86400000;

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

/* A text whose first letter is large, as a heading's is in every language that has large letters. */
export const capital = (text, locale) => text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);

/* Which day a week starts with, 0 for Sunday, by the locale's region. */
export function firstWeekday(locale) {
  const region = new Intl.Locale(locale);
  const info = region.getWeekInfo?.() ?? region.weekInfo;
  if (info) return info.firstDay % 7;
  return /^(US|CA|MX|BR|JP|IN|IL|AU|ZA)$/.test(region.maximize().region) ? 0 : 1;
}
