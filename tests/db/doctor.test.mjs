// bookingd doctor: one line a check, with the remedy; exit 1 if any fails.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { Daemon, runBookingd, runBookingdBeside } from '../harness/daemon.mjs';
import http from 'node:http';
import net from 'node:net';
import { createDatabase, stopOwnServer } from '../harness/postgres.mjs';
import { freePort, runFolder } from '../harness/run_folder.mjs';

after(stopOwnServer);

const SECRET = 'a-secret-of-thirty-two-characters-or-more';

/** The findings as { subject: [state, text] }, each line having the form of one. */
function doctor(env) {
  return findings(runBookingd(['doctor'], { env }));
}

/** The same while this process goes on, for what it serves itself. */
async function doctorBeside(env) {
  return findings(await runBookingdBeside(['doctor'], { env }));
}

function findings({ code, stdout, stderr }) {
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => /^(ok|note|FAIL) +(\S+(?: \S+)?) {2,}(.+)$/.exec(line) ?? assert.fail(line));
  const of = (subject) => lines.filter((line) => line[2] === subject).map((line) => `${line[1]} ${line[3]}`);
  return { code, stderr, of, failed: lines.filter((line) => line[1] === 'FAIL').map((line) => line[2]) };
}

test('a good installation has no failure', async () => {
  const database = await createDatabase();
  const { code, stderr, of, failed } = doctor({
    DATABASE_URL: database.url,
    AUTH_JWT_SECRET: SECRET,
    COACH_ID: 'damian',
  });
  assert.deepEqual(failed, []);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.match(of('database')[0], /^ok PostgreSQL 1[5-9]/);
  assert.match(of('zone data')[0], /^(ok|note) release 20\d\d[a-z]/);
  assert.deepEqual(of('btree_gist'), ['ok installed']);
  assert.match(of('schema')[0], /^ok .*up to date/);
  assert.deepEqual(of('clock'), ["ok agrees with the database's"]);
  assert.deepEqual(of('coaches'), ['note damian will be made when the daemon starts']);
  database.drop();
});

test('zone data of a former year, behind the installed package, or of unknown age is noted', () => {
  const folder = fs.mkdtempSync(path.join(runFolder(), 'zones-'));
  const zones = (first) => {
    if (first) fs.writeFileSync(path.join(folder, 'tzdata.zi'), `${first}\n`);
    return doctor({
      DATABASE_URL: 'postgresql://nowhere.invalid/x',
      AUTH_JWT_SECRET: SECRET,
      TZDIR: folder,
    }).of('zone data');
  };
  assert.match(zones()[0], /^FAIL there is none; install the package tzdata/);
  for (const name of ['America/New_York', 'Australia/Lord_Howe']) {
    fs.mkdirSync(path.join(folder, path.dirname(name)));
    fs.copyFileSync(path.join('/usr/share/zoneinfo', name), path.join(folder, name));
  }
  assert.match(zones()[0], /^note release unknown .*install the package tzdata/);
  assert.match(
    zones('# version 1999a')[0],
    /^note release 1999a is older than the installed package tzdata.*\(20\d\d[a-z]+\)/,
  );
  assert.match(zones('# version 2099a')[0], /^ok release 2099a$/);
  assert.match(zones('a line of another kind')[0], /^note release unknown/);
});

test('a coach whose zone is not in the zone data fails: nobody can book them', async () => {
  const TZDIR = fs.mkdtempSync(path.join(runFolder(), 'zones-'));
  const install = (name) => {
    fs.mkdirSync(path.dirname(path.join(TZDIR, name)), { recursive: true });
    fs.copyFileSync(path.join('/usr/share/zoneinfo', name), path.join(TZDIR, name));
  };
  for (const name of ['America/New_York', 'Australia/Lord_Howe']) install(name);
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET, TZDIR };
  assert.equal(runBookingd(['migrate'], { env }).code, 0);
  database.run(
    ['ada America/New_York', 'ben Europe/Berlin']
      .map((coach) => coach.split(' '))
      .map(
        ([id, time_zone]) =>
          `insert into bookingd.coach (id, schedule, feed_token) values ('${id}', '${JSON.stringify({ time_zone })}', '${id}')`,
      )
      .join(';'),
  );
  const { code, of, failed } = doctor(env);
  assert.deepEqual([code, failed.includes('coaches')], [1, true]);
  assert.equal(of('coaches').length, 1);
  assert.match(of('coaches')[0], /^FAIL ben cannot be booked: the zone data has no Europe\/Berlin; /);
  install('Europe/Berlin');
  assert.deepEqual(doctor(env).of('coaches'), ['ok 2']);
  await database.drop();
});

