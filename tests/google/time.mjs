// Instants and zones for the stand-in: RFC 3339 in, RFC 3339 out, and wall clocks by the runtime's zone data.

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?$/;
const formatters = new Map();

/**
 * Milliseconds of `text`, NaN if it is no RFC 3339 time; without an offset it is read in `zone`, NaN if there
 * is none.
 */
export function parseInstant(text, zone) {
  const found = typeof text === 'string' && RFC3339.exec(text);
  if (!found) return NaN;
  const [, year, month, day, hour, minute, second, fraction, offset] = found;
  const civil = Date.UTC(
    year,
    month - 1,
    day,
    hour,
    minute,
    second,
    fraction ? +fraction.slice(0, 3).padEnd(3, '0') : 0,
  );
  const back = new Date(civil);
  if (
    back.getUTCDate() !== +day ||
    back.getUTCMonth() !== month - 1 ||
    back.getUTCHours() !== +hour ||
    second > 59
  )
    return NaN;
  if (/^[zZ]$/.test(offset ?? '')) return civil;
  if (offset)
    return civil - Math.sign(+(offset[0] + '1')) * (offset.slice(1, 3) * 60 + +offset.slice(4)) * 60_000;
  return zone ? civilToInstant(civil, zone) : NaN;
}

/** Whether `text` is an RFC 3339 time that says its offset. */
export const hasOffset = (text) => typeof text === 'string' && !!RFC3339.exec(text)?.[8];

/** Midnight of a `YYYY-MM-DD` in `zone`, in milliseconds; NaN if there is no such date. */
export function parseDate(text, zone) {
  if (!/^\d{4}-\d\d-\d\d$/.test(text ?? '')) return NaN;
  const civil = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(civil) || new Date(civil).toISOString().slice(0, 10) !== text) return NaN;
  return civilToInstant(civil, zone);
}

export function isZone(name) {
  if (typeof name !== 'string' || !/^[A-Za-z]/.test(name)) return false;
  try {
    return !!formatter(name);
  } catch {
    return false;
  }
}

function formatter(zone) {
  if (!formatters.has(zone))
    formatters.set(
      zone,
      new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: '2-digit',
        day: '2-digit',
        hour: '2-digit',
        minute: '2-digit',
        second: '2-digit',
      }),
    );
  return formatters.get(zone);
}

/** What the clock on the wall of `zone` shows at `instant`, as if it were UTC. */
function instantToCivil(instant, zone) {
  const part = {};
  for (const { type, value } of formatter(zone).formatToParts(instant)) part[type] = +value;
  return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
}

function civilToInstant(civil, zone) {
  let instant = civil;
  for (let i = 0; i < 2; i++) instant += civil - instantToCivil(instant, zone);
  return instant;
}

/** `instant` as Google writes event times: whole seconds, with the offset of `zone` (`Z` for UTC). */
export function inZone(instant, zone) {
  const whole = Math.floor(instant / 1000) * 1000;
  if (zone === 'UTC') return new Date(whole).toISOString().slice(0, 19) + 'Z';
  const civil = instantToCivil(whole, zone);
  const minutes = Math.round((civil - whole) / 60_000);
  const two = (n) => String(n).padStart(2, '0');
  const sign = minutes < 0 ? '-' : '+';
  return (
    `${new Date(civil).toISOString().slice(0, 19)}${sign}${two(Math.trunc(Math.abs(minutes) / 60))}:` +
    two(Math.abs(minutes) % 60)
  );
}
