// The key that coaches' tokens rest under: wrong, missing, rotated.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { assertStatus } from '../harness/expect.mjs';
import { openSchedule, runBookingd, startStack, until } from '../harness/stack.mjs';

let stack;
let former;
const newKey = () => randomBytes(32).toString('base64');
const sealed = () => stack.database.value('SELECT sealed_token FROM bookingd.google_grant');
const run = (command, key) =>
  runBookingd([command], { env: { ...stack.env, PORT: '0', TOKEN_ENCRYPTION_KEY: key } });

/** The coach consents, as a browser would go. */
async function connect() {
  const { body, headers } = await stack.coach().post('/coach/damian/google/connect', {});
  const cookie = headers['set-cookie'][0].split(';')[0];
  let place = `${body.url}&stand_in_user=coach@gmail.com`;
  for (let hops = 0; hops < 3; hops++) {
    const reply = await fetch(place, { redirect: 'manual', headers: { cookie } });
    place = new URL(reply.headers.get('location'), place).href;
    if (place.includes('google=')) return place;
  }
  return place;
}

before(async () => {
  stack = await startStack({ google: 'oauth' });
  former = stack.env.TOKEN_ENCRYPTION_KEY;
  assert.match(await connect(), /google=connected$/);
});
after(() => stack.stop());

test('with a wrong key, or none, it does not start, says so in one line and changes nothing', async () => {
  await stack.daemon.stop();
  const before = sealed();
  const wrong = run('serve', newKey());
  assert.equal(wrong.code, 1);
  const told = wrong.stderr.split('\n').filter((line) => line.includes('TOKEN_ENCRYPTION_KEY'));
  assert.equal(told.length, 1, wrong.stderr);
  assert.match(told[0], /coach damian/);
  const missing = runBookingd(['serve'], {
    env: {
      ...stack.env,
      PORT: '0',
      TOKEN_ENCRYPTION_KEY: '',
      GOOGLE_OAUTH_CLIENT_ID: '',
      GOOGLE_OAUTH_CLIENT_SECRET: '',
    },
  });
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /TOKEN_ENCRYPTION_KEY is missing/);
  assert.equal(run('rekey', newKey()).code, 1);
  assert.equal(sealed(), before);
});

test('a new key in front of the former one, then rekey, and the former can go', async () => {
  const key = newKey();
  const before = sealed();
  await stack.daemon.restart({ env: { TOKEN_ENCRYPTION_KEY: `${key},${former}` } });
  const { code, stdout } = run('rekey', `${key},${former}`);
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^bookingd: 1 secret sealed again; all use the key [0-9a-f]{16} now, the others can be removed\n$/,
  );
  assert.notEqual(sealed(), before);
  assert.match(run('rekey', key).stdout, /^bookingd: 0 secrets sealed again/);
  await stack.daemon.stop();
  await stack.daemon.restart({ env: { TOKEN_ENCRYPTION_KEY: key } });
  const made = await stack
    .client('ann')
    .post('/booking/create', { start: stack.slot(9), duration_minutes: 30 });
  assert.deepEqual([made.status, made.body.calendar?.state], [201, 'synced']);
  assert.equal(run('serve', former).code, 1);
});

test('rekey without a key says which setting it wants', () => {
  const { code, stderr } = runBookingd(['rekey'], { env: { DATABASE_URL: stack.database.url } });
  assert.equal(code, 2);
  assert.match(stderr, /^TOKEN_ENCRYPTION_KEY: must be set/);
});

test('answers and notes go from the database’s own key to the operator’s, and from one of these to the next', async () => {
  const questions = [{ id: 'goal', label: 'Your goal?', kind: 'text', required: false, before: 'book' }];
  const document = openSchedule();
  document.session_types = document.session_types.map((type) => ({ ...type, questions }));
  const own = await startStack({ document });
  const [first, second] = [newKey(), newKey()];
  const rekey = (keys) =>
    runBookingd(['rekey'], { env: { ...own.env, PORT: '0', TOKEN_ENCRYPTION_KEY: keys } });
  const rest = () => own.database.rows('SELECT answers, coach_notes FROM appointment_private')[0];
  const [ann, coach] = [own.client('ann'), own.coach()];
  const made = assertStatus(
    await ann.post('/booking/create', { start: own.slot(1), answers: { goal: 'planted-goal' } }),
    201,
  );
  assertStatus(await coach.put(`/booking/${made.id}/coach-notes`, { coach_notes: 'planted-note' }), 200);
  const read = async (keys) => {
    await own.daemon.stop();
    await own.startDaemon({ TOKEN_ENCRYPTION_KEY: keys });
    const { answers, coach_notes } = assertStatus(await coach.get(`/booking/${made.id}`), 200);
    return [answers?.goal, coach_notes];
  };
  const plain = ['planted-goal', 'planted-note'];
  let former = rest();
  assert.deepEqual(await read(first), plain, 'the database’s own key still opens');
  for (const keys of [first, `${second},${first}`]) {
    assert.deepEqual(await read(keys), plain);
    const { code, stdout, stderr } = rekey(keys);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /answers and notes of 1 appointment sealed again/);
    for (const column of ['answers', 'coach_notes']) assert.notEqual(rest()[column], former[column]);
    former = rest();
  }
  assert.deepEqual(await read(second), plain);
  // Without the key they are not shown, and nothing else fails, nor is anything lost by another rekey.
  assert.deepEqual(await read(first), [undefined, undefined]);
  const told = () => own.daemon.events('private_part_unreadable').length;
  await until('its lines', () => told() >= 2);
  assert.equal(told(), 2);
  assert.equal(rekey(first).code, 0);
  assert.deepEqual(rest(), former);
  assert.deepEqual(await read(second), plain);
  assert.ok(!own.database.dump().includes('planted'));
  await own.stop();
});
