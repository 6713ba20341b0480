// A page as the first home's: its policy, its helper, rewrites on its own host with two proxies in front, and a backend
// that takes any session. Each of the three ways to sign in there books, moves and cancels, with the API on the page's own
// origin and on another (config/README.md, "Inside a platform").
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Child, until } from '../harness/child.mjs';
import { runBookingd } from '../harness/daemon.mjs';
import { MailServer, codeOf } from '../harness/mail.mjs';
import { ROOT, freePort } from '../harness/run_folder.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';
import { openBrowser } from './browser.mjs';

const CONFIG = path.join(ROOT, 'config');
/** SESSION_QUERY and LOGIN_SESSION as the recipe has them. */
const recipe = (name) =>
  new RegExp(`^${name} = """\n([^]*?)"""`, 'm')
    .exec(fs.readFileSync(path.join(CONFIG, 'fastapi_login.py'), 'utf8'))[1]
    .trim();
const rewrites = fs
  .readFileSync(path.join(CONFIG, 'netlify_redirects'), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => line.split(/\s+/))
  .map(([from, to]) => ({ from: new RegExp(`^${from.replace('*', '(.*)')}$`), to }));

const page = (way, server) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>home</title>
<main><h1>home</h1><mosaic-booking inline ${server ? `server="${server}/"` : ''}></mosaic-booking></main>
<script>
  let session = localStorage.getItem('session') ?? crypto.randomUUID(); // made up, as the page does
  async function call(path, body) {
    const { apiBase } = await (await fetch('/config')).json();
    const reply = await fetch(apiBase + path, {
      method: body ? 'POST' : 'GET',
      headers: { 'X-Session-ID': session, ...(body && { 'Content-Type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const content = await reply.json();
    if (!reply.ok) throw new Error(content.detail ?? content.error);
    if (content.session_id) localStorage.setItem('session', (session = content.session_id));
    return content;
  }
  async function login() {
    const reply = await call('/auth/login', { email: 'ann@client.test', password: 'hash-of-ann' });
    const widget = document.querySelector('mosaic-booking');
    if (reply.booking_token) widget.token = reply.booking_token;
    if (${way === 'session'}) widget.headers = () => ({ 'X-Session-ID': session });
  }
</script>
<script type="module" src="/booking/widget.js"></script></html>`;

/** Passes a request on as a proxy does: by itself, whole, with its own marks on it. */
function pass(request, reply, target) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { connection, host, ...headers } = request.headers;
    const from = request.socket.remoteAddress;
    headers['x-forwarded-for'] = [headers['x-forwarded-for'], from].filter(Boolean).join(', ');
    headers['x-forwarded-proto'] ??= 'http';
    headers.via = [headers.via, '1.1 proxy'].filter(Boolean).join(', ');
    const onward = http.request(target, { method: request.method, headers }, (answer) => {
      const { connection: gone, 'keep-alive': too, ...passed } = answer.headers;
      reply.writeHead(answer.statusCode, { ...passed, via: '1.1 proxy' });
      answer.pipe(reply);
    });
    onward.on('error', () => reply.writeHead(502).end());
    onward.end(Buffer.concat(chunks));
  });
}
async function listen(port, answer) {
  const server = http.createServer(answer);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return server;
}

let browser;
before(async () => {
  browser = await openBrowser();
});
after(() => browser?.close());

/** The platform with bookingd behind it, signing in by `way`. */
async function startHome(way) {
  const home = { way, servers: [] };
  const [pagePort, backendPort, proxyPort] = [await freePort(), await freePort(), await freePort()];
  home.origin = `http://127.0.0.1:${pagePort}`;
  home.proxy = `http://127.0.0.1:${proxyPort}`;
  const backend = `http://127.0.0.1:${backendPort}`;
  if (way === 'mail') home.mail = await MailServer.start();
  home.stack = await startStack({
    document: openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
    start: false,
  });
  const { database, secret } = home.stack;
  database.run(`
    CREATE TABLE public.sessions (id text PRIMARY KEY, created_at timestamptz DEFAULT now(), expires_at timestamptz, user_data jsonb);
    CREATE TABLE public.users (id text PRIMARY KEY, email text UNIQUE NOT NULL, password_hash text, created_at timestamptz DEFAULT now());
    INSERT INTO public.users (id, email, password_hash) VALUES ('u-ann', 'ann@client.test', 'hash-of-ann');
    SET search_path = public; ${recipe('LOGIN_SESSION')};`);
  home.env = {
    PUBLIC_URL: home.origin,
    TRUSTED_PROXY_HOPS: '2',
    CORS_ALLOWED_ORIGINS: home.origin,
    ...(way === 'mail' && { ...home.mail.settings, AUTH_JWT_SECRET: null }),
    ...(way === 'session' && { AUTH_SESSION_QUERY: recipe('SESSION_QUERY'), AUTH_JWT_SECRET: null }),
  };
  await home.stack.startDaemon(home.env);
  home.backend = new Child(
    '/usr/bin/python3',
    ['-m', 'uvicorn', 'first_home:app', '--port', `${backendPort}`],
    {
      cwd: path.join(ROOT, 'tests/browser'),
      env: {
        ...process.env,
        PYTHONPATH: CONFIG,
        PYTHONDONTWRITEBYTECODE: '1',
        PLATFORM_DATABASE: database.url,
        AUTH_JWT_SECRET: secret,
        LOGIN: way,
        API_BASE: backend,
        PAGE: home.origin,
      },
    },
  );
  await until(
    'the backend',
    () =>
      fetch(`${backend}/config`).then(
        ({ ok }) => ok,
        () => false,
      ),
    120_000,
  );
  home.servers.push(
    await listen(proxyPort, (request, reply) => pass(request, reply, home.stack.daemon.url + request.url)),
    await listen(pagePort, (request, reply) => {
      const where = rewrites.find(({ from }) => from.test(request.url.split('?')[0]));
      if (request.url === '/config') return pass(request, reply, `${backend}/config`);
      if (where) return pass(request, reply, home.proxy + request.url);
      return reply
        .writeHead(200, {
          'content-type': 'text/html; charset=utf-8',
          'content-security-policy': `default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; connect-src 'self' ${backend} ${home.proxy}; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; frame-ancestors 'self'; base-uri 'self'`,
          'x-frame-options': 'SAMEORIGIN',
        })
        .end(page(way, new URL(request.url, home.origin).searchParams.has('own') ? '' : home.proxy));
    }),
  );
  return home;
}
async function stopHome(home) {
  for (const server of home.servers) {
    server.closeAllConnections();
    server.close();
  }
  await home.backend?.stop('SIGTERM', 30_000);
  await home.stack?.stop();
  await home.mail?.stop();
}

async function signIn(home, view) {
  if (home.way !== 'mail') {
    await view.evaluate(() => globalThis.login());
    return;
  }
  await view.getByRole('heading', { name: 'Sign in' }).waitFor();
  const before = home.mail.read().length;
  await view.getByLabel('Email').fill('ann@client.test');
  await view.getByRole('button', { name: 'Send me a code' }).click();
  const letter = await until('the code', () =>
    home.mail
      .read()
      .slice(before)
      .find((mail) => /code/.test(mail.subject)),
  );
  await view.getByLabel('Code from the email').fill(codeOf(letter));
  await view.getByRole('button', { name: 'Sign in' }).click();
}

for (const way of ['mail', 'token', 'session'])
  describe(`signing in there by ${way}`, () => {
    let home;
    before(async () => {
      home = await startHome(way);
    });
    after(() => home && stopHome(home));

    for (const [where, search] of [
      ['the page’s own origin', '?own'],
      ['an origin of its own', ''],
    ])
      test(`a session is booked, moved and cancelled, with the API at ${where}`, async () => {
        const view = await browser.page();
        view.setDefaultTimeout(60_000);
        await view.goto(`${home.origin}/${search}`);
        await signIn(home, view);
        await view.locator('[data-start]').last().click();
        await view.getByLabel('Name').fill('Ann');
        await view.getByRole('button', { name: 'Confirm booking' }).click();
        await view.getByRole('heading', { name: /^You’re booked/ }).waitFor();
        await view.getByRole('button', { name: 'My sessions' }).first().click();
        await view
          .getByRole('button', { name: /^Move:/ })
          .first()
          .click();
        await view.locator('[data-start]').last().click();
        await view.getByRole('button', { name: 'Move to this time' }).click();
        await view.getByRole('heading', { name: 'Your session has moved' }).waitFor();
        await view.getByRole('button', { name: 'My sessions' }).first().click();
        await view
          .getByRole('button', { name: /^Cancel:/ })
          .first()
          .click();
        await view.getByRole('button', { name: 'Cancel the session' }).click();
        await view.getByRole('heading', { name: 'Your session is cancelled' }).waitFor();
        const [{ user_id, status }] = home.stack.database.rows(
          'SELECT user_id, status FROM bookingd.appointment ORDER BY created_at DESC LIMIT 1',
        );
        assert.equal(status, 'cancelled');
        assert.match(user_id, way === 'mail' ? /^mail:/ : /^u-ann$/);
        await view.context().close();
      });

    test('a session that a client made up signs nobody in, though the platform took it', async () => {
      const made = crypto.randomUUID();
      const call = (url) => fetch(url, { headers: { 'X-Session-ID': made, 'X-User-ID': 'u-ann' } });
      const { apiBase } = await (await fetch(`${home.origin}/config`)).json();
      for (let turn = 0; turn < 2; turn++) {
        for (const origin of [home.origin, home.proxy])
          assert.equal((await call(`${origin}/booking/user/me`)).status, 401);
        assert.equal((await call(`${apiBase}/auth/me`)).status, 200); // which creates it
      }
      assert.equal(home.stack.database.value(`SELECT count(*) FROM public.sessions WHERE id = '${made}'`), 1);
    });

    if (way === 'session')
      test('doctor takes the query of the recipe, and no query that knows an id made up a second ago', () => {
        const doctor = (query) =>
          runBookingd(['doctor'], {
            env: { ...home.stack.env, ...home.env, AUTH_JWT_SECRET: '', AUTH_SESSION_QUERY: query },
          });
        assert.match(doctor(recipe('SESSION_QUERY')).stdout, /AUTH_SESSION_QUERY can be run/);
        const trusting = 'SELECT coalesce(max(id), $1) AS user_id FROM public.sessions WHERE id = $1';
        const { code, stdout } = doctor(trusting);
        assert.match(stdout, /returns a user for a session id made up a second ago/);
        assert.notEqual(code, 0);
      });
  });
