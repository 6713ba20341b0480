/*
 * The arithmetic of hours: pure, on minutes after a day's midnight.
 *
 * A stretch is {from, to} with 0 <= from < 1440 and from < to <= from + 1440; a `to` over 1440 reaches into
 * the next day.
 */

import { addDays, dayLength, dayOf, format, instantOf, offsetMinutes, weekdayOf } from '../widget/time.js';

export const weekdays = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/* The weekday of a date as an index into `weekdays`. */
export const weekdayIndex = (day) => (weekdayOf(day) + 6) % 7;

const monday = Date.UTC(2026, 10, 23); // any Monday: its weekdays' names are wanted

export const weekdayName = ({ locale }, index, style = 'long') =>
  format(monday + index * dayLength, locale, { timeZone: 'UTC', weekday: style });

export const clock = (minutes) =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

/* '09:30' as minutes; NaN for anything else. */
export function minutesOf(text) {
  const match = /^(\d\d):(\d\d)$/.exec(text);
  return match ? Number(match[1]) * 60 + Number(match[2]) : NaN;
}

/* The minute of its day that the clock shows in a zone at an instant. */
export const wallMinutes = (instant, zone) =>
  (((instant / 60000 + offsetMinutes(instant, zone)) % 1440) + 1440) % 1440;

/* The document's {from: '22:00', to: '02:00'} as a stretch, and back; midnight as an end is '24:00'. */
export function stretchOf(hours) {
  const from = minutesOf(hours.from);
  const to = minutesOf(hours.to);
  return { from, to: to <= from ? to + 1440 : to };
}

export const hoursOf = ({ from, to }) => ({
  from: clock(from),
  to: to <= 1440 ? clock(to) : clock(to - 1440),
});

/* `stretches` with [from, to) added; what it touches becomes one. */
export function opened(stretches, from, to) {
  const apart = stretches.filter((one) => one.to < from || one.from > to);
  const joined = stretches.filter((one) => !apart.includes(one));
  const whole = {
    from: Math.min(from, ...joined.map((one) => one.from)),
    to: Math.max(to, ...joined.map((one) => one.to)),
  };
  return [...apart, whole].sort((a, b) => a.from - b.from);
}

/* `stretches` without [from, to). A piece left over after midnight comes with a `from` of 1440 or more. */
export function closed(stretches, from, to) {
  return stretches.flatMap((one) =>
    [
      { from: one.from, to: Math.min(one.to, from) },
      { from: Math.max(one.from, to), to: one.to },
    ].filter((piece) => piece.from < piece.to),
  );
}

/* The weekly hours of a document as seven lists of stretches, Monday first. */
export function weeklyLists(weekly) {
  const lists = weekdays.map(() => []);
  for (const entry of weekly)
    for (const day of entry.days) lists[weekdays.indexOf(day)].push(stretchOf(entry));
  for (const list of lists) list.sort((a, b) => a.from - b.from || a.to - b.to);
  return lists;
}

/* And back: days with the same hours share an entry. */
export function weeklyDocument(lists) {
  const entries = new Map();
  lists.forEach((list, index) =>
    list.forEach((stretch) => {
      const hours = hoursOf(stretch);
      const key = `${hours.from} ${hours.to}`;
      if (!entries.has(key)) entries.set(key, { days: [], ...hours });
      if (!entries.get(key).days.includes(weekdays[index])) entries.get(key).days.push(weekdays[index]);
    }),
  );
  return [...entries.values()];
}

/*
 * Weekly lists with a part of one weekday opened or closed; hours that come from the day before are closed
 * there.
 */
export function changeWeekly(lists, index, from, to, open) {
  const next = lists.map((list) => [...list]);
  if (open) {
    next[index] = opened(next[index], from, to);
    return next;
  }
  const before = (index + 6) % 7;
  next[index] = closed(next[index], from, to);
  const rest = closed(next[before], from + 1440, to + 1440);
  next[before] = rest.filter((one) => one.from < 1440);
  for (const one of rest.filter((piece) => piece.from >= 1440))
    next[index].push({ from: one.from - 1440, to: one.to - 1440 });
  next[index].sort((a, b) => a.from - b.from);
  return next;
}

