/* The coach's bookings, as lists. */

import { dayLength, isoText } from '../widget/time.js';

/* Everybody of a stretch of time, in the order of their times; `most` bounds how many are read. */
export async function appointmentsIn(house, status, from, to, most = Infinity) {
  const found = [];
  for (let cursor; cursor !== null && found.length < most; ) {
    const query = new URLSearchParams({
      status,
      from: isoText(from),
      to: isoText(to),
      limit: 100,
      ...(cursor && { cursor }),
    });
    const reply = await house.coachCall('GET', `appointments?${query}`);
    found.push(...reply.appointments);
    cursor = reply.next_cursor ?? null;
  }
  return found;
}

/* Where the stretches end that are read one after the other, in days from now: a list is read by its times, upwards. */
const stretches = [270, 0, -91, -365, -730, -1461];

/*
 * Everybody, the latest first, as far back as these days, or a bit further than there are `enough`; `whole` says that there
 * is nobody before.
 */
export async function latestBookings(house, back, enough) {
  const now = house.now();
  const edges = [...stretches.filter((days) => days > back), back].map((days) =>
    Math.max(0, now + days * dayLength),
  );
  const found = [];
  let next = 1;
  for (; next < edges.length && found.length < enough; next += 1) {
    const [from, to] = [edges[next], edges[next - 1]];
    const part = await appointmentsIn(house, 'all', from, to);
    found.push(...part.filter((one) => Date.parse(one.start) >= from).reverse()); // who began before is in the next
  }
  return { found, whole: next === edges.length && edges.at(-1) === 0 };
}

/* The clients of about a year, the latest booking's name and address of each, by name. */
export async function knownClients(house) {
  const { found } = await latestBookings(house, -365, 500);
  const clients = new Map();
  for (const { user_id: id, name, email, phone } of found)
    if (id && (name || email) && !clients.has(id)) clients.set(id, { id, name, email, phone });
  const words = (one) => one.name ?? one.email;
  return [...clients.values()].sort((a, b) => words(a).localeCompare(words(b), house.locale));
}

/* All with a status from now on, a page at a time, until `enough` says of those that are there that no more are needed. */
export async function comingBookings(house, status, enough = () => false) {
  const found = [];
  for (let cursor; cursor !== null && !enough(found); ) {
    const query = new URLSearchParams({ status, limit: 20, ...(cursor && { cursor }) });
    const reply = await house.coachCall('GET', `appointments?${query}`);
    found.push(...reply.appointments);
    cursor = reply.next_cursor ?? null;
  }
  return found;
}

/* What a kind of session is called; its id, once it is offered no more. */
export const typeName = ({ session_types: types }, id) => types.find((type) => type.id === id)?.name ?? id;

const gone = ['cancelled', 'declined', 'expired'];

/*
 * What takes place: the seats of a shared session are one, by the name of its kind, with how many of its `seats` are `taken`
 * (held ones too). What did not come to pass is left out.
 */
export function sessionsOf(appointments, schedule) {
  const sessions = new Map();
  for (const one of appointments) {
    const { group_id: group, session_type: kind } = one;
    if (gone.includes(one.status) || one.status === 'held' || sessions.has(group)) continue;
    const taken =
      group && appointments.filter((it) => it.group_id === group && !gone.includes(it.status)).length;
    const seats = group && Math.max(schedule.session_types.find(({ id }) => id === kind)?.seats ?? 0, taken);
    sessions.set(group ?? one.id, group ? { ...one, name: typeName(schedule, kind), seats, taken } : one);
  }
  return [...sessions.values()];
}
