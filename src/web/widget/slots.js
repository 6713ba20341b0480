/* Free times: asked of the server, sorted by the visitor's days. */

import { addDays, dayOf, instantOf, isoText } from './time.js';

/* One question to the server; `from` and `to` are instants or left out. */
export async function ask(panel, from, to) {
  const query = new URLSearchParams();
  const add = (name, value) => {
    if (value) query.set(name, value);
  };
  const wanted = panel.element.getAttribute('coach');
  const known = panel.answer?.coach;
  add('coach', panel.moving?.coach ?? (known && ![wanted, known].includes('any') ? known : wanted));
  add('session_type', panel.moving?.session_type ?? panel.type);
  add('duration', panel.moving?.duration_minutes ?? panel.duration);
  add('rescheduling', panel.moving?.id);
  add('from', from && isoText(from));
  add('to', to && isoText(to));
  if (panel.released) await panel.released; // else it is asked at once
  const path = 'booking/availability' + (query.size ? '?' + query : '');
  const reply = await panel.call('GET', path).catch(async (problem) => {
    if (problem.field === 'rescheduling') await panel.go('changed', panel.moving, problem); // it stands no more
    throw problem;
  });
  const slots = reply.slots.map((slot) => ({
    ...slot,
    at: Date.parse(slot.start),
    until: Date.parse(slot.end),
  }));
  return { reply, slots };
}

/* A session's present time is no new one for it. */
export function sort(panel) {
  const present = panel.moving && Date.parse(panel.moving.start);
  let [list, end] = [null, 0]; // of the day that is being filled: telling the day of each of a thousand takes long
  panel.byDay = new Map();
  for (const slot of panel.slots) {
    if (slot.at === present) continue;
    if (slot.at >= end) {
      const day = dayOf(slot.at, panel.zone);
      panel.byDay.set(day, (list = []));
      end = instantOf(addDays(day, 1), 0, panel.zone);
    }
    list.push(slot);
  }
}
