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

/* The clients of about a year, the latest booking's name and address of each, by name. */
export async function knownClients(house) {
  const now = Date.now();
  const all = await appointmentsIn(house, 'all', now - 365 * dayLength, now + 270 * dayLength, 500);
  const clients = new Map();
  for (const { user_id: id, name, email, phone } of all)
    if (id && (name || email)) clients.set(id, { id, name, email, phone });
  const words = (one) => one.name ?? one.email;
  return [...clients.values()].sort((a, b) => words(a).localeCompare(words(b), house.locale));
}