test('without any zone data the daemon says so and ends', () => {
  const env = { DATABASE_URL: 'postgresql://127.0.0.1:1/x', AUTH_JWT_SECRET: SECRET, TZDIR: '/nowhere' };
  assert.deepEqual(runBookingd([], { env }), {
    code: 2,
    stdout: '',
    stderr: 'bookingd: zone data: there is no America/New_York; install the package tzdata, or see TZDIR\n',
  });
});

test('what others hung on our tables is noted: it may refuse a row, and nobody is told why', async () => {
  const database = await createDatabase();
  const env = { DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET };
  assert.equal(runBookingd(['migrate'], { env }).code, 0);
  assert.deepEqual(doctor(env).of('additions'), []);
  database.run(`SET search_path = bookingd, public;
    ALTER TABLE appointment ADD CONSTRAINT has_name CHECK (name <> '');
    CREATE UNIQUE INDEX one_each ON appointment (user_id, starts_at);
    CREATE INDEX for_a_report ON appointment (user_id, created_at);
    CREATE FUNCTION public.told() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER told AFTER INSERT ON appointment FOR EACH ROW EXECUTE FUNCTION public.told()`);
  const { of, code } = doctor(env);
  assert.equal(code, 0);
  assert.deepEqual(
    of('additions').map((line) => /^note (.+) is not of bookingd: /.exec(line)?.[1]),
    ['constraint has_name on appointment', 'index one_each on appointment', 'trigger told on appointment'],
  );
  database.drop();
});

test('an empty database is noted when the daemon will migrate it, and a failure when it will not', async () => {
  const database = await createDatabase({ migrated: false });
  const env = { DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET };
  assert.match(doctor(env).of('schema')[0], /^note version 0 of \d+; the daemon brings it up to date/);
  const manual = doctor({ ...env, MIGRATE: '0' });
  assert.match(manual.of('schema')[0], /^FAIL \d+ migrations? to apply: run bookingd migrate/);
  assert.equal(manual.code, 1);
  database.drop();
});

test('a database that is away fails, with the reason', async () => {
  const { code, of } = doctor({
    DATABASE_URL: `postgresql://u@127.0.0.1:${await freePort()}/x`,
    AUTH_JWT_SECRET: SECRET,
  });
  assert.equal(code, 1);
  assert.match(of('database')[0], /^FAIL .*Connection refused.*DATABASE_URL/);
});

