// Every way in which libmicrohttpd ends a request by itself, and every head that we refuse: one reply like any
// other, a log line, and nothing left behind. REFUSALS=50000 sends each so often (default 1,000).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { until } from '../harness/child.mjs';
import { startToy } from '../race/toy.mjs';

const MEASURED = !process.env.SANITIZE && !process.env.VALGRIND;
const TIMES = Number(process.env.REFUSALS ?? (MEASURED ? 1000 : 50));
const FIRST = Math.min(1000, TIMES / 2);
const GROWTH_MAX = 512 * 1024; // 1,000 exchanges lost would be 2.6 MB

const get = (target, headers = '') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const post = (headers, body) =>
  `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
const chunked = (body) => post('Transfer-Encoding: chunked\r\n', body);
const NUL_THEN_ARGUMENTS = `/a\0HTTP/1.1\0?${'a&'.repeat(300)}`;

/** What is sent, and what comes: a status and a code, or null for a connection that is closed without a word. */
const WAYS = {
  // libmicrohttpd's own
  'a request line without a blank': ['GARBAGE\r\n\r\n', null],
  'a version of the future': ['GET /ok HTTP/9.1\r\nHost: x\r\n\r\n', 505, 'not_implemented'],
  'a version of the past': ['GET /ok HTTP/0.9\r\nHost: x\r\n\r\n', 505, 'not_implemented'],
  'no version': ['GET /ok\r\nHost: x\r\n\r\n', 400, 'bad_request'],
  'a target that does not fit': [get(`/${'a'.repeat(40_000)}`), 414, 'uri_too_long'],
  'arguments that do not fit': [get(NUL_THEN_ARGUMENTS), 414, 'uri_too_long'],
  'cookies that do not fit': [get('/ok', `Cookie: ${'a;'.repeat(300)}\r\n`), 431, 'headers_too_large'],
  'a header that does not fit': [get('/ok', `A: ${'a'.repeat(40_000)}\r\n`), 431, 'headers_too_large'],
  'headers that do not fit': [get('/ok', 'a:\r\n'.repeat(4000)), 431, 'headers_too_large'],
  'a header without a colon': [get('/ok', 'Colon\r\n'), 400, 'bad_request'],
  'a length that is no number': [post('Content-Length: two\r\n', '{}'), 400, 'bad_request'],
  'a length beyond numbers': [post(`Content-Length: ${'9'.repeat(30)}\r\n`, '{}'), 413, 'body_too_large'],
  'a length with a blank behind': [post('Content-Length: 2 \r\n', '{}'), 400, 'bad_request'],
  'a chunk without a length': [chunked('zz\r\n'), 400, 'bad_request'],
  'a chunk beyond numbers': [chunked(`${'f'.repeat(20)}\r\n`), 413, 'body_too_large'],
  'a chunk that goes on': [chunked('2\r\n{}{}\r\n'), 400, 'bad_request'],
  'a trailer without a colon': [chunked('0\r\nColon\r\n\r\n'), 400, 'bad_request'],
  'trailers that do not fit': [chunked(`0\r\n${'a:\r\n'.repeat(4000)}\r\n`), 431, 'headers_too_large'],
  'a chunk whose extension does not fit': [chunked(`2;a=${'x'.repeat(60_000)}`), 400, 'bad_request'],
  'a last chunk whose extension does not fit': [
    chunked(`2\r\n{}\r\n0;${'x'.repeat(60_000)}`),
    400,
    'bad_request',
  ],
  'a chunk whose length does not fit': [chunked(`${'0'.repeat(60_000)}2\r\n`), 400, 'bad_request'],
  // ours
  'a target that leaves no room': [
    `POST /echo?${'a'.repeat(15_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    414,
    'uri_too_long',
  ],
  'headers that leave no room': [
    post(`${'a: b\r\n'.repeat(60)}A: ${'a'.repeat(11_000)}\r\n`, ''),
    431,
    'headers_too_large',
  ],
  'trailers that leave no room': [
    chunked(`2\r\n{}\r\n0\r\nA: ${'a'.repeat(15_000)}\r\n\r\n`),
    431,
    'headers_too_large',
  ],
  'too many arguments': [get(`/?${'a&'.repeat(300)}`), 414, 'uri_too_long'],
  'too many headers': [get('/ok', 'A: b\r\n'.repeat(100)), 431, 'headers_too_large'],
  'no host': ['GET /ok HTTP/1.1\r\n\r\n', 400, 'bad_request'],
  'a method with a NUL in it': ['GET\0 /ok HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'bad_request'],
  'two hosts': [get('/ok', 'Host: y\r\n'), 400, 'bad_request'],
  'a host with a blank': ['GET /ok HTTP/1.1\r\nHost: a b\r\n\r\n', 400, 'bad_request'],
  'a host in a list': ['GET /ok HTTP/1.1\r\nHost: a, b\r\n\r\n', 400, 'bad_request'],
  'a host with somebody in it': ['GET /ok HTTP/1.1\r\nHost: a@b\r\n\r\n', 400, 'bad_request'],
  'a host with a path': ['GET /ok HTTP/1.1\r\nHost: a/b\r\n\r\n', 400, 'bad_request'],
  'a host with markup': ['GET /ok HTTP/1.1\r\nHost: x"><b>\r\n\r\n', 400, 'bad_request'],
  'a host whose port is none': ['GET /ok HTTP/1.1\r\nHost: x:8o\r\n\r\n', 400, 'bad_request'],
  'a host in half a bracket': ['GET /ok HTTP/1.1\r\nHost: [::1\r\n\r\n', 400, 'bad_request'],
  'a host beyond ASCII': ['GET /ok HTTP/1.1\r\nHost: \xe4\r\n\r\n', 400, 'bad_request'],
  'a bad host in HTTP/1.0': ['GET /ok HTTP/1.0\r\nHost: a b\r\n\r\n', 400, 'bad_request'],
  'a target without a host': [get('http:///ok'), 400, 'bad_request'],
  'a target with somebody in it': [get('http://a:b@x/ok'), 400, 'bad_request'],
  'two origins': [get('/ok', 'Origin: https://a\r\nOrigin: https://b\r\n'), 400, 'bad_request'],
  'two methods to be asked for': [
    get('/ok', 'Access-Control-Request-Method: GET\r\naccess-control-request-method: PUT\r\n'),
    400,
    'bad_request',
  ],
  'two content encodings': [
    post('Content-Encoding: identity\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n', '{}'),
    400,
    'bad_request',
  ],
  'two identities': [get('/ok', 'Authorization: a\r\nAuthorization: b\r\n'), 400, 'bad_request'],
  'two sessions': [get('/ok', 'X-Session-ID: a\r\nx-session-id: b\r\n'), 400, 'bad_request'],
  'two content types': [
    post('Content-Type: application/json\r\nContent-Length: 2\r\n', '{}'),
    400,
    'bad_request',
  ],
  'two keys': [
    post('Idempotency-Key: a\r\nIdempotency-Key: b\r\nContent-Length: 2\r\n', '{}'),
    400,
    'bad_request',
  ],
  'two lengths': [post('Content-Length: 2\r\nContent-Length: 2\r\n', '{}'), 400, 'bad_request'],
  'a length and chunks': [
    post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
    'bad_request',
  ],
  'two encodings': [
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
    'bad_request',
  ],
  'an unknown encoding': [post('Transfer-Encoding: gzip\r\n', '{}'), 501, 'not_implemented'],
  'an encoding in a list': [
    post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
    501,
    'not_implemented',
  ],
  'an encoding with a blank behind': [
    post('Transfer-Encoding: chunked \r\n', '0\r\n\r\n'),
    501,
    'not_implemented',
  ],
  'chunks in HTTP/1.0': [
    'POST /echo HTTP/1.0\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
    'bad_request',
  ],
  'a blank before the colon': [post('Content-Length : 2\r\n', '{}'), 400, 'bad_request'],
  'a tab before the colon': [post('Transfer-Encoding\t: chunked\r\n', '0\r\n\r\n'), 400, 'bad_request'],
  'a header without a name': [get('/ok', ': b\r\n'), 400, 'bad_request'],
  'a blank in a name': [get('/ok', 'A b: c\r\n'), 400, 'bad_request'],
  'a folded header': [get('/ok', 'A: b\r\n c\r\n'), 400, 'bad_request'],
  'a header whose name is in two lines': [post('Content-: 2\r\n Length\r\n', '{}'), 400, 'bad_request'],
  'a NUL in a name': [get('/ok', 'A\0B: c\r\n'), 400, 'bad_request'],
  'a NUL in a value': [get('/ok', 'A: b\0c\r\n'), 400, 'bad_request'],
  'a NUL at the end of a value': [get('/ok', 'A: b\0\r\n'), 400, 'bad_request'],
  'a NUL in the last header of two': [get('/ok', 'A: b\r\nC: d\0e\r\n'), 400, 'bad_request'],
  'a control character in a value': [get('/ok', 'A: b\x01c\r\n'), 400, 'bad_request'],
  'a carriage return in a value': [get('/ok', 'A: b\rc\r\n'), 400, 'bad_request'],
  'a NUL in the target': [get('/ok\0/more'), 400, 'bad_request'],
  'a NUL before a query': [get('/ok\0?a=b'), 400, 'bad_request'],
  'a blank in the target': [get('/ok more'), 400, 'bad_request'],
  'a tab in the target': [get('/ok?a=\tb'), 400, 'bad_request'],
  'a control character in the target': [get('/ok\x01'), 400, 'bad_request'],
};

/** All that comes back until the server closes. */
function send(port, bytes) {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = net.connect({ host: '127.0.0.1', port, noDelay: true }, () =>
      socket.write(bytes, 'latin1'),
    );
    socket.setEncoding('latin1').setTimeout(15_000, () => reject(new Error(`no end after ${answer}`)));
    socket
      .on('data', (text) => (answer += text))
      .on('error', ({ code }) =>
        ['ECONNRESET', 'EPIPE'].includes(code) ? undefined : reject(new Error(code)),
      )
      .on('close', () => resolve(answer));
  });
}

