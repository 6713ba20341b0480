// make bench-peers: bookingd beside what somebody would write instead, on the same machine, database and requests.
//
// Availability and create in interleaved rounds, then 64 clients after each of many slots: how often a time was sold
// twice. BENCH_ROUNDS and BENCH_SECONDS as for bench.mjs. Results: peers.json and peers.svg in build/bench.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { until } from '../../harness/child.mjs';
import { ROOT, freePort } from '../../harness/run_folder.mjs';
import { Client } from '../../harness/http.mjs';
import { Database } from '../../harness/postgres.mjs';
import { computedRequests, upcoming } from '../availability.mjs';
import { PER_SECOND_MAX, createRequest, distinct, mustAnswer, sendOnce, warm } from '../booking.mjs';
import {
  Program,
  SECONDS,
  about,
  cores,
  cpuOf,
  interleave,
  load,
  median,
  prepareFolder,
  ratios,
  writeRequests,
} from '../measure.mjs';
import { CLIENTS } from '../pgbench.mjs';
import { allCoaches } from '../pressure.mjs';
import { Report, short } from '../report.mjs';
import { World } from '../world.mjs';

const HERE = path.join(ROOT, 'tests/bench/peers');
const RACES = 200; // slots that 64 clients want at once
const EACH_SECONDS = 2 * SECONDS; // a peer under load may take a second for one answer
const PEER_CREATES = 4000; // a second; no peer comes near

const PEERS = {
  'Fastify + pg': { command: process.execPath, args: () => [path.join(HERE, 'fastify.mjs')] },
  'FastAPI + psycopg2': {
    command: '/usr/bin/python3',
    args: (port) => [
      ...['-m', 'uvicorn', 'fastapi_page:app', '--app-dir', HERE],
      ...['--port', String(port), '--workers', String(cores())],
    ],
  },
};

/** Processes below `pid`, and itself. */
function tree(pid) {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/);
  return [pid, ...children.filter(Boolean).flatMap((child) => tree(Number(child)))];
}