test('a database that takes no writes fails, with the setting that makes it so', async () => {
  const database = await createDatabase();
  database.run(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
  const { code, of } = doctor({ DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET });
  assert.equal(code, 1);
  assert.ok(
    of('database').some((line) => /^FAIL .*takes no writes: default_transaction_read_only/.test(line)),
  );
  database.drop();
});

test('a database of another encoding fails, whose schema an earlier release has made', async () => {
  const utf8 = await createDatabase();
  const database = await createDatabase({ migrated: false, encoding: 'LATIN1' });
  database.run(execFileSync('pg_dump', [utf8.url], { encoding: 'utf8', maxBuffer: 1 << 26 }));
  const { code, of } = doctor({ DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET });
  assert.equal(code, 1);
  assert.match(of('encoding')[0], /^FAIL is LATIN1, so what people write is refused/);
  utf8.drop();
  database.drop();
});

test('a session query is tried: bad SQL and a missing user_id are told', async () => {
  const database = await createDatabase();
  database.run('CREATE TABLE session (id uuid, "user" text)');
  const ask = (query) => doctor({ DATABASE_URL: database.url, AUTH_SESSION_QUERY: query });
  assert.deepEqual(ask('SELECT "user" AS user_id FROM session WHERE id = $1').of('identity'), [
    'ok AUTH_SESSION_QUERY can be run',
  ]);
  assert.match(
    ask('SELECT "user" FROM session WHERE id::text = $1').of('identity')[0],
    /^FAIL .* no column user_id/,
  );
  assert.match(
    ask('SELECT "user" AS user_id FROM sessions WHERE id = $1').of('identity')[0],
    /^FAIL AUTH_SESSION_QUERY: .*42P01/,
  );
  assert.match(ask("SELECT 1 AS user_id WHERE $1 = ''; DROP TABLE session").of('identity')[0], /^FAIL/);
  assert.equal(database.value("SELECT to_regclass('session') IS NOT NULL"), true);
  database.drop();
});

test('a public key that the daemon would not start with fails, and a private one is called that', () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const whole = publicKey.export({ type: 'spki', format: 'pem' });
  const verdict = (AUTH_JWT_PUBLIC_KEY) =>
    doctor({ DATABASE_URL: BASE.DATABASE_URL, AUTH_JWT_PUBLIC_KEY }).of('identity')[0];
  assert.match(verdict(whole), /^ok bearer tokens/);
  assert.match(verdict(whole.slice(0, 90)), /^FAIL AUTH_JWT_PUBLIC_KEY is no public key/);
  const secret = privateKey.export({ type: 'pkcs8', format: 'pem' });
  assert.match(verdict(secret), /^FAIL AUTH_JWT_PUBLIC_KEY is a private key/);
});

test('without any way to sign in, or with a guessable secret, it says so', async () => {
  const database = await createDatabase();
  assert.match(doctor({ DATABASE_URL: database.url }).of('identity')[0], /^note nobody can sign in/);
  const short = runBookingd(['doctor'], { env: { DATABASE_URL: database.url, AUTH_JWT_SECRET: 'short' } });
  assert.deepEqual([short.code, short.stderr], [2, 'AUTH_JWT_SECRET: must be 32 bytes or more\n']);
  for (const weak of [
    'secretsecretsecretsecretsecretsecret',
    'change-me-change-me-Please-now-0123',
    'your-256-bit-secret-your-256-bit-secret',
    'supersecretkeythatislongenough1234567',
  ]) {
    const { code, stdout } = runBookingd(['doctor'], {
      env: { DATABASE_URL: database.url, AUTH_JWT_SECRET: weak, PORT: '0' },
    });
    assert.equal(code, 1);
    assert.match(stdout, /^FAIL +identity +AUTH_JWT_SECRET can be guessed: .*openssl rand -base64 32$/m);
    assert.ok(!stdout.includes(weak));
  }
  database.drop();
});

test('keys and hooks’ secrets that can be guessed fail as well, and drawn ones do not', () => {
  const base64 = (bytes) => Buffer.from(bytes).toString('base64');
  const secrets = (env) => doctor({ ...BASE, PORT: '0', ...env }).of('secrets');
  const WEBHOOK_URL = 'https://example.org/hook';
  const drawn = () => crypto.randomBytes(32).toString('base64');
  for (const weak of [
    'secretsecretsecretsecretsecretse',
    'changeme, said the key of AES 32',
    Array.from({ length: 32 }, (_, i) => i),
  ].map(base64)) {
    for (const key of [weak, `${drawn()},${weak}`]) {
      const [line] = secrets({ TOKEN_ENCRYPTION_KEY: key });
      assert.match(line, /^FAIL TOKEN_ENCRYPTION_KEY can be guessed: .*openssl rand -base64 32.*rekey$/);
      assert.ok(!line.includes(weak));
    }
    for (const secret of [`whsec_${weak}`, `whsec_${drawn()} whsec_${weak}`])
      assert.match(
        secrets({ WEBHOOK_URL, WEBHOOK_SECRET: secret })[0],
        /^FAIL WEBHOOK_SECRET can be guessed/,
      );
  }
  for (const weak of ['password-of-the-mail-hook', 'abcdefghijklmnopqrstuvwx'])
    assert.match(secrets({ MAIL_HOOK_SECRET: weak })[0], /^FAIL MAIL_HOOK_SECRET can be guessed/);
  assert.match(
    doctor({ ...BASE, AUTH_JWT_SECRET: 'abcdefghijklmnopqrstuvwxyz0123456789' }).of('identity')[0],
    /^FAIL AUTH_JWT_SECRET can be guessed/,
  );
  for (let i = 0; i < 5; i++)
    assert.deepEqual(
      secrets({
        TOKEN_ENCRYPTION_KEY: drawn(),
        WEBHOOK_URL,
        WEBHOOK_SECRET: `whsec_${drawn()}`,
        MAIL_HOOK_SECRET: crypto.randomBytes(16).toString('hex'),
      }),
      [],
    );
});

