// Create with what a practice switches on, against the same booking without it: mail and webhooks, credits.
import http from 'node:http';
import net from 'node:net';
import { MailServer } from '../harness/mail.mjs';
import { openSchedule } from '../harness/stack.mjs';
import { PER_SECOND_MAX, createRequest, mustAnswer, sendOnce } from './booking.mjs';
import { CLIENTS } from './pgbench.mjs';
import { SECONDS, interleave, load, median, ratios, writeRequests } from './measure.mjs';
import { SCHEDULE, quote } from './world.mjs';

const CREDITS = 1000; // that each client has; more than are ever spent

/** Slots of their own, each booked by the client with the coach's own number. */
function* paired(world, count) {
  const first = world.take(count);
  for (let k = first; k < first + count; k++)
    yield createRequest(world, world.slot(k), 1 + (k % world.coaches));
}

/** A server that answers as `answer(socket or request)` does; { port, stop }. */
async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, stop: () => server.close() };
}

/** Webhooks to a receiver in this process that answers after `wait_ms`. */
async function startReceiver(wait_ms) {
  const receiver = await listen(
    http.createServer((request, response) => {
      request.resume().on('end', () => setTimeout(() => response.writeHead(204).end(), wait_ms).unref());
    }),
  );
  receiver.settings = {
    WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/`,
    WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    WEBHOOK_ALLOW_PRIVATE: '1',
  };
  return receiver;
}

/** Every type costs a credit, and every client has many with the coach of their number. */
function price(world) {
  const schedule = openSchedule(SCHEDULE.policy);
  for (const type of schedule.session_types) type.price = { credits: 1 };
  world.database.run(`
    update coach set schedule = ${quote(JSON.stringify(schedule))}::jsonb;
    select grant_credits('c' || n, 'u' || n, null, ${CREDITS}, null, 'admin', null, null, make_actor('bench', 'admin', 'bench'))
    from generate_series(1, ${world.coaches}) n`);
  world.settle();
}

export async function switchedOn(world, report) {
  const worlds = {
    told: await world.another('told'),
    stuck: await world.another('stuck'),
    priced: await world.another('priced'),
  };
  price(worlds.priced);
  const mail = await MailServer.start();
  const { MAIL_PER_MINUTE: _, ...mailed } = mail.settings; // as many as by default
  const receiver = await startReceiver(0);
  const slow = await startReceiver(30_000);
  const dead = await listen(net.createServer(() => {})); // takes a connection and never says a word
  const daemons = {
    plain: await world.serve(),
    told: await worlds.told.serve({ ...mailed, ...receiver.settings }),
    stuck: await worlds.stuck.serve({
      ...mailed,
      MAIL_URL: `smtp://127.0.0.1:${dead.port}`,
      ...slow.settings,
    }),
    priced: await worlds.priced.serve(),
  };
  const names = {
    plain: 'create',
    told: 'create, mail and webhooks on',
    stuck: 'create, mail server dead, receiver slow',
    priced: 'create, paid by a credit',
  };
  const worldOf = (key) => worlds[key] ?? world;
  for (const key of Object.keys(daemons)) {
    const file = writeRequests('warm', paired(worldOf(key), 1000));
    await load(daemons[key], file, { connections: CLIENTS, mode: 'once' });
  }
  const count = (SECONDS + 1) * PER_SECOND_MAX;
  const samples = await interleave(
    Object.fromEntries(
      Object.keys(daemons).map((key) => [
        names[key],
        sendOnce(daemons[key], key, () => paired(worldOf(key), count)),
      ]),
    ),
  );
  report.table('switched on', samples);
  for (const name of Object.values(names)) mustAnswer(report, name, samples[name], 201);
  report.must(
    'create with mail and webhooks on against off',
    ratios(samples, names.told, names.plain),
    '>=',
    0.87,
  );
  report.must(
    'create with mail and webhooks stuck against off',
    ratios(samples, names.stuck, names.plain),
    '>=',
    0.87,
  );
  report.must(
    'create paid by a credit against free',
    ratios(samples, names.priced, names.plain),
    '>=',
    1 / 1.2,
  );
  for (const key of ['told', 'priced'])
    report.ratio(
      `${names[key]}: daemon CPU against create`,
      ratios(samples, names[key], names.plain, ({ cpu_us }) => cpu_us),
    );
  report.fact('mails that went out meanwhile', mail.mails.length);
  report.fact('create, p99 ms', median(samples[names.plain].map(({ served }) => served.p99_us)) / 1000);
  await Promise.all(Object.values(daemons).map((daemon) => daemon.stop()));
  for (const part of [receiver, slow, dead]) part.stop();
  await mail.stop();
  for (const other of Object.values(worlds)) other.drop();
}
