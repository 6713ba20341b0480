// Google Meet conferences: made at once, or pending first, or failing, as the settings say.
import { refusals } from './replies.mjs';
import { digest } from './world.mjs';

/**
 * The conference `event` has after a write with conferenceDataVersion=1 whose body says `asked`; undefined is
 * none.
 *
 * A request with the id of the one before is ignored, a second conference beside a living one refused, null
 * removes it.
 */
export function conferenceAfter(world, { calendar, event, speaker, asked, replace }) {
  const now = event.conference;
  if (asked === undefined && !replace) return now;
  if (asked == null) return undefined;
  const request = asked.createRequest;
  if (!request) {
    // Without a request only the event's own conference may be sent along, never another's.
    if (asked.conferenceId !== undefined && asked.conferenceId !== now?.code)
      throw refusals.invalid('Invalid conference data.');
    return now;
  }
  const type = request.conferenceSolutionKey?.type;
  if (type !== 'hangoutsMeet' || speaker.bare || !world.kept.accounts[calendar.owner].meet)
    throw refusals.conferenceType();
  if (!request.requestId) throw refusals.required('Missing conference request id.');
  if (now?.requestId === request.requestId) return now;
  if (now && now.statusCode !== 'failure')
    throw refusals.invalid('Invalid conference data: the event has a conference already.');
  const { outcome, after_ms } = world.settings.meet;
  const pending = {
    requestId: request.requestId,
    statusCode: 'pending',
    outcome,
    due: Date.now() + after_ms,
  };
  if (after_ms === 0) return finished(calendar, event.id, pending);
  schedule(world, calendar, event.id, pending);
  return pending;
}

function finished(calendar, id, { requestId, outcome }) {
  const code = outcome === 'success' ? { code: meetCode(`${calendar.id} ${id} ${requestId}`) } : {};
  return { requestId, statusCode: outcome, ...code };
}

/** Conferences that were pending when the world was saved go on. */
export function resumeConferences(world) {
  for (const calendar of Object.values(world.kept.calendars))
    for (const event of Object.values(calendar.events))
      if (event.conference?.statusCode === 'pending') schedule(world, calendar, event.id, event.conference);
}

function schedule(world, calendar, id, pending) {
  setTimeout(
    () => {
      const event = calendar.events[id];
      if (event?.conference?.requestId !== pending.requestId || event.conference.statusCode !== 'pending')
        return;
      event.conference = finished(calendar, id, pending);
      world.touch(calendar, event);
    },
    Math.max(0, pending.due - Date.now()),
  ).unref();
}

/** A code in Meet's form, aaa-bbbb-ccc, the same for the same request. */
function meetCode(seed) {
  const letters = [...Buffer.from(digest(seed), 'base64url')]
    .map((byte) => String.fromCharCode(97 + (byte % 26)))
    .join('');
  return `${letters.slice(0, 3)}-${letters.slice(3, 7)}-${letters.slice(7, 10)}`;
}