const BASE = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none', AUTH_JWT_SECRET: SECRET };

test('names that look like settings and are none fail, with what was meant', () => {
  const env = {
    ...BASE,
    RATELIMIT_BOOK: '3',
    AUTH_JWT_ISSUR: 'x',
    LOG_LEVEL_FILE: '/x',
    AUTH_JWT_REALM: 'x',
    TOKEN_ENCRYPTOIN_KEY: 'x',
    GOOGLE_SERVICE_ACCOUNT: 'x',
    MAIL_PASS: 'x',
    METRICS_ADDR: 'x',
    CORS_ORIGINS: 'x',
    TRUSTED_PROXIES: '1',
    rate_limit_read: '3',
    Coach_Emial: 'x',
  };
  // What other programs have.
  const others = {
    GOOGLE_APPLICATION_CREDENTIALS: '/x',
    PORTS: '1',
    POSTGRES_USER: 'x',
    MAIL: '/x',
    AUTH_URL: 'x',
  };
  const lines = doctor({ ...env, ...others, no_proxy: '*' })
    .of('settings')
    .sort();
  assert.deepEqual(lines, [
    'FAIL AUTH_JWT_ISSUR is not a setting; did you mean AUTH_JWT_ISSUER?',
    'FAIL AUTH_JWT_REALM is not a setting; see bookingd --help',
    'FAIL CORS_ORIGINS is not a setting; see bookingd --help',
    'FAIL Coach_Emial is not a setting; did you mean COACH_EMAIL?',
    'FAIL GOOGLE_SERVICE_ACCOUNT is not a setting; did you mean GOOGLE_SERVICE_ACCOUNT_KEY?',
    'FAIL LOG_LEVEL_FILE is not a setting; did you mean LOG_LEVEL?',
    'FAIL MAIL_PASS is not a setting; did you mean MAIL_PASSWORD?',
    'FAIL METRICS_ADDR is not a setting; did you mean METRICS_ADDRESS?',
    'FAIL RATELIMIT_BOOK is not a setting; did you mean RATE_LIMIT_BOOK?',
    'FAIL TOKEN_ENCRYPTOIN_KEY is not a setting; did you mean TOKEN_ENCRYPTION_KEY?',
    'FAIL TRUSTED_PROXIES is not a setting; see bookingd --help',
    'FAIL rate_limit_read is not a setting; did you mean RATE_LIMIT_READ?',
  ]);
  assert.deepEqual(doctor(BASE).of('settings'), ['ok every name is known']);
  assert.match(doctor(BASE).of('origins').join(), /^note CORS_ALLOWED_ORIGINS is empty/);
  const sites = {
    CORS_ALLOWED_ORIGINS: 'https://site.test',
    FRAME_ALLOWED_ORIGINS: 'https://frame.test',
    REDIRECT_ALLOWED_ORIGINS: 'https://thanks.test',
  };
  assert.deepEqual(doctor({ ...BASE, ...sites }).of('origins'), [
    'ok pages of https://site.test may show the widget (CORS_ALLOWED_ORIGINS)',
    'ok https://frame.test may show the booking page in a frame (FRAME_ALLOWED_ORIGINS)',
    'ok https://thanks.test may be led to once a session is booked (REDIRECT_ALLOWED_ORIGINS)',
  ]);
});

