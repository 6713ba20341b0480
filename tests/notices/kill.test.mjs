// The daemon is killed every 200 ms while the mail server fails at every verb in turn: no confirmation is lost, no reminder
// comes twice, and what comes twice has one Message-ID. A mail may come once more for two reasons, which are counted apart:
// the server took it and never said so, which is one of the faults here; or we were killed between its yes and our note, and
// since one mail is on its way at a time that is no more than the kills.
//
// NOTICES=10000 for the whole of it; the test takes as long as the mails do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sleep, startStack, until } from '../harness/stack.mjs';
import { noStrangeNetwork, PUBLIC, StrangeNetwork } from '../harness/strange_network.mjs';

const NOTICES = Number(process.env.NOTICES ?? 300);

const FAULTS = [
  { fault: 'CONNECT', do: 'cut' },
  { fault: 'EHLO', do: 'cut' },
  { fault: 'AUTH', reply: '454 4.7.0 later' },
  { fault: 'MAIL', reply: '451 4.3.0 later' },
  { fault: 'RCPT', reply: '452 4.2.2 later' },
  { fault: 'DATA', do: 'cut' },
  { fault: 'DOT', reply: '451 4.3.0 later' },
  { fault: 'DOT', do: 'cut', take: true },
];
const NAME = 'mail.example';

let stack, mail;
before(async () => {
  const options = { auth: true };
  const env = { LOG_LEVEL: 'warning', MAIL_USER: 'ann', MAIL_PASSWORD: 'secret-of-ann' };
  const network = !noStrangeNetwork && new StrangeNetwork({ [NAME]: [PUBLIC] });
  if (network) {
    FAULTS.push({ fault: 'STARTTLS', reply: '454 4.7.0 later' });
    Object.assign(options, { certificate: network.certificate, key: network.key });
    Object.assign(env, network.env, { MAIL_TLS: 'require' });
  }
  stack = await startStack({ mail: options, env, start: false });
  mail = stack.mail;
  await stack.startDaemon(network ? { MAIL_URL: `smtp://${NAME}:${mail.port}/client.test` } : {});
});
after(() => stack?.stop());

/** Half of the appointments were booked a moment ago, half start in an hour; without in-app rows or coaches' mails. */
function appointments(count) {
  stack.database.run(`
    update bookingd.coach set email = null,
      schedule = schedule || '{"notices": {"reminders": [{"before_minutes": 60, "to": ["client"]}]}}';
    insert into bookingd.coach (id, schedule, feed_token)
      select 'c' || n, schedule, feed_token from bookingd.coach, generate_series(1, ${count}) n where id = 'damian'`);
  stack.database.run(`
    insert into bookingd.appointment (id, coach_id, user_id, session_type, status, starts_at, ends_at, blocked_from, blocked_to,
      name, email, meeting_kind, cancel_notice_minutes, reschedule_notice_minutes, created_at, noticed_version, noticed_start, noticed_at)
    select gen_random_uuid(), 'c' || n, 'u' || n, 'coaching', 'scheduled', s, s + interval '30 min', s, s + interval '30 min',
      'N', 'u' || n || '@client.test', 'none', 60, 60, now() - interval '2 days',
      case when n % 2 = 0 then 0 else 1 end, case when n % 2 = 1 then s end, case when n % 2 = 1 then now() - interval '2 days' end
    from generate_series(1, ${count}) n,
      lateral (select date_trunc('second', now()) + case when n % 2 = 0 then interval '3 days' else interval '50 minutes' end as s) t`);
}

test(`killed every 200 ms over ${NOTICES} notices, with a mail server that fails at every verb in turn`, async () => {
  // A fault, then some messages that go through.
  await mail.cycle(FAULTS.flatMap((fault) => [fault, {}, {}, {}, {}]));
  appointments(NOTICES);
  let kills = 0;
  // Waits and leases are over sooner than by the clock; nothing else is touched.
  const hurry = () =>
    stack.database.run(
      `update bookingd.notice set due_at = now() where channel = 'email' and state in ('retry', 'sending') and due_at > now()`,
    );
  const left = () =>
    stack.database.value(`select (select count(*) from bookingd.appointment where version > noticed_version)
      + ${Math.ceil(NOTICES / 2)} - least(${Math.ceil(NOTICES / 2)}, (select count(*) from bookingd.notice where kind = 'reminder' and channel = 'email'))
      + (select count(*) from bookingd.notice where channel = 'email' and state in ('owed', 'retry', 'sending'))`);
  await until(
    'every notice to have its end',
    async () => {
      await sleep(200); // the interval that the promise names
      await stack.daemon.kill();
      kills++;
      hurry();
      await stack.daemon.restart();
      return left() === 0;
    },
    60_000 + NOTICES * 1000,
  );

  await mail.heal(); // whose answer comes after all that it took
  const copies = new Map(); // by whom it went to: to everybody one thing is owed
  for (const { to, raw, told } of mail.mails) {
    const id = /^message-id: *<(.*)@/im.exec(raw.toString())[1];
    copies.set(to[0], [...(copies.get(to[0]) ?? []), { id, told }]);
  }
  const about = (kind) => [...copies.values()].filter(([{ id }]) => id.split('.').includes(kind));
  // The last copy of a mail is the one that the ledger has; whatever came before it was not known to have arrived.
  const again = [...copies.values()].flatMap((those) => those.slice(0, -1));
  const untold = again.filter(({ told }) => !told).length;
  const states = stack.database.rows(
    `select kind, state, count(*)::int as n from bookingd.notice where channel = 'email' group by 1, 2`,
  );
  console.log(
    JSON.stringify({
      notices: NOTICES,
      kills,
      mails: mail.mails.length,
      again: { by_kills: again.length - untold, untold },
      failures: mail.failures,
      states,
    }),
  );
  assert.deepEqual(
    FAULTS.filter(({ fault }) => !mail.failures[fault]),
    [],
    'it failed at every verb',
  );
  assert.equal(about('confirmed').length, Math.floor(NOTICES / 2), 'no confirmation is lost');
  assert.deepEqual(
    about('reminder').filter((those) => those.length > 1),
    [],
    'no reminder comes twice',
  );
  assert.deepEqual(
    [...copies.values()].filter((those) => new Set(those.map(({ id }) => id)).size > 1),
    [],
    'what comes once more has the same Message-ID',
  );
  assert.ok(again.length - untold <= kills, `${again.length - untold} came once more, by ${kills} kills`);
});
