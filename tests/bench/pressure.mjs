// Many connections, all at once, and all for one coach.
import { openSchedule } from '../harness/stack.mjs';
import { target, upcoming } from './availability.mjs';
import { PER_SECOND_MAX, createRequest, distinct, mustAnswer, sendOnce, warm } from './booking.mjs';
import { SECONDS, interleave, load, ratios, raw, writeRequests } from './measure.mjs';
import { instant, midnight } from './world.mjs';

const CROWD = 2000;
const BARRIER = { connections: 1000, rounds: 100 };

/** Listings of the coaches in turn, by all callers in turn. */
export const listings = (world, name, coaches) =>
  writeRequests(
    name,
    Array.from({ length: Math.max(coaches.length, world.tokens.length) }, (_, i) =>
      raw('GET', target(upcoming(), coaches[i % coaches.length]), {
        token: world.tokens[i % world.tokens.length],
      }),
    ),
  );

export const allCoaches = (world) => Array.from({ length: world.coaches }, (_, i) => `c${i + 1}`);

/** 2,000 keep-alive connections, each asking again at once. */
async function crowd(world, daemon, report) {
  const file = listings(world, 'one', ['damian']);
  const samples = await interleave({
    '64 connections': () => load(daemon, file),
    [`${CROWD} connections`]: () => load(daemon, file, { connections: CROWD }),
  });
  report.table('availability, connections', samples);
  report.fact(`RssAnon after ${CROWD} connections, MiB`, daemon.memory());
  report.ratio(
    `availability, ${CROWD} connections against 64`,
    ratios(samples, `${CROWD} connections`, '64 connections'),
  );
  mustAnswer(report, `availability, ${CROWD} connections`, samples[`${CROWD} connections`], 200);
}

/** All ask at once, wait for the last reply, and ask again: a loop that forgets somebody stalls here. */
async function barrier(world, daemon, report) {
  const { connections, rounds } = BARRIER;
  const questions = {
    'availability, from memory': listings(world, 'one', ['damian']),
    "a client's list, from the database": writeRequests(
      'lists',
      world.tokens.map((token) => raw('GET', '/booking/user/me?limit=1', { token })),
    ),
  };
  for (const [name, file] of Object.entries(questions)) {
    const sample = await load(daemon, file, { connections, seconds: rounds, mode: 'barrier' });
    mustAnswer(report, `barrier, ${name}`, [sample], 200);
    report.must(
      `${rounds} rounds of ${connections} at once, ${name}: the worst round, ms`,
      sample.worst_round_us / 1000,
      '<=',
      1000,
    );
  }
}

/** A coach with five-minute sessions the year round, or there would not be enough to book. */
function* bookHot(world, count) {
  world.database.run("delete from appointment where coach_id = 'hot'");
  const first = midnight(2).getTime();
  for (let k = 0; k < Math.min(count, 100_000); k++)
    yield createRequest(
      world,
      { coach: 'hot', start: instant(first + k * 300_000) },
      k % world.tokens.length,
      5,
    );
}

/** Everybody wants the same coach, against everybody wants another. */
async function hot(world, daemon, report) {
  const policy = { horizon_days: 365, step_minutes: 5, min_notice_minutes: 60 };
  const schedule = openSchedule(policy);
  schedule.session_types[0].durations = [5];
  world.addCoaches("select 'hot'", schedule);
  const many = `of ${world.coaches} coaches`;
  const one = 'of one coach';
  const files = { [many]: listings(world, 'many', allCoaches(world)), [one]: listings(world, 'one', ['c1']) };
  const listed = await interleave({
    [many]: () => load(daemon, files[many]),
    [one]: () => load(daemon, files[one]),
  });
  report.table('availability, coaches', listed);
  report.ratio('availability of one coach against many', ratios(listed, one, many));
  const booked = await interleave({
    [many]: sendOnce(daemon, 'create', () => distinct(world, SECONDS * PER_SECOND_MAX)),
    [one]: sendOnce(daemon, 'create', () => bookHot(world, SECONDS * PER_SECOND_MAX)),
  });
  report.table('create, coaches', booked);
  for (const list of Object.values(booked)) mustAnswer(report, 'create, one coach or many', list, 201);
  report.ratio('create for one coach against many', ratios(booked, one, many));
}

export async function pressure(world, report) {
  const daemon = await world.serve();
  await warm(world, daemon);
  await crowd(world, daemon, report);
  await barrier(world, daemon, report);
  await hot(world, daemon, report);
  await daemon.stop();
}