/*
 * The hours of a date by the document: an override's, else the weekly ones; of either first the session
 * type's, if there is a type with some. Blocked ranges are not looked at.
 */
export function stretchesOn(schedule, date, type) {
  const ofDate = (overrides = []) => overrides.filter((one) => one.date === date);
  const own = ofDate(type?.overrides);
  const special = own.length ? own : ofDate(schedule.overrides);
  if (special.length)
    return special.flatMap((one) => one.intervals.map(stretchOf)).sort((a, b) => a.from - b.from);
  return weeklyLists(type?.weekly ?? schedule.weekly)[weekdayIndex(date)];
}

export const blockOn = (schedule, date) => schedule.blocked.find((one) => one.from <= date && date < one.to);
export const hasOverride = (schedule, date) => schedule.overrides.some((one) => one.date === date);

/*
 * Whether a time, in instants, lies in the hours of a document for a session type (none: the coach's own), as
 * the server sees it.
 */
export function inHours(schedule, start, end, type) {
  const zone = schedule.time_zone;
  const last = dayOf(end - 1, zone);
  for (let day = dayOf(start, zone); day <= last; day = addDays(day, 1))
    if (blockOn(schedule, day)) return false;
  return [addDays(dayOf(start, zone), -1), dayOf(start, zone)].some(
    (day) =>
      !blockOn(schedule, day) &&
      stretchesOn(schedule, day, type).some(
        ({ from, to }) => instantOf(day, from, zone) <= start && end <= instantOf(day, to, zone),
      ),
  );
}

/* The document with a date's own hours; null takes them away, so that the weekly ones hold again. */
export function withOverride(schedule, date, stretches) {
  const others = schedule.overrides.filter((one) => one.date !== date);
  const overrides = stretches ? [...others, { date, intervals: stretches.map(hoursOf) }] : others;
  return { ...schedule, overrides: overrides.sort((a, b) => (a.date < b.date ? -1 : 1)) };
}

/* The document with [from, to) of one date opened or closed; null if that changes nothing. */
export function changeDate(schedule, date, from, to, open) {
  const now = stretchesOn(schedule, date);
  if (open) return withOverride(schedule, date, opened(now, from, to));
  const before = addDays(date, -1);
  const evening = stretchesOn(schedule, before);
  let next = schedule;
  let left = closed(now, from, to);
  const rest = closed(evening, from + 1440, to + 1440);
  if (JSON.stringify(rest) !== JSON.stringify(evening)) {
    next = withOverride(
      next,
      before,
      rest.filter((one) => one.from < 1440),
    );
    left = [
      ...rest.filter((one) => one.from >= 1440).map((one) => ({ from: one.from - 1440, to: one.to - 1440 })),
      ...left,
    ];
  }
  if (JSON.stringify(left) === JSON.stringify(now)) return next === schedule ? null : next;
  return withOverride(next, date, left);
}

/* The document with [from, to) blocked; ranges it overlaps keep their own reasons. */
export function withBlock(schedule, from, to, reason) {
  const blocked = [...schedule.blocked, { from, to, ...(reason && { reason }) }];
  return { ...schedule, blocked: blocked.sort((a, b) => (a.from < b.from ? -1 : 1)) };
}

/* The document with the dates [from, to) free again: ranges are shortened, split or taken away. */
export function withoutBlock(schedule, from, to) {
  const blocked = schedule.blocked.flatMap((one) => {
    if (one.to <= from || to <= one.from) return [one];
    return [
      { ...one, to: from < one.to ? from : one.to },
      { ...one, from: to > one.from ? to : one.from },
    ].filter((piece) => piece.from < piece.to);
  });
  return { ...schedule, blocked };
}
