// Bookings with the calendar on: the stand-in in a process of its own, answering at once or after 300 ms.
import fs from 'node:fs';
import { sleep, until } from '../harness/child.mjs';
import { Google } from '../harness/google.mjs';
import { CALENDAR } from '../harness/stack.mjs';
import { target, upcoming } from './availability.mjs';
import { PER_SECOND_MAX, createRequest, distinct, mustAnswer, sendOnce } from './booking.mjs';
import { SECONDS, cores, cpuOf, idle, interleave, load, median, raw, writeRequests } from './measure.mjs';

const WORKERS = 16; // of the lane for calls that may wait for Google
const CALLS = ['freebusy.query', 'events.insert']; // what a create waits for
const LATENCY_MS = 300;
const LISTED = 50; // coaches that are listed and booked at once

/** Every coach has a calendar of their own; damian's is the primary one. */
async function addCalendars(world, google) {
  const calendar = (coach) => `${coach}@group.calendar.google.com`;
  for (let n = 1; n <= world.coaches; n++)
    await google.order('POST', 'calendars', {
      id: calendar(`c${n}`),
      owner: CALENDAR.delegated,
      time_zone: 'UTC',
    });
  // What was booked without a calendar would be owed to this one.
  world.database.run(`update appointment set calendar_id = 'elsewhere', synced_version = version
      where status = 'scheduled' and calendar_id is null;
    insert into coach_calendar (coach_id, calendar_id, writes)
    select 'c' || n, '${calendar("' || 'c' || n || '")}', true from generate_series(1, ${world.coaches}) n`);
}

/** A daemon with the calendar on that has made itself known to every calendar. */
async function serveWithGoogle(world, google) {
  const daemon = await world.serve({
    COACH_ID: 'damian',
    CALENDAR_WORKERS: String(WORKERS),
    GOOGLE_CALENDAR_API: google.calendar_api,
    GOOGLE_OAUTH_TOKEN_URL: google.token_url,
    GOOGLE_SERVICE_ACCOUNT_KEY: google.service_account_key,
    GOOGLE_IMPERSONATE: CALENDAR.delegated,
  });
  const ready = () => fs.readFileSync(daemon.log, 'utf8').split('"calendar_ready"').length - 1;
  await until('all calendars', () => ready() > world.coaches, 120_000);
  return daemon;
}

const setLatency = async (google, ms) => {
  await google.heal();
  if (ms > 0) await google.fault('latency', { ms });
};

/** A create at 0 ms: what it costs, and whether the stand-in or we are the limit. */
async function atOnce(world, daemon, google, report) {
  const send = sendOnce(daemon, 'create', () => distinct(world, SECONDS * PER_SECOND_MAX));
  const shares = [];
  const samples = await interleave({
    '64 connections': {
      prepare: send.prepare,
      measure: async (file) => {
        const before = cpuOf(google.child.pid);
        const sample = await send.measure(file);
        shares.push((cpuOf(google.child.pid) - before) / sample.seconds);
        return sample;
      },
    },
    [`${WORKERS} connections`]: sendOnce(daemon, 'create', () => distinct(world, SECONDS * PER_SECOND_MAX), {
      connections: WORKERS,
    }),
  });
  report.table('create, Google at 0 ms', samples);
  for (const [name, list] of Object.entries(samples)) mustAnswer(report, name, list, 201);
  const share = median(shares);
  const rate = median(samples['64 connections'].map(({ rate }) => rate));
  report.fact("Google at 0 ms: the stand-in's share of one core", share);
  report.fact(
    'Google at 0 ms: creates a second that the stand-in, of one thread, could answer',
    rate / share,
  );
  return median(samples[`${WORKERS} connections`].map(({ served }) => served.p50_us)) / 1e6;
}

/** `ownSeconds`: what a create takes besides waiting for Google. */
async function atDistance(world, daemon, google, report, ownSeconds) {
  const turns = Math.max(4, Math.ceil(SECONDS / ((CALLS.length * LATENCY_MS) / 1000)));
  const count = WORKERS * turns; // whole turns of all workers: no rounding
  const calls = async () => (await Promise.all(CALLS.map((name) => google.calls(name)))).flat().length;
  const before = await calls();
  const samples = await interleave({
    [`${2 * WORKERS} connections, ${WORKERS} workers`]: sendOnce(
      daemon,
      'create',
      () => distinct(world, count),
      {
        connections: 2 * WORKERS,
        seconds: 60,
      },
    ),
  });
  report.table(`create, Google at ${LATENCY_MS} ms`, samples);
  const [list] = Object.values(samples);
  mustAnswer(report, 'create', list, 201);
  report.fact('calls to Google that a create waits for', ((await calls()) - before) / (count * list.length));
  const formula = WORKERS / ((CALLS.length * LATENCY_MS) / 1000 + ownSeconds);
  report.fact(
    `Google at ${LATENCY_MS} ms: creates a second by the formula`,
    `${WORKERS} workers / (${CALLS.length} calls x ${LATENCY_MS / 1000} s + ${(ownSeconds * 1000).toFixed(1)} ms of its own) = ${formula.toFixed(2)}`,
  );
  report.must(
    `create with Google at ${LATENCY_MS} ms, against the formula`,
    list.map(({ rate }) => rate / formula),
    '>=',
    0.95,
  );
}

