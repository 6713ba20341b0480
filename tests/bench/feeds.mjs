// A thousand coaches with a feed of 500 events each: read within their staleness by one daemon, beside its other work.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { sleep } from '../harness/child.mjs';
import { Client } from '../harness/http.mjs';
import { mintHS256 } from '../harness/tokens.mjs';
import { computedRequests, upcoming } from './availability.mjs';
import { interleave, load, ratios, writeRequests } from './measure.mjs';
import { DAY, midnight } from './world.mjs';

const COACHES = 1000;
const EVENTS = 500; // of each feed, from a month ago on
const STALE_SECONDS = 3600; // after which a coach is not offered (calendar/sources.h)
const EVERY_SECONDS = 900; // between two readings of a feed that does not say otherwise
const AT_ONCE = 4; // additions

const stamp = (ms) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');

/** A calendar of 500 events: two in a hundred repeat, as in a calendar that people keep. */
function feed() {
  const first = midnight(-30).getTime();
  const lines = ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Bench//EN'];
  for (let n = 0; n < EVENTS; n++) {
    const start = first + n * 0.24 * DAY;
    lines.push(
      ...['BEGIN:VEVENT', `UID:${n}@bench.example.org`, 'DTSTAMP:20260101T000000Z', `SUMMARY:Something ${n}`],
      ...[`DTSTART:${stamp(start)}`, `DTEND:${stamp(start + 1_800_000)}`, 'STATUS:CONFIRMED'],
      ...(n % 50 === 0 ? ['RRULE:FREQ=WEEKLY;COUNT=20'] : []),
      ...['DESCRIPTION:About as much text as an invitation has that was written by hand.', 'END:VEVENT'],
    );
  }
  return [...lines, 'END:VCALENDAR', ''].join('\r\n');
}

/** A server of feeds that change: an ETag of their own each time, or the same one. */
async function startFeeds() {
  const text = Buffer.from(feed());
  const server = http.createServer((request, response) => {
    feeds.asked++;
    const etag = feeds.changes ? `"${feeds.asked}"` : '"same"';
    if (request.headers['if-none-match'] === etag) return response.writeHead(304).end();
    return response.writeHead(200, { 'content-type': 'text/calendar', etag }).end(text);
  });
  const feeds = { asked: 0, changes: true, stop: () => server.closeAllConnections() ?? server.close() };
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  feeds.url = `http://127.0.0.1:${server.address().port}/feed.ics`;
  return feeds;
}

async function addSources(world, daemon, feeds) {
  const token = mintHS256(world.secret, { sub: 'bench', role: 'admin' });
  const admin = new Client(`http://127.0.0.1:${daemon.port}`, { token });
  let next = 0;
  const add = async () => {
    while (next < COACHES) {
      const coach = next === 0 ? 'damian' : `c${next}`;
      next++;
      const reply = await admin.post(`/coach/${coach}/calendars`, { kind: 'ical', url: feeds.url });
      if (reply.status !== 201) throw new Error(`${coach}: ${reply.status} ${reply.text}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, add));
  admin.close();
}

/** Has all be due and waits until all were read: what that took of the daemon and of the clock. */
async function round(world, daemon) {
  world.database.run(
    "update busy_source set due_at = now(), last_success_at = now() - interval '10 minutes'",
  );
  const before = daemon.cpu();
  const began = performance.now();
  let memory = 0;
  for (;;) {
    await sleep(1000); // the look itself holds the feeds' server up
    memory = Math.max(memory, daemon.memory());
    const left = world.database.value(
      "select count(*)::int from busy_source where last_success_at < now() - interval '9 minutes' or state <> 'ok'",
    );
    const seconds = (performance.now() - began) / 1000;
    if (left === 0) return { cpu: daemon.cpu() - before, seconds, memory };
    if (seconds > STALE_SECONDS) throw new Error(`${left} feeds were not read in ${STALE_SECONDS} s`);
  }
}

export async function feeds(world, report) {
  const server = await startFeeds();
  const env = {
    TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    CALENDAR_ALLOW_PRIVATE: '1',
    RATE_LIMIT_OTHER: '0',
  };
  const other = await world.another('fed', { appointments: 20_000 });
  try {
    const daemon = await other.serve(env);
    await addSources(other, daemon, server);
    const changed = await round(other, daemon);
    server.changes = false;
    await round(other, daemon);
    const same = await round(other, daemon);
    const share = (one) => one.cpu / EVERY_SECONDS;
    report.fact(
      `feeds: ${COACHES} of ${EVENTS} events, unchanged (304): seconds until all were read`,
      same.seconds,
    );
    report.fact('feeds: processor ms for one that changed', (changed.cpu * 1000) / COACHES);
    report.must('feeds that always change: share of one core', [share(changed)], '<=', 0.05);
    report.must('feeds that stay: share of one core', [share(same)], '<=', 0.05);
    report.must(
      `feeds: seconds until all were read, changed`,
      [changed.seconds],
      '<=',
      STALE_SECONDS - EVERY_SECONDS,
    );
    report.must('feeds: RssAnon MiB at most', [changed.memory], '<=', 64);

    // Listing while feeds are read at their pace, against the same daemon while none is due.
    server.changes = true;
    const coaches = Array.from({ length: 50 }, (_, i) => `c${i + 1}`);
    const file = writeRequests('feeds', computedRequests(other, coaches, upcoming()));
    const names = { read: 'availability, feeds read meanwhile', rest: 'availability, none due' };
    const listing = (due) => () => {
      other.database.run(`update busy_source set due_at = now() + ${due}`);
      return load(daemon, file);
    };
    const samples = await interleave({
      [names.read]: listing(`random() * interval '${EVERY_SECONDS} s'`),
      [names.rest]: listing("interval '1 hour'"),
    });
    report.table('feeds', samples);
    report.must('availability while feeds are read', ratios(samples, names.read, names.rest), '>=', 0.95);
    await daemon.stop();
    other.drop();
  } finally {
    server.stop();
  }
}