/** `times` connections, some at once. */
async function sendOften(port, bytes, times) {
  let left = times;
  const worker = async () => {
    while (left-- > 0) await send(port, bytes);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

const anonymous = (pid) =>
  Number(/^RssAnon:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

describe('what is refused by its head', () => {
  let toy;
  before(async () => (toy = await startToy()));
  after(() => toy.stop());

  for (const [what, [bytes, status, code]] of Object.entries(WAYS))
    test(`${what}: ${status ?? 'closed'}`, async () => {
      const seen = toy.child.lines.length;
      const answer = await send(toy.port, bytes);
      if (status === null) {
        assert.equal(answer, '');
      } else {
        assert.equal(answer.match(/^HTTP\/1\.1 \d{3} /gm)?.length, 1, answer);
        const [head, body] = answer.split('\r\n\r\n');
        assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
        assert.match(head, /^content-type: application\/problem\+json$/im);
        assert.match(head, /^connection: close$/im);
        assert.equal(Number(/^content-length: (\d+)$/im.exec(head)[1]), body.length);
        const problem = JSON.parse(body);
        assert.deepEqual([problem.status, problem.code], [status, code]);
      }
      const id = /^x-request-id: ([0-9a-f]{16})$/im.exec(answer)?.[1];
      assert.equal(id !== undefined, status !== null);
      const line = () =>
        toy.child.lines
          .slice(seen)
          .map((text) => JSON.parse(text))
          .find(({ event, request_id }) => event === 'request' && (!id || request_id === id));
      // Who closes as soon as the server does, before it has looked, is taken for one who left: asked again.
      await until(
        'its log line',
        async () => line() || (status === null && (await send(toy.port, bytes))) || line(),
      );
      assert.deepEqual([line().status, line().code], [status ?? 0, code ?? 'bad_request']);
      assert.equal((await toy.client.get('/ok')).status, 200);
    });

  for (const [what, [bytes]] of Object.entries(WAYS))
    test(`${what}: leaves nothing behind`, { timeout: 600_000 }, async () => {
      await sendOften(toy.port, bytes, FIRST);
      const before = anonymous(toy.child.pid);
      await sendOften(toy.port, bytes, TIMES);
      const grown = anonymous(toy.child.pid) - before;
      if (MEASURED) assert.ok(grown < GROWTH_MAX, `${grown} bytes more after ${TIMES}`);
    });

  test('each is counted', async () => {
    const { text } = await toy.client.get('/metrics');
    for (const status of new Set(Object.values(WAYS).map(([, status]) => status ?? 'other'))) {
      const of = `code="${status}"`;
      const counts = text.match(
        new RegExp(`^bookingd_http_requests_total\\{.*route="none",${of}\\} (\\d+)$`, 'm'),
      );
      assert.ok(Number(counts?.[1]) > TIMES, `${of}: ${counts}`);
    }
  });

  test('what the standard says is stripped is stripped, and a line feed alone ends a line', async () => {
    const spaced = 'GET /ok HTTP/1.1\r\nHost:\t x \t\r\nX-Request-Id:  abc \t\r\nConnection: close\r\n\r\n';
    assert.match(await send(toy.port, spaced), /^HTTP\/1\.1 200 [^]*^x-request-id: abc\r$/im);
    assert.match(
      await send(toy.port, 'GET /ok HTTP/1.1\nHost: x\nConnection: close\n\n'),
      /^HTTP\/1\.1 200 /,
    );
    assert.match(await send(toy.port, '\r\n\r\nGET /ok HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /);
  });

  test('a client that waits to be told to go on is, with a blank behind the word too', async () => {
    for (const word of ['100-continue', '100-Continue', '100-continue \t']) {
      const socket = net.connect({ host: '127.0.0.1', port: toy.port, noDelay: true });
      let answer = '';
      socket.setEncoding('latin1').on('data', (text) => (answer += text));
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.write(post(`Connection: close\r\nExpect: ${word}\r\nContent-Length: 2\r\n`, ''));
      await until('the word', () => answer);
      assert.equal(answer, 'HTTP/1.1 100 Continue\r\n\r\n');
      socket.write('{}');
      await closed;
      assert.match(answer, /^HTTP\/1\.1 200 /m);
    }
  });

  test('a target with its host, and hosts of every form, are understood', async () => {
    const ok = async (target, host) =>
      assert.match(
        await send(toy.port, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        /^HTTP\/1\.1 200 /,
        `${target} at ${host}`,
      );
    for (const host of [
      'x',
      'X-y.example:8080',
      '127.0.0.1',
      '[::1]:80',
      '[::ffff:1.2.3.4]',
      'a_b',
      'x:',
      '',
    ])
      await ok('/ok', host);
    for (const target of ['http://x/ok', 'HTTP://x:80/ok', 'https://[::1]/ok?a=b', 'http://other/ok'])
      await ok(target, 'x');
  });

  test('a body whose chunks have long extensions, each of which fits, is taken', async () => {
    const bytes = `${`1;${'y'.repeat(4000)}\r\n \r\n`.repeat(40)}2\r\n{}\r\n0\r\n\r\n`;
    const answer = await send(toy.port, post('Transfer-Encoding: chunked\r\nConnection: close\r\n', bytes));
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  test('a head or trailers that leave no room for the reply are refused before anything is done', async () => {
    const many = 'a: b\r\n'.repeat(50);
    const last = 'Connection: close\r\n';
    const ways = {
      'a target': (n) => get(`/ok?${'a'.repeat(n)}`, last),
      'a header': (n) => get('/ok', `${last}A: ${'a'.repeat(n)}\r\n`),
      'a header of many': (n) => get('/ok', `${last}${many}A: ${'a'.repeat(n - 10 * many.length)}\r\n`),
      'a cookie': (n) => get('/ok', `${last}Cookie: a=${'a'.repeat(n / 2)}\r\n`),
      cookies: (n) => get('/ok', `${last}Cookie: ${'a=b; '.repeat(n / 75)}\r\n`),
      'a trailer': (n) =>
        post(`${last}Transfer-Encoding: chunked\r\n`, `2\r\n{}\r\n0\r\nA: ${'a'.repeat(n - 200)}\r\n\r\n`),
      trailers: (n) =>
        post(`${last}Transfer-Encoding: chunked\r\n`, `2\r\n{}\r\n0\r\n${'a: b\r\n'.repeat(n / 72)}\r\n`),
    };
    for (const [what, way] of Object.entries(ways)) {
      const seen = new Set();
      for (let n = 9_000; n < 17_000; n += 50) {
        const lines = (await send(toy.port, way(n))).match(/^HTTP\/1\.1 \d{3} /gm);
        assert.equal(lines?.length, 1, `${what}: ${n}`);
        seen.add(lines[0].slice(9, 12));
      }
      assert.deepEqual([...seen], what === 'a target' ? ['200', '414', '431'] : ['200', '431'], what);
    }
  });

  test('a head of 8 KB is taken however it is cut, one byte at a time too', async () => {
    const head = get(
      '/ok',
      `A: ${'a'.repeat(4000)}\r\nB:\r\nC: ${'c'.repeat(3900)}\r\nConnection: close\r\n`,
    );
    for (const step of [head.length, 1000, 7, 1]) {
      const socket = net.connect({ host: '127.0.0.1', port: toy.port, noDelay: true });
      let answer = '';
      socket.setEncoding('latin1').on('data', (text) => (answer += text));
      const closed = new Promise((resolve) => socket.on('close', resolve));
      for (let at = 0; at < head.length; at += step)
        await new Promise((resolve) => socket.write(head.slice(at, at + step), resolve));
      await closed;
      assert.match(answer, /^HTTP\/1\.1 200 /, `${step} bytes at a time`);
    }
  });

  test('behind a good request on the same connection a bad one is refused as well', async () => {
    for (const [what, [bytes, status]] of Object.entries(WAYS)) {
      const answer = await send(toy.port, get('/ok') + bytes);
      const statuses = [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, found]) => Number(found));
      assert.deepEqual(statuses, status === null ? [200] : [200, status], what);
    }
  });
});