/** Requests that book some coaches only, those that are listed meanwhile. */
function* bookListed(world, count) {
  const rows = Math.ceil(count / LISTED);
  const first = world.take(rows * world.coaches);
  for (let row = 0; row < rows; row++)
    for (let n = 0; n < LISTED; n++)
      yield createRequest(world, world.slot(first + row * world.coaches + n), n % world.tokens.length);
}

/**
 * Availability while bookings wait for Google, between two halves alone: what the machine does by itself meanwhile
 * is in both. Resolves to { alone: [sample, sample], beside: sample } with the bookings' rate and the share of the
 * machine that the stand-in took.
 */
async function sandwich(world, daemon, google, report, file) {
  const seconds = SECONDS * 2;
  const lead = 1; // seconds until as many bookings wait as will
  const creates = writeRequests('stream', bookListed(world, (seconds + lead) * 100));
  const alone = async () => {
    await load(daemon, file, { mode: 'once', seconds: 10 }); // the first to ask for a coach waits for Google
    await idle();
    return load(daemon, file, { seconds: seconds / 2 });
  };
  const before = await alone();
  const stream = load(daemon, creates, {
    connections: 2 * WORKERS,
    mode: 'once',
    seconds: seconds + lead,
  });
  await sleep(lead * 1000);
  const used = cpuOf(google.child.pid);
  const beside = await load(daemon, file, { seconds });
  beside.stand_in = (cpuOf(google.child.pid) - used) / beside.seconds / cores();
  const { rate, statuses } = await stream;
  beside.creates = rate;
  if (Object.keys(statuses).join() !== '201')
    report.failure('create beside availability', JSON.stringify(statuses));
  await sleep(2 * CALLS.length * LATENCY_MS); // the last ones come to their end
  fs.rmSync(creates);
  return { alone: [before, await alone()], beside };
}

/** For each round, what `beside` reached of what was reached alone. */
const keeps = (rounds) =>
  rounds.map(({ alone, beside }) => beside.rate / ((alone[0].rate + alone[1].rate) / 2));

/** Availability of a coach that nobody books, and of coaches that are booked meanwhile. */
async function beside(world, daemon, google, report) {
  const listings = (name, coach) =>
    writeRequests(
      name,
      world.tokens.map((token, i) => raw('GET', target(upcoming(), coach(i)), { token })),
    );
  const files = {
    'a coach': listings('one', () => 'damian'),
    [`${LISTED} coaches`]: listings('booked', (i) => `c${1 + (i % LISTED)}`),
  };
  const samples = await interleave(
    Object.fromEntries(
      Object.entries(files).map(([who, file]) => [who, () => sandwich(world, daemon, google, report, file)]),
    ),
  );
  const [one, booked] = Object.values(samples);
  const named = Object.fromEntries(
    Object.entries(samples).flatMap(([who, rounds]) => [
      [`${who}, alone`, rounds.flatMap(({ alone }) => alone)],
      [`${who}, beside bookings`, rounds.map((round) => round.beside)],
    ]),
  );
  report.table(`availability, Google at ${LATENCY_MS} ms`, named);
  for (const [name, list] of Object.entries(named)) {
    mustAnswer(report, name, list, 200);
    report.fact(`${name}: longest wait, ms`, Math.max(...list.map(({ served }) => served.max_us)) / 1000);
  }
  report.fact('bookings a second meanwhile', median(one.map((round) => round.beside.creates)));
  report.fact("the stand-in's share of the machine", median(one.map((round) => round.beside.stand_in)));
  report.ratio('availability beside bookings against alone, the stand-in on the same machine', keeps(one));
  report.must(
    `availability with Google at ${LATENCY_MS} ms, beside bookings against alone, less the stand-in's share`,
    keeps(one).map((ratio, round) => ratio / (1 - one[round].beside.stand_in)),
    '>=',
    0.95,
  );
  report.ratio('availability of coaches beside their own bookings, against alone', keeps(booked));
}

export async function google(world, report) {
  const standIn = await Google.start();
  await addCalendars(world, standIn);
  const daemon = await serveWithGoogle(world, standIn);
  const ownSeconds = await atOnce(world, daemon, standIn, report);
  await setLatency(standIn, LATENCY_MS);
  await atDistance(world, daemon, standIn, report, ownSeconds);
  await beside(world, daemon, standIn, report);
  await setLatency(standIn, 0);
  const owed = () =>
    world.database.value(
      `select count(*) as n from appointment where calendar_id is not null and version > synced_version`,
    );
  await until('all events', () => owed() === 0, 30_000);
  await daemon.stop();
  await standIn.stop();
}
