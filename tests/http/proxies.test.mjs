// Behind a proxy: nginx and haproxy, as config/README.md sets them up, pass on what is sound, and what is malformed is
// mended or refused by the proxy or by us, so that no second request can hide in a first.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Child, until } from '../harness/child.mjs';
import { Client } from '../harness/http.mjs';
import { freePort, ROOT, runFolder } from '../harness/run_folder.mjs';
import { startToy } from '../race/toy.mjs';

/** The block of that language below the heading `Behind a proxy` of config/README.md, as an operator copies it. */
function documented(language) {
  const text = fs.readFileSync(path.join(ROOT, 'config/README.md'), 'utf8');
  const section = text.slice(text.indexOf('\n## Behind a proxy'));
  return new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(section)[1];
}

const PROXIES = {
  nginx: (folder, port, backend) => {
    const file = path.join(folder, 'nginx.conf');
    const server = documented('nginx').replaceAll('127.0.0.1:8080', `127.0.0.1:${backend}`);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${folder}/${name};`)
      .join(' ');
    fs.writeFileSync(
      file,
      `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
       events {} http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; ${server} } }`,
    );
    return ['/usr/sbin/nginx', ['-e', 'stderr', '-p', folder, '-c', file]];
  },
  haproxy: (folder, port, backend) => {
    const file = path.join(folder, 'haproxy.cfg');
    const text = documented('haproxy')
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${backend}`)
      .replace(/bind .*/, `bind 127.0.0.1:${port}`);
    fs.writeFileSync(file, text);
    return ['/usr/sbin/haproxy', ['-db', '-f', file]];
  },
};

const ALIVE = 'GET /ok HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const post = (headers, body) =>
  `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;
const HIDDEN = 'PUT /item/hidden/cancel HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
const hiding = (headers) => post(headers, `0\r\n\r\n${HIDDEN}`);

/** Heads that two servers may read differently, each with a request hidden behind it. */
const MALFORMED = {
  'a length and chunks': hiding(`Content-Length: ${HIDDEN.length + 5}\r\nTransfer-Encoding: chunked\r\n`),
  'two lengths': hiding(`Content-Length: 5\r\nContent-Length: ${HIDDEN.length + 5}\r\n`),
  'a blank before the colon of a length': hiding(`Content-Length : ${HIDDEN.length + 5}\r\n`),
  'a blank before the colon of an encoding': hiding('Content-Length: 5\r\nTransfer-Encoding : chunked\r\n'),
  'a tab before the colon of an encoding': hiding('Content-Length: 5\r\nTransfer-Encoding\t: chunked\r\n'),
  'an unknown encoding': hiding('Transfer-Encoding: xchunked\r\n'),
  'two encodings': hiding('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n'),
  'an encoding folded': hiding('Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n'),
  'a length with a plus': hiding(`Content-Length: +${HIDDEN.length + 5}\r\n`),
  'a NUL in a header': hiding(`Content-Length: 5\r\nA: b\0\r\nContent-Length: 9\r\n`),
  'a chunk in C': post('Transfer-Encoding: chunked\r\n', `0x2\r\n{}\r\n0\r\n\r\n${HIDDEN}`),
  'two hosts': 'GET /ok HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
  'no host': 'GET /ok HTTP/1.1\r\n\r\n',
  'a NUL in the target': 'GET /ok\0/more HTTP/1.1\r\nHost: x\r\n\r\n',
};

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

const statuses = (answer) =>
  [...answer.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status));

for (const [name, configure] of Object.entries(PROXIES))
  describe(`behind ${name}`, () => {
    let toy, proxy, port, client;
    before(async () => {
      toy = await startToy({ env: { HOPS: '1' } });
      port = await freePort();
      const folder = path.join(runFolder(), `${name}-${port}`);
      fs.mkdirSync(folder, { recursive: true });
      proxy = new Child(...configure(folder, port, toy.port), { name });
      client = new Client(`http://127.0.0.1:${port}`);
      await until(`${name} to answer`, async () => {
        if (proxy.end) throw new Error(proxy.lines.join('\n'));
        return client.get('/ok').then(
          ({ status }) => status === 200,
          () => false,
        );
      });
    });
    after(async () => {
      client.close();
      await proxy.stop();
      await toy.stop();
    });

    test('what is sound comes through, with the address of who asks', async () => {
      const reply = await client.post('/echo?q=1', { a: 'b' });
      assert.deepEqual([reply.status, reply.body.body, reply.body.query], [200, '{"a":"b"}', '1']);
      assert.equal(reply.body.address, '127.0.0.1');
      const forged = await client.post('/echo', {}, { 'x-forwarded-for': '203.0.113.7' });
      assert.equal(forged.body.address, '127.0.0.1', 'what a client puts before is not believed');
      assert.equal((await client.get('/large')).bytes.length, 17 * 1024);
      const head = await client.request('HEAD', '/large');
      assert.deepEqual([head.status, Number(head.headers['content-length'])], [200, 17 * 1024]);
      const { etag } = (await client.request('HEAD', '/ready')).headers;
      assert.equal((await client.get('/ready', { 'if-none-match': etag })).status, 304);
      const chunked = await client.request('POST', '/echo', '{"c":1}', {
        'content-length': undefined,
        'transfer-encoding': 'chunked',
      });
      assert.equal(chunked.body.body, '{"c":1}');
    });

    for (const [what, bytes] of Object.entries(MALFORMED))
      test(`${what}: nothing hides behind it`, async () => {
        const answer = await send(port, bytes + ALIVE);
        // A proxy may mend what it can, and go on with what comes after.
        const seen = statuses(answer);
        assert.ok(seen.length <= 2 && seen.every((status) => [200, 400, 501].includes(status)), answer);
        assert.equal((await client.get('/ok')).status, 200);
        assert.ok(!toy.child.lines.some((line) => line.includes('/item/:id/cancel')), answer);
      });

    test('a head that is too large is refused', async () => {
      const get = (target, headers = '') =>
        send(port, `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);
      assert.deepEqual(statuses(await get(`/?${'a&'.repeat(300)}`)), [414]);
      assert.deepEqual(statuses(await get('/ok', `Cookie: ${'a;'.repeat(300)}\r\n`)), [431]);
      const half = 'a'.repeat(7400);
      assert.deepEqual(statuses(await get('/ok', `A: ${half}\r\nB: ${half}\r\n`)), [431]);
      assert.ok([400, 414].includes(statuses(await get(`/${'a'.repeat(40_000)}`))[0]));
    });
  });
