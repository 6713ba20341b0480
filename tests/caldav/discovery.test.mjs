// From the name that a coach knows, such as mailbox.example, to their calendars: by the domain's own records, which a real name
// server gives (dnsmasq), and with a password that some servers take as Digest only.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import dns from 'node:dns/promises';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { between, PASSWORD, startRadicale, USER } from '../harness/caldav.mjs';
import { Child, until } from '../harness/child.mjs';
import { assertStatus } from '../harness/expect.mjs';
import { freePort } from '../harness/run_folder.mjs';
import { startStack } from '../harness/stack.mjs';
import { noStrangeNetwork, PUBLIC, StrangeNetwork } from '../harness/strange_network.mjs';

const skip = noStrangeNetwork;
const KEY = { TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
let radicale, network, names, relay, stack, coach, port;
const seen = [];
/** What the name server in between does with a question: passes it on, or answers this. */
let answerNames = null;

/** Every request goes on to Radicale. */
function passOn(request, response) {
  seen.push({ host: request.headers.host, path: request.url, authorization: request.headers.authorization });
  const headers = { ...request.headers, 'content-length': Buffer.byteLength(request.body) };
  http
    .request(`${radicale.url}${request.url}`, { method: request.method, headers, agent: false }, (reply) => {
      response.writeHead(reply.statusCode, reply.headers);
      reply.pipe(response);
    })
    .on('error', () => response.destroy())
    .end(request.body);
}

async function startNames(services) {
  const namePort = await freePort();
  const child = new Child('dnsmasq', [
    ...['--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user='],
    ...['--listen-address=127.0.0.1', '--bind-interfaces', `--port=${namePort}`, '--log-facility=-'],
    ...services,
  ]);
  const resolver = new dns.Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`127.0.0.1:${namePort}`]);
  await until('dnsmasq to answer', async () => {
    if (child.end) throw new Error(`dnsmasq ended: ${child.lines.join('\n')}`);
    return resolver.resolveSrv('_caldavs._tcp.path.example').catch(() => false);
  });
  return { port: namePort, stop: () => child.stop() };
}

/** A name server that passes questions on to another, or answers as `answerNames` says. */
async function startRelay(to) {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (question, from) => {
    if (answerNames) {
      for (const answer of answerNames(question)) socket.send(answer, from.port, from.address);
      return;
    }
    const on = dgram.createSocket('udp4');
    on.on('message', (answer) => {
      socket.send(answer, from.port, from.address);
      on.close();
    });
    on.send(question, to, '127.0.0.1');
  });
  await new Promise((ready) => socket.bind(0, '127.0.0.1', ready));
  return { port: socket.address().port, stop: () => new Promise((ended) => socket.close(ended)) };
}

before(async () => {
  radicale = await startRadicale();
  if (skip) return;
  const hosts = [
    'path.example',
    'dav.path.example',
    'dav.plain.example',
    'first.many.example',
    'elsewhere.test',
  ];
  network = new StrangeNetwork(Object.fromEntries(hosts.map((host) => [host, [PUBLIC]])));
  port = await network.serve(passOn);
  const record = (domain, target, rank = '') => `--srv-host=_caldavs._tcp.${domain},${target},${port}${rank}`;
  names = await startNames([
    record('path.example', 'dav.path.example'),
    `--txt-record=_caldavs._tcp.path.example,path=/${USER}/`,
    record('plain.example', 'dav.plain.example'),
    record('many.example', 'last.many.example', ',20,100'),
    record('many.example', 'first.many.example', ',10,1'),
    record('many.example', 'second.many.example', ',20,200'),
    record('other.example', 'elsewhere.test'),
    '--srv-host=_caldavs._tcp.none.example',
  ]);
  relay = await startRelay(names.port);
  stack = await startStack({ env: { ...KEY, ...network.env, STRANGE_RESOLVER: String(relay.port) } });
  coach = stack.coach();
});
after(async () => {
  await stack?.stop();
  await relay?.stop();
  await names?.stop();
  await network?.stop();
  await radicale.stop();
});

async function add(url) {
  seen.length = 0;
  const wish = { kind: 'caldav', url, user: USER, password: PASSWORD };
  const made = assertStatus(await coach.post('/coach/damian/calendars', wish), 201);
  assertStatus(await coach.delete(`/coach/damian/calendars/${made.id}`), 204);
  return made;
}

test("a domain's records lead to its calendars, with the path that they name", { skip }, async () => {
  for (const url of ['path.example', 'https://path.example', 'https://path.example/', 'PATH.example']) {
    const made = await add(url);
    assert.deepEqual([made.state, made.detail], ['ok', null], url);
    assert.deepEqual([seen[0].host, seen[0].path], [`dav.path.example:${port}`, `/${USER}/`], url);
  }
});

test('without a path in the records the well-known one is asked', { skip }, async () => {
  const made = await add('plain.example');
  assert.deepEqual([made.state, made.detail], ['ok', null]);
  assert.deepEqual([seen[0].host, seen[0].path], [`dav.plain.example:${port}`, '/.well-known/caldav']);
});

test('of several hosts the one with the lowest priority is asked', { skip }, async () => {
  const made = await add('many.example');
  assert.deepEqual([made.state, made.detail], ['ok', null]);
  assert.ok(seen.every(({ host }) => host === `first.many.example:${port}`));
});