test('a port that another program has fails', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address();
  assert.match(
    doctor({ ...BASE, PORT: String(port) }).of('port')[0],
    /^FAIL 127\.0\.0\.1 port \d+ is taken by another program/,
  );
  const figures = (METRICS_ADDRESS) => doctor({ ...BASE, PORT: '0', METRICS_ADDRESS }).of('port')[0];
  assert.match(figures(`127.0.0.1:${port}`), /^FAIL .* is taken by another program; set METRICS_ADDRESS$/);
  assert.match(
    doctor({ ...BASE, PORT: '1234', METRICS_ADDRESS: '0.0.0.0:1234' }).of('port')[1],
    /^FAIL METRICS_ADDRESS and PORT are both port 1234/,
  );
  await new Promise((resolve) => other.close(resolve));
  assert.match(doctor({ ...BASE, PORT: String(port) }).of('port')[0], /^ok .* is free$/);
  assert.match(figures(`127.0.0.1:${port}`), /^ok .* is free$/);
  assert.match(
    doctor({ ...BASE, BIND_ADDRESS: '192.0.2.7' }).of('port')[0],
    /^FAIL .*Cannot assign requested address/,
  );
});

test('the port that our own daemon has is no failure', async () => {
  const database = await createDatabase();
  const METRICS_ADDRESS = `127.0.0.1:${await freePort()}`;
  const daemon = await Daemon.start({
    env: { DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET, METRICS_ADDRESS },
  });
  const found = await doctorBeside({ ...BASE, PORT: String(daemon.port), METRICS_ADDRESS });
  for (const line of found.of('port'))
    assert.match(line, /^ok .*bookingd is running there; a second one needs another (PORT|METRICS_ADDRESS)/);
  assert.equal(found.of('port').length, 2);
  await daemon.stop();
  database.drop();
});

test('an address that is reached from outside needs its proxies counted', () => {
  const proxies = (env) => doctor({ ...BASE, PORT: '0', ...env }).of('proxies')[0];
  assert.match(proxies({}), /^ok none/);
  assert.match(proxies({ PUBLIC_URL: 'https://book.example.org' }), /^FAIL .*set it to 1/);
  assert.match(proxies({ BIND_ADDRESS: '0.0.0.0' }), /^FAIL 0\.0\.0\.0 can be reached from outside/);
  assert.match(proxies({ BIND_ADDRESS: '::' }), /^FAIL/);
  assert.match(proxies({ BIND_ADDRESS: '10.1.2.3' }), /^ok/);
  assert.match(proxies({ BIND_ADDRESS: '0.0.0.0', TRUSTED_PROXY_HOPS: '1' }), /^ok 1 in front/);
});

test('links in clear are noted', () => {
  const found = doctor({
    ...BASE,
    PUBLIC_URL: 'http://book.example',
    MANAGE_URL: 'http://book.example/{id}',
    SIGN_IN_URL: 'http://127.0.0.1:3000/sign-in',
  });
  assert.deepEqual(
    found.of('links').map((line) => line.split(' ').slice(0, 2).join(' ')),
    ['note PUBLIC_URL', 'note MANAGE_URL'],
  );
});

test('a JWKS that is away, none, or without a usable key fails; without an audience it is noted', async () => {
  let reply = '{"keys":[]}';
  const provider = http.createServer((_, response) => response.end(reply)).listen(0, '127.0.0.1');
  await new Promise((resolve) => provider.once('listening', resolve));
  const env = {
    ...BASE,
    AUTH_JWT_SECRET: undefined,
    AUTH_JWKS_URL: `http://127.0.0.1:${provider.address().port}/`,
  };
  const identity = async (more) => (await doctorBeside({ ...env, ...more })).of('identity');
  assert.match((await identity({ AUTH_JWT_AUDIENCE: 'us' }))[0], /^FAIL AUTH_JWKS_URL: none of its keys/);
  reply = 'hello';
  assert.match(
    (await identity({ AUTH_JWT_AUDIENCE: 'us' }))[0],
    /^FAIL AUTH_JWKS_URL: .*not a JSON Web Key Set/,
  );
  assert.match((await identity({}))[1], /^note AUTH_JWT_AUDIENCE is not set/);
  await new Promise((resolve) => provider.close(resolve));
  assert.match((await identity({ AUTH_JWT_AUDIENCE: 'us' }))[0], /^FAIL AUTH_JWKS_URL: /);
});

