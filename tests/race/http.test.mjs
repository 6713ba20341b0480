// What the HTTP layer promises on the wire, whatever is behind it.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { metric } from '../harness/metrics.mjs';
import { sleep, until } from '../harness/child.mjs';
import { crowd } from './crowd.mjs';
import { startToy } from './toy.mjs';

const MEASURED = !process.env.SANITIZE && !process.env.VALGRIND;

const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
const statuses = (answer) => [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((found) => Number(found[1]));

/** Opens a socket; `answer()` is what came so far, `closed` resolves to it with the time that took. */
function open(port) {
  const started = performance.now();
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => (answer += text));
  socket.on('error', () => {});
  const closed = new Promise((resolve) =>
    socket.on('close', () => resolve({ answer, ms: performance.now() - started })),
  );
  return { socket, closed, answer: () => answer };
}

/** Writes `piece` every `ms` until the other side hangs up. */
function drip(socket, piece, ms) {
  const timer = setInterval(() => socket.write(piece), ms);
  socket.on('close', () => clearInterval(timer));
}

describe('requests on the wire', () => {
  let toy;
  before(async () => (toy = await startToy({ env: { HOPS: '1' } })));
  after(() => toy.stop());
  const raw = (bytes) => toy.client.raw(bytes);
  const get = (path, extra = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${extra}\r\n`;

  test('HEAD sends the length and no body', async () => {
    const answer = await raw('HEAD /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(answer), 200);
    assert.match(answer, /content-length: 17408\r\n/i);
    assert.ok(answer.endsWith('\r\n\r\n'));
  });

  test('pipelined requests are answered in order', async () => {
    const one = (path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await raw(one('/task?q=1') + one('/nothing') + one('/ok') + get('/task?q=2'));
    assert.deepEqual(statuses(answer), [200, 404, 200, 200]);
    assert.ok(answer.indexOf('"query":"1"') < answer.indexOf('"query":"2"'));
  });

  test('an absolute target is understood', async () => {
    assert.equal(statusOf(await raw(get('http://booking.example/task?q=1'))), 200);
    assert.equal(statusOf(await raw(get('http://booking.example'))), 404);
  });

  test('large replies of workers all arrive, however many, while others read nothing', async () => {
    const deaf = Array.from({ length: 50 }, () => open(toy.port).socket.pause());
    for (const socket of deaf) socket.write(get('/large'));
    for (let round = 0; round < 5; round++)
      for (const reply of await Promise.all(Array.from({ length: 100 }, () => toy.client.get('/large'))))
        assert.deepEqual([reply.status, reply.bytes.length], [200, 17 * 1024]);
    for (const socket of deaf) socket.destroy();
  });

  test('a sane request id comes back, another is replaced', async () => {
    const { client } = toy;
    assert.equal(
      (await client.get('/ok', { 'x-request-id': 'abc-1.2:3' })).headers['x-request-id'],
      'abc-1.2:3',
    );
    for (const bad of ['a b', 'x'.repeat(65), '"', '<b>']) {
      const id = (await client.get('/ok', { 'x-request-id': bad })).headers['x-request-id'];
      assert.match(id, /^[0-9a-f]{16}$/);
    }
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => (await client.get('/ok')).headers['x-request-id']),
    );
    assert.equal(new Set(ids).size, 50);
  });

  test('the last hop of X-Forwarded-For is the caller', async () => {
    const reply = await toy.client.get('/task', { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' });
    assert.equal(reply.body.address, '203.0.113.9');
  });

  test('requests that two servers could read differently are refused', async () => {
    const post = (headers, body) => raw(`POST /echo HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`);
    const json = 'Content-Type: application/json\r\n';
    for (const headers of [
      'Content-Length: 2\r\nTransfer-Encoding: chunked',
      'Content-Length: 2\r\nContent-Length: 2',
      'Content-Length: 2, 2',
      'Content-Length: -2',
      'Content-Length: 0x2',
    ])
      assert.ok([400, 0].includes(statusOf(await post(json + headers, '{}'))), headers);
    const answer = await raw('GET /ok HTTP/1.1\r\nHost: x\r\nX-Y: a\x01b\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(answer), 400);
  });

  test('encoded NULs, dots and too long requests do no harm', async () => {
    for (const path of ['/item/%00/x', '/../../etc/passwd', '/%2e%2e/ok', '//ok', '/ok/', '/ok%00', '/'])
      assert.ok([400, 404].includes(statusOf(await raw(get(path)))), path);
    assert.equal(statusOf(await raw(get('/task?q=%00'))), 400);
    assert.equal(statusOf(await raw(get('/task?q=%zz'))), 400);
    assert.ok([414, 431, 400, 0].includes(statusOf(await raw(get(`/${'a'.repeat(100_000)}`)))));
    assert.ok(
      [431, 413, 400, 0].includes(
        statusOf(await raw(get('/ok', `Authorization: Bearer ${'a'.repeat(100_000)}\r\n`))),
      ),
    );
    // 8 KB of headers is what proxies let through.
    for (const lines of [1, 20]) {
      const long = Array.from({ length: lines }, (_, i) => `X-${i}: ${'a'.repeat(8000 / lines)}\r\n`).join(
        '',
      );
      assert.equal(statusOf(await raw(get('/ok', long))), 200);
    }
    const many = Array.from({ length: 100 }, (_, i) => `X-${i}: 1\r\n`).join('');
    assert.equal(statusOf(await raw(get('/ok', many))), 431);
    assert.equal((await toy.client.get('/ok')).status, 200);
  });

  test('a body arrives whole, however it is cut', async () => {
    const body = JSON.stringify({ text: 'ë'.repeat(20_000) });
    const { socket, closed } = open(toy.port);
    socket.write(
      `POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n`,
    );
    const bytes = Buffer.from(body);
    for (let at = 0; at < bytes.length; at += 777) {
      const piece = bytes.subarray(at, at + 777);
      socket.write(`${piece.length.toString(16)}\r\n`);
      socket.write(piece);
      socket.write('\r\n');
    }
    socket.write('0\r\n\r\n');
    const { answer } = await closed;
    assert.equal(statusOf(answer), 200);
    assert.equal(
      Buffer.from(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).body, 'latin1').toString(),
      body,
    );
  });

  test('a body over the limit is 413, and the connection lives on if it was not much over', async () => {
    const { client } = toy;
    const fits = await client.post('/echo', `"${'a'.repeat(65_534)}"`);
    assert.equal(fits.status, 200);
    for (const size of [65_537, 1024 * 1024]) {
      const reply = await client.post('/echo', 'a'.repeat(size));
      assert.equal(reply.status, 413);
      assert.equal(reply.body.code, 'body_too_large');
      assert.notEqual(reply.headers.connection, 'close');
    }
    const chunked = await client.request('POST', '/echo', 'a'.repeat(100_000), {
      'content-length': undefined,
      'transfer-encoding': 'chunked',
    });
    assert.equal(chunked.status, 413);
    assert.equal((await client.post('/echo', 'a'.repeat(10 * 1024 * 1024))).status, 413);
    const huge = await client.post('/echo', 'a'.repeat(30 * 1024 * 1024)).catch((error) => error);
    assert.ok(huge.status === 413 || ['ECONNRESET', 'EPIPE'].includes(huge.code));
  });

  test('a client that asks first is refused before it sends', async () => {
    const { socket, closed } = open(toy.port);
    socket.write(
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n' +
        'Content-Length: 100000000\r\n\r\n',
    );
    const { answer } = await closed;
    assert.deepEqual(statuses(answer), [413]);
  });

  test('a body that is not JSON is 415, none at all is fine', async () => {
    const { client } = toy;
    for (const type of ['text/plain', 'application/jsonx', 'multipart/form-data; boundary=x', ''])
      assert.equal((await client.post('/echo', '{}', { 'content-type': type })).status, 415);
    for (const type of ['application/json', 'Application/JSON;charset=utf-8', 'application/json ; x=y'])
      assert.equal((await client.post('/echo', '{}', { 'content-type': type })).status, 200);
    for (const body of ['{"a":1}', '{}', '[]'])
      assert.equal((await client.post('/echo', body)).body.body, body); // nothing left of the one before
    assert.equal((await client.put('/item/1/cancel')).body.body, '');
    const unwanted = await client.request('GET', '/task', '{}');
    assert.equal(unwanted.status, 200);
    assert.equal(unwanted.body.body, '');
  });

  test('methods: POST stands for PUT, others are 405 with Allow, OPTIONS answers', async () => {
    const { client } = toy;
    assert.equal((await client.post('/item/1/cancel', {})).body.method, 'PUT');
    const wrong = await client.delete('/item/1/cancel');
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.allow, 'POST, PUT, OPTIONS');
    assert.equal((await client.request('PATCH', '/ok')).status, 405);
    const preflight = await client.request('OPTIONS', '/item/1/cancel', undefined, {
      origin: 'https://friend.example',
      'access-control-request-method': 'PUT',
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers['access-control-allow-methods'], /PUT/);
    assert.match(preflight.headers['access-control-allow-headers'], /X-Session-ID/);
    const stranger = await client.request('OPTIONS', '/item/1/cancel', undefined, {
      origin: 'https://stranger.example',
      'access-control-request-method': 'PUT',
    });
    assert.equal(stranger.headers['access-control-allow-origin'], undefined);
    assert.equal(stranger.headers.vary, 'Origin');
  });

  test('clients that hang up in the middle leave nothing behind', async () => {
    toy.client.close(); // its idle connections; the next request opens a new one
    for (const start of [
      'GET /ok',
      'GET /ok HTTP/1.1\r\n',
      'GET /ok HTTP/1.1\r\nHost: x\r\n',
      'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"a',
      'GET /sleep/100 HTTP/1.1\r\nHost: x\r\n\r\n',
    ]) {
      const { socket } = open(toy.port);
      await new Promise((resolve) => socket.write(start, resolve));
      await until('the connection', async () => (await metric(toy.client, 'bookingd_http_connections')) > 1);
      socket.destroy();
    }
    await until('the connections to be let go', async () => {
      const { text } = await toy.client.get('/metrics');
      return Number(/^bookingd_http_connections (\d+)$/m.exec(text)[1]) <= 2;
    });
  });

  test('the log names the route, never the path, the query or the body', async () => {
    await toy.client.put('/item/secret-id/cancel?token=secret-token', { note: 'secret-note' });
    const line = await toy.child.line((text) => text.includes('"route":"/item/:id/cancel"'), 'the log line');
    assert.match(JSON.parse(line).request_id, /./);
    assert.ok(!toy.child.lines.join('\n').includes('secret-'));
  });
});

describe('slow clients', () => {
  let toy;
  before(async () => (toy = await startToy()));
  after(() => toy.stop());

  // The toy allows 2 s for headers, 2 s for a body, 5 s for taking a reply.
  test('are cut off, a hundred of them at once, while others are served', async () => {
    const slow = [];
    for (let i = 0; i < 100; i++) {
      const one = open(toy.port);
      if (i % 3 === 0) drip(one.socket, 'G', 300);
      if (i % 3 === 1) {
        one.socket.write('GET /ok HTTP/1.1\r\n');
        drip(one.socket, 'X: y\r\n', 300);
      }
      if (i % 3 === 2) {
        one.socket.write(
          'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n',
        );
        drip(one.socket, ' ', 300);
      }
      slow.push(one.closed);
    }
    for (let i = 0; i < 20; i++) {
      const reply = await toy.client.get('/task');
      assert.equal(reply.status, 200);
      assert.ok(reply.ms < 1000, `${reply.ms} ms`);
      await sleep(50);
    }
    for (const { ms } of await Promise.all(slow)) assert.ok(ms < 5000, `cut off only after ${ms} ms`);
    const { text } = await toy.client.get('/metrics');
    assert.ok(Number(/^bookingd_http_cut_total (\d+)$/m.exec(text)[1]) >= 66);
  });

  test('who does not read its reply is cut off', async () => {
    const { socket, closed } = open(toy.port);
    socket.pause();
    for (let i = 0; i < 1000; i++) socket.write('GET /computed HTTP/1.1\r\nHost: x\r\n\r\n');
    const cut = until(
      'the cut',
      async () => (await toy.client.get('/metrics')).text.match(/^bookingd_http_connections 1$/m),
      12_000,
    );
    await cut;
    socket.destroy();
    await closed;
  });
});

describe('crowds', () => {
  test('1,000 keep-alive connections ask at once, 100 times: no round over a second', async () => {
    for (const { loops, path, rounds } of [
      { loops: 1, path: '/ready', rounds: 100 },
      { loops: 1, path: '/task', rounds: 100 },
      { loops: 2, path: '/task', rounds: 20 },
    ]) {
      const toy = await startToy({ loops });
      const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
      const { statuses, errors, worst_round_ms } = await crowd(toy.port, request, { rounds });
      await toy.stop();
      assert.deepEqual([statuses, errors], [{ 200: 1000 * rounds }, 0]);
      if (MEASURED)
        assert.ok(worst_round_ms < 1000, `${path}, loops: ${loops}: a round took ${worst_round_ms} ms`);
    }
  });

  test('a full lane refuses at once, the other lane and the loop go on', async () => {
    const toy = await startToy();
    // 16 workers and 512 places: of 700 that take 0.5 s each, at least 172 find no room.
    const asked = Array.from({ length: 700 }, () => toy.client.get('/sleep/500'));
    const refused = [];
    const answered = asked.map((one) => one.then((reply) => reply.status === 503 && refused.push(reply)));
    await until('refusals', () => refused.length >= 100);
    for (const path of ['/health', '/task', '/ok']) {
      const reply = await toy.client.get(path);
      assert.equal(reply.status, 200, path);
      assert.ok(reply.ms < 1000, `${path} took ${reply.ms} ms`);
    }
    for (const reply of refused) {
      assert.equal(reply.body.code, 'overloaded');
      assert.ok(Number(reply.headers['retry-after']) >= 1);
    }
    await Promise.all(answered);
    // The rest was served, or refused when its patience (4 s) ran out: 16 every half second.
    const served = (await Promise.all(asked)).filter(({ status }) => status === 200).length;
    assert.ok(served >= 100 && served <= 200, `${served} served`);
    await toy.stop();
  });

  test('stopping finishes what is in flight and takes nothing new', async () => {
    const toy = await startToy();
    const keepAlive = open(toy.port);
    keepAlive.socket.write('GET /ok HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('the first reply', () => keepAlive.answer().includes('"ok"'));
    const inFlight = Array.from({ length: 40 }, () => toy.client.get('/sleep/700'));
    await until(
      'all 40 to be connected',
      async () => (await metric(toy.client, 'bookingd_http_connections')) > 40,
    );
    toy.child.process.kill('SIGTERM');
    await until('the listening socket to close', () =>
      toy.client.raw('GET /ok HTTP/1.1\r\nHost: x\r\n\r\n', { ms: 300 }).then(
        (answer) => answer === '',
        () => true,
      ),
    );
    keepAlive.socket.write('GET /ok HTTP/1.1\r\nHost: x\r\n\r\n');
    const { answer } = await keepAlive.closed;
    // Served while those who have just connected still are, refused after that; closed either way.
    assert.ok([200, 503].includes(statuses(answer)[1]), answer);
    assert.match(answer, /connection: close/i);
    for (const reply of await Promise.all(inFlight)) assert.equal(reply.status, 200);
    assert.equal((await toy.child.exited).code, 0);
  });
});