test('records that lead to another domain get no password: the coach is told its name', {
  skip,
}, async () => {
  const made = await add('other.example');
  assert.equal(made.state, 'failing');
  assert.match(made.detail, new RegExp(`another server.*elsewhere\\.test:${port}$`));
  assert.deepEqual(seen, []);
  // Whoever trusts it gives that name.
  assert.equal((await add(`elsewhere.test:${port}`)).state, 'ok');
});

test('a domain that says it has no such service, or nothing, is asked itself', { skip }, async () => {
  for (const url of ['none.example', 'nothing.example']) {
    const made = await add(url);
    assert.equal(made.state, 'failing');
    assert.match(made.detail, /cannot be reached/);
    assert.deepEqual(seen, []);
  }
});

test('answers of a name server that are none do no harm', { skip }, async () => {
  const header = (question, answers) => {
    const head = Buffer.from(question);
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(answers, 6);
    head.writeUInt16BE(0, 10);
    return head.subarray(0, question.readUInt16BE(10) ? question.length - 11 : question.length);
  };
  const record = (question, type, data, claimed = data.length) => {
    const fields = Buffer.alloc(12);
    fields.writeUInt16BE(0xc00c, 0);
    fields.writeUInt16BE(type, 2);
    fields.writeUInt16BE(1, 4);
    fields.writeUInt16BE(claimed, 10);
    return Buffer.concat([header(question, 1), fields, data]);
  };
  const srv = (target) => Buffer.concat([Buffer.from([0, 1, 0, 1, 1, 0xbb]), target]);
  const word = (text) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
  const answers = [
    (question) => [header(question, 65535)],
    (question) => [record(question, 33, Buffer.alloc(3))],
    (question) => [record(question, 33, srv(Buffer.from([0xc0, 0xff])))],
    (question) => [record(question, 33, srv(Buffer.from([63, 65])), 500)],
    (question) => [
      record(
        question,
        33,
        srv(Buffer.concat([word('a@b/?#'), word('path'), word('example'), Buffer.from([0])])),
      ),
    ],
    (question) => [
      record(
        question,
        33,
        srv(Buffer.concat([word('\u0000\r\n'), word('path'), word('example'), Buffer.from([0])])),
      ),
    ],
    (question) => [Buffer.concat([question.subarray(0, 2), randomBytes(600)])],
    (question) => [record(question, 16, Buffer.from([200, 65]))],
  ];
  for (const answer of answers) {
    answerNames = answer;
    const made = await add('path.example');
    assert.equal(made.state, 'failing', String(answer));
    assert.deepEqual(seen, []);
  }
  answerNames = null;
  assert.equal((await add('path.example')).state, 'ok');
});

const md5 = (text) => createHash('md5').update(text).digest('hex');
/** Whether the Authorization header is right for this request (RFC 7616, MD5 with qop=auth, what SabreDAV and Baïkal ask for). */
function digestFits(request, nonce) {
  const header = request.headers.authorization ?? '';
  const field = (name) => new RegExp(`\\b${name}="?([^",]*)"?`).exec(header)?.[1] ?? '';
  const secret = md5(`${USER}:SabreDAV:${PASSWORD}`);
  const wanted = md5(
    `${secret}:${nonce}:${field('nc')}:${field('cnonce')}:auth:${md5(`${request.method}:${request.url}`)}`,
  );
  return header.startsWith('Digest ') && field('uri') === request.url && field('response') === wanted;
}

test('a server that takes Digest only is read and written to, each appointment once', async () => {
  const own = await startStack({ env: { ...KEY, CALENDAR_ALLOW_PRIVATE: '1' } });
  const nonce = 'a1b2c3d4e5f6';
  let unauthorized = 0;
  const proxy = await between(radicale, (request, response) => {
    if (digestFits(request, nonce)) {
      request.headers.authorization = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
      return false;
    }
    unauthorized++;
    response
      .writeHead(401, {
        'www-authenticate': `Digest realm="SabreDAV",qop="auth",nonce="${nonce}",opaque="x"`,
      })
      .end();
    return true;
  });
  try {
    const damian = own.coach();
    const wish = { kind: 'caldav', url: proxy.url, user: USER, password: PASSWORD, write: true };
    const made = assertStatus(await damian.post('/coach/damian/calendars', wish), 201);
    assert.deepEqual([made.state, made.write], ['ok', true]);
    assert.ok(unauthorized > 0);
    const ann = own.client('ann');
    const { id } = assertStatus(await ann.post('/booking/create', { start: own.slot(60) }), 201);
    await own.settled(ann, id, 'synced', 60_000);
    const file = `${id.replaceAll('-', '')}.ics`;
    assert.deepEqual(await radicale.list(), [file]);
    assertStatus(await ann.put(`/booking/${id}/reschedule`, { start: own.slot(64) }), 200);
    await own.settled(ann, id, 'synced', 60_000);
    assert.match(await radicale.get(file), new RegExp(`DTSTART:${own.slot(64).replace(/[-:]/g, '')}`));
    assertStatus(await ann.put(`/booking/${id}/cancel`), 200);
    await own.settled(ann, id, 'synced', 60_000);
    assert.deepEqual(await radicale.list(), []);
    // A wrong password is told as such, after one more try.
    const wrong = await damian.post('/coach/damian/calendars', { ...wish, password: 'wrong', write: false });
    assert.match(assertStatus(wrong, 201).detail, /name and password \(401\)/);
  } finally {
    await own.stop();
    await proxy.stop();
  }
});