test('a receiver that nobody can reach fails, one in a private network unless that is allowed, and is told nothing', async () => {
  const asked = [];
  const receiver = http.createServer((request, response) => {
    asked.push(request.method);
    response.writeHead(405).end();
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${receiver.address().port}/hook`;
  const WEBHOOK_SECRET = `whsec_${crypto.randomBytes(32).toString('base64')}`;
  const receivers = async (env) =>
    (await doctorBeside({ ...BASE, PORT: '0', WEBHOOK_SECRET, ...env })).of('receivers');
  const hook = { WEBHOOK_URL: at, WEBHOOK_ALLOW_PRIVATE: '1' };
  const texts = { SMS_URL: at, SMS_USER: 'u', SMS_PASSWORD: 'p', SMS_FROM: '+15550100' };
  assert.deepEqual(await receivers({ ...hook, ...texts }), ['ok WEBHOOK_URL answers', 'ok SMS_URL answers']);
  assert.match(
    (await receivers({ WEBHOOK_URL: at.replace('http:', 'https:') }))[0],
    /^FAIL WEBHOOK_URL: .*; a receiver in a private network needs WEBHOOK_ALLOW_PRIVATE=1$/,
  );
  assert.deepEqual(asked, ['GET', 'GET']);
  await new Promise((resolve) => receiver.close(resolve));
  for (const line of await receivers({ ...hook, ...texts }))
    assert.match(line, /^FAIL (WEBHOOK|SMS)_URL: .*; see that its server runs, and what stands between$/);
  assert.deepEqual(await receivers({}), []);
});

test('several hosts without ports are asked at the usual one', () => {
  for (const url of ['postgresql://nobody@127.0.0.1,127.0.0.1/none', 'host=127.0.0.1,127.0.0.1 user=nobody'])
    assert.match(
      doctor({ DATABASE_URL: url, AUTH_JWT_SECRET: SECRET }).of('database')[0],
      /, port 5432 failed: /,
    );
});

test('several hosts without a wish for one that takes writes fail', async () => {
  const database = await createDatabase();
  const url = new URL(database.url);
  const two = (query) => database.url.replace(url.host, `${url.host},127.0.0.1:1`) + query;
  assert.match(
    doctor({ DATABASE_URL: two(''), AUTH_JWT_SECRET: SECRET }).of('database')[1],
    /^FAIL .*2 hosts without target_session_attrs/,
  );
  assert.equal(
    doctor({ DATABASE_URL: two('?target_session_attrs=read-write'), AUTH_JWT_SECRET: SECRET }).of('database')
      .length,
    1,
  );
  database.drop();
});

test('when the role may not have the connections of one daemon it fails, and else says for how many there is room', async () => {
  const database = await createDatabase();
  const connections = (env) =>
    doctor({ DATABASE_URL: database.url, AUTH_JWT_SECRET: SECRET, ...env }).of('connections')[0];
  assert.match(connections({}), /^ok a daemon takes up to 20; .* room for \d+ daemons?$/);
  assert.match(
    connections({
      GOOGLE_OAUTH_CLIENT_ID: 'x',
      GOOGLE_OAUTH_CLIENT_SECRET: 'x',
      TOKEN_ENCRYPTION_KEY: crypto.randomBytes(32).toString('base64'),
    }),
    /^ok a daemon takes up to 20; /,
  );
  assert.match(
    connections({ WORKERS: '256', LISTING_WORKERS: '256' }),
    /^FAIL a daemon takes up to 517; of max_connections = \d+ this role may have \d+/,
  );
  database.run(`ALTER DATABASE ${database.name} CONNECTION LIMIT 11`);
  assert.match(connections({}), /^FAIL .*this role may have 11,/);
  database.drop();
});
