// What is not one client who takes one time of one coach: a series, a seat, any coach, hours and calendars of a coach's own,
// and the page of a manage link. Each against a plain booking or listing in the same rounds.
import { createHash } from 'node:crypto';
import { openSchedule } from '../harness/stack.mjs';
import { computedRequests, upcoming } from './availability.mjs';
import { distinct, mustAnswer, sendOnce, warm } from './booking.mjs';
import { SECONDS, interleave, load, ratios, raw, writeRequests } from './measure.mjs';
import { CLIENTS } from './pgbench.mjs';
import { instant, midnight, quote } from './world.mjs';

const OCCURRENCES = 12;
const SEATS = 8;
const CHOICE = 20; // coaches whom "any" may mean
const COACHES = 400;
const LINKS = 1000;
const BUSY_TIMES = 100; // of each of three calendars
const DAYS = { series: 100, seats: 200, any: 250 }; // from today: where each books, away from the others
const HALF_HOUR = 1_800_000;
const PER_SECOND = { plain: 6000, series: 1000, seat: 6000, any: 4000 }; // prepared for

const policy = { horizon_days: 365, min_notice_minutes: 60 };
const ROUND_THE_CLOCK = openSchedule().weekly;
const halfHour = (day, n) => instant(midnight(day).getTime() + n * HALF_HOUR);
const post = (world, target, k, body) =>
  raw('POST', target, {
    token: world.tokens[k % world.tokens.length],
    body: JSON.stringify({ duration_minutes: 30, time_zone: 'UTC', ...body }),
  });

/** Requests number `from` on, each one of its kind. */
const KINDS = {
  series: (world, k) =>
    post(world, '/booking/series', k, {
      coach: `c${1 + (k % world.coaches)}`,
      start: halfHour(DAYS.series, Math.floor(k / world.coaches)),
      count: OCCURRENCES,
    }),
  seat: (world, k) => {
    const session = Math.floor(k / SEATS);
    return post(world, '/booking/create', k, {
      coach: `c${1 + (session % world.coaches)}`,
      session_type: 'circle',
      start: halfHour(DAYS.seats, Math.floor(session / world.coaches)),
    });
  },
  any: (world, k) =>
    post(world, '/booking/create', k, {
      coach: 'any',
      session_type: 'shared',
      start: halfHour(DAYS.any, Math.floor(k / CHOICE)),
    }),
};

/** A variant of interleave() that goes on where its last round ended. */
function further(world, daemon, kind) {
  let next = 0;
  return sendOnce(daemon, kind, () => {
    const count = (SECONDS + 1) * PER_SECOND[kind];
    const requests = Array.from({ length: count }, (_, i) => KINDS[kind](world, next + i));
    next += count;
    return requests;
  });
}

/** Every coach has a session that is shared, and so many give one to whoever asks for any coach. */
function offer(world) {
  const [coaching] = openSchedule().session_types;
  const circle = { id: 'circle', durations: [30], meeting: 'none', seats: SEATS };
  const shared = { id: 'shared', durations: [30], meeting: 'none' };
  const schedule = (...types) =>
    quote(JSON.stringify({ ...openSchedule(policy), session_types: [coaching, circle, ...types] }));
  world.database.run(`
    update coach set schedule = ${schedule()}::jsonb;
    update coach set schedule = ${schedule(shared)}::jsonb where id in (select 'c' || n from generate_series(1, ${CHOICE}) n)`);
}

/** Two coaches with one start an hour: one has hours for the type, and busy times between the starts in three calendars. */
function addHours(world) {
  const plain = openSchedule({ ...policy, step_minutes: 60 });
  const own = structuredClone(plain);
  own.session_types[0].weekly = ROUND_THE_CLOCK;
  world.addCoaches("select 'plain'", plain);
  world.addCoaches("select 'own'", own);
  world.database.run(`
    insert into busy_source (id, coach_id, kind, name, sealed_address, state, events, known_until, expanded_at, last_success_at, due_at)
    select gen_random_uuid(), 'own', 'ical', 'Calendar ' || n, '', 'ok', ${BUSY_TIMES}, 'infinity', now(), now(), 'infinity'
    from generate_series(1, 3) n;
    insert into busy_time (source_id, starts_at, ends_at)
    select s.id, b.at, b.at + interval '5 minutes'
    from busy_source s, lateral (select '${instant(upcoming().from)}'::timestamptz + make_interval(hours => 2 * n, mins => 40) as at
                                 from generate_series(1, ${BUSY_TIMES}) n) b`);
}

/** So many links, as a mail has them, and what their page asks first. */
async function linkRequests(world) {
  const first = await world.book(LINKS);
  const links = Array.from({ length: LINKS }, (_, i) => ({
    token: createHash('sha256').update(`link ${i}`).digest('base64url'),
    id: world.booked(first + i).id,
  }));
  world.database.run(`
    insert into action_token (hash, purpose, appointment_id, expires_at)
    select sha256(convert_to(token, 'UTF8')), 'manage', id, now() + interval '1 year'
    from (values ${links.map(({ token, id }) => `('${token}', '${id}'::uuid)`).join()}) links (token, id)`);
  return writeRequests(
    'links',
    links.map(({ token }) => raw('POST', '/booking/session', { body: JSON.stringify({ manage: token }) })),
  );
}

export async function kinds(shared, report) {
  const world = await shared.another('kinds', { coaches: COACHES + 1, appointments: 20_000, busy: 0 });
  offer(world);
  addHours(world);
  const links = await linkRequests(world);
  world.settle();
  const daemon = await world.serve();
  await warm(world, daemon);
  const listing = (coach) =>
    writeRequests(`listing_${coach}`, computedRequests(world, [coach], upcoming(), 20_000));
  const files = { plain: listing('plain'), own: listing('own') };
  const names = {
    plain: 'create',
    series: `a series of ${OCCURRENCES}`,
    seat: `a seat of ${SEATS}`,
    any: `any of ${CHOICE} coaches`,
    link: 'a manage link opened',
    listed: 'listing',
    own: 'listing, own hours, three calendars',
  };
  const samples = await interleave({
    [names.plain]: sendOnce(daemon, 'plain', () => distinct(world, (SECONDS + 1) * PER_SECOND.plain)),
    [names.series]: further(world, daemon, 'series'),
    [names.seat]: further(world, daemon, 'seat'),
    [names.any]: further(world, daemon, 'any'),
    [names.link]: () => load(daemon, links),
    [names.listed]: () => load(daemon, files.plain),
    [names.own]: () => load(daemon, files.own),
  });
  report.table(`kinds, ${CLIENTS} connections`, samples);
  for (const [key, status] of Object.entries({
    plain: 201,
    series: 201,
    seat: 201,
    any: 201,
    link: 200,
    listed: 200,
    own: 200,
  }))
    mustAnswer(report, names[key], samples[names[key]], status);
  const against = (key, other = 'plain', times = 1) =>
    ratios(samples, names[key], names[other]).map((ratio) => ratio * times);
  report.must(
    `${names.series}, each appointment against create`,
    against('series', 'plain', OCCURRENCES),
    '>=',
    1,
  );
  report.ratio(`${names.seat} against create`, against('seat')); // eight at a time wait for one row
  report.ratio(`${names.any} against create`, against('any')); // what is booked of each is read
  report.must(`${names.link} against create`, against('link'), '>=', 1);
  report.must(`${names.own} against listing`, against('own', 'listed'), '>=', 0.7);
  await daemon.stop();
  world.drop();
}