/** A server of several processes, that ends with them. */
class PeerProgram extends Program {
  cpu() {
    return tree(this.pid).reduce((sum, pid) => sum + cpuOf(pid), 0);
  }
  memory() {
    const own = (pid) => Number(/^RssAnon:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
    return tree(this.pid).reduce((sum, pid) => sum + own(pid), 0) / 1024;
  }
}

/** A database with the peers' tables and the appointments that bookingd has. */
function peerDatabase(world) {
  world.server.run('CREATE DATABASE peers');
  const database = new Database(world.postgres.socketUrl('peers'));
  database.run(`set search_path = public;\n${fs.readFileSync(path.join(HERE, 'schema.sql'), 'utf8')}`);
  const copied = {
    'coach (id)': 'select id from coach',
    'appointment (coach_id, user_id, email, status, starts_at, ends_at)':
      'select coach_id, user_id, email, status, starts_at, ends_at from appointment',
  };
  for (const [into, rows] of Object.entries(copied)) {
    const from = `psql -X -q -d "$FROM" -c "set search_path = bookingd" -c "copy (${rows}) to stdout"`;
    execFileSync('sh', ['-c', `${from} | psql -X -q -d "$TO" -c "copy public.${into} from stdin"`], {
      env: { ...process.env, FROM: world.database.url, TO: database.url },
    });
  }
  database.run('vacuum analyze');
  return database;
}

async function startPeer(world, database, name) {
  const port = await freePort();
  const { command, args } = PEERS[name];
  const env = {
    PATH: process.env.PATH,
    PORT: String(port),
    DATABASE_URL: database.url,
    SECRET: world.secret,
  };
  const peer = new PeerProgram(command, args(port), { name: `peer_${name.split(' ')[0]}`, env });
  peer.port = port;
  const client = new Client(`http://127.0.0.1:${port}`, { token: world.tokens[0] });
  await until(`${name} to answer, see ${peer.log}`, async () => {
    return (await client.get('/healthz').catch(() => ({}))).status === 200;
  });
  client.close();
  return peer;
}

/** RACES slots, each wanted by 64 clients at once: how many were sold more than once, by what the database says. */
async function race(world, server, database) {
  const first = world.take(RACES);
  const requests = Array.from({ length: RACES * CLIENTS }, (_, k) =>
    createRequest(world, world.slot(first + Math.floor(k / CLIENTS)), (k * 7) % world.tokens.length),
  );
  const file = writeRequests('race', requests);
  const { statuses } = await load(server, file, { connections: CLIENTS, seconds: RACES, mode: 'barrier' });
  const sold = Array.from({ length: RACES }, (_, k) => world.slot(first + k));
  const twice = database.value(`
    select count(*) as n from (
      select 1 from appointment
      where status = 'scheduled' and (coach_id, starts_at) in (
        values ${sold.map(({ coach, start }) => `('${coach}', '${start}'::timestamptz)`).join()})
      group by coach_id, starts_at having count(*) > 1) sold_twice`);
  return { statuses, twice };
}

/** The table of the README. */
function printTable(rows) {
  const head = [
    '',
    'availability/s',
    'p99 ms',
    'create/s',
    'p99 ms',
    'CPU of a create µs',
    'memory MiB',
    'sold twice',
  ];
  for (const cells of [head, head.map((_, i) => (i ? '---:' : '---')), ...rows])
    console.log(`| ${cells.map((cell) => (typeof cell === 'number' ? short(cell) : cell)).join(' | ')} |`);
}

async function peers(world, report) {
  const others = peerDatabase(world);
  const servers = { bookingd: await world.serve() };
  for (const name of Object.keys(PEERS)) servers[name] = await startPeer(world, others, name);
  const names = Object.keys(servers);
  for (const name of names) await warm(world, servers[name]);

  const listings = writeRequests('listings', computedRequests(world, allCoaches(world), upcoming()));
  const variants = {};
  for (const name of names) {
    const count = (EACH_SECONDS + 1) * (name === 'bookingd' ? PER_SECOND_MAX : PEER_CREATES);
    variants[`availability, ${name}`] = () => load(servers[name], listings, { seconds: EACH_SECONDS });
    variants[`create, ${name}`] = sendOnce(servers[name], 'create', () => distinct(world, count), {
      seconds: EACH_SECONDS,
    });
  }
  const samples = await interleave(variants);
  const of = (work) => Object.fromEntries(names.map((name) => [name, samples[`${work}, ${name}`]]));
  for (const [work, status] of [
    ['availability', 200],
    ['create', 201],
  ]) {
    report.table(work, of(work));
    for (const name of names) mustAnswer(report, `${work}, ${name}`, of(work)[name], status);
    for (const name of names.slice(1))
      report.ratio(`${work}: bookingd against ${name}`, ratios(of(work), 'bookingd', name));
  }

  const rows = [];
  for (const name of names) {
    const { statuses, twice } = await race(
      world,
      servers[name],
      name === 'bookingd' ? world.database : others,
    );
    report.fact(
      `${name}: statuses of ${CLIENTS} clients for each of ${RACES} slots`,
      JSON.stringify(statuses),
    );
    report.fact(`${name}: slots sold more than once`, twice);
    const middle = (work, value) => median(of(work)[name].map(value));
    const cells = ['availability', 'create'].flatMap((work) => [
      middle(work, ({ rate }) => rate),
      middle(work, ({ served }) => served.p99_us / 1000),
    ]);
    const cpu_us = middle('create', (sample) => sample.cpu_us);
    rows.push([name, ...cells, cpu_us, servers[name].memory(), `${twice} of ${RACES}`]);
  }
  printTable(rows);
  for (const server of Object.values(servers)) await server.stop();
}

prepareFolder();
const report = new Report(about());
const world = await World.make();
try {
  await peers(world, report).catch((error) => report.failure('peers', error.stack));
} finally {
  await Program.stopAll();
  await world.stop();
}
process.exit(report.end('peers') ? 0 : 1);
