// What an operator's Prometheus makes of /metrics: promtool takes the rules, each alert fires once, and every expression of
// the dashboard is parsed and finds a series. The figures come from the daemon's own METRICS_ADDRESS; to fire an alert
// a stand-in serves them again with single values changed, so a rule that names what is not there never fires.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Child, until } from '../harness/child.mjs';
import { ROOT, freePort, temporaryFolder } from '../harness/run_folder.mjs';
import { startStack } from '../harness/stack.mjs';

const RULES = path.join(ROOT, 'config/alerts.yml');
const DASHBOARD = path.join(ROOT, 'config/dashboard.json');
const missing = ['/usr/bin/prometheus', '/usr/bin/promtool'].filter((file) => !fs.existsSync(file));
const skip = missing.length ? `${missing.join(', ')} not installed` : false;

let stack, metricsPort, prometheus, api, standIn;
let changed = (text) => text;

/** Replaces the value of each series that `pattern` matches; there must be one. */
function put(text, pattern, value) {
  const lines = text.split('\n');
  let found = 0;
  const out = lines.map((line) => {
    if (line.startsWith('#') || !pattern.test(line)) return line;
    found++;
    return line.replace(
      / [^ ]+$/,
      ` ${typeof value === 'function' ? value(Number(line.split(' ').at(-1))) : value}`,
    );
  });
  assert.ok(found > 0, `the daemon shows no series like ${pattern}`);
  return out.join('\n');
}

const own = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();

async function query(expression) {
  const reply = await fetch(`${api}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const body = await reply.json();
  assert.equal(body.status, 'success', `${expression}: ${JSON.stringify(body)}`);
  return body.data.result;
}

const firing = async () => {
  const { data } = await (await fetch(`${api}/api/v1/alerts`)).json();
  return new Set(data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname));
};

before(async () => {
  if (skip) return;
  metricsPort = await freePort();
  stack = await startStack({ google: 'delegated', env: { METRICS_ADDRESS: `127.0.0.1:${metricsPort}` } });
  const ann = stack.client('ann');
  const booked = await ann.post('/booking/create', { start: stack.slot(3), duration_minutes: 30 });
  assert.equal(booked.status, 201);
  await ann.get('/booking/availability?duration=30');
  assert.equal((await stack.stranger().get('/booking/user/me', { authorization: 'Bearer x' })).status, 401);

  standIn = http.createServer(async (_, reply) => {
    const text = changed(await own());
    reply.writeHead(text === null ? 500 : 200, { 'content-type': 'text/plain; version=0.0.4' });
    reply.end(text ?? '');
  });
  await new Promise((resolve) => standIn.listen(0, '127.0.0.1', resolve));

  const folder = temporaryFolder('prometheus');
  // The same rules with nothing to wait for.
  const rules = fs
    .readFileSync(RULES, 'utf8')
    .replace(/^ *for: .*\n/gm, '')
    .replace(/\[\d+m\]/g, '[1m]');
  fs.writeFileSync(path.join(folder, 'alerts.yml'), rules);
  fs.writeFileSync(
    path.join(folder, 'prometheus.yml'),
    `global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [alerts.yml]
scrape_configs:
  - job_name: bookingd
    static_configs: [{targets: ['127.0.0.1:${metricsPort}', '127.0.0.1:${standIn.address().port}']}]
`,
  );
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  prometheus = new Child(
    '/usr/bin/prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { name: 'prometheus' },
  );
  await until(
    'Prometheus to scrape both',
    async () => {
      try {
        return (await query('up{job="bookingd"} == 1')).length === 2;
      } catch {
        return false;
      }
    },
    60_000,
  );
});

after(async () => {
  if (skip) return;
  await prometheus.stop('SIGTERM', 30_000);
  standIn.closeAllConnections();
  standIn.close();
  await stack.stop();
});

test('promtool takes the rules', { skip }, () => {
  const out = execFileSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' });
  assert.match(out, /SUCCESS: \d+ rules found/);
});

test('only /metrics is at METRICS_ADDRESS, and it is nowhere else', { skip }, async () => {
  assert.equal((await fetch(`http://127.0.0.1:${metricsPort}/booking/availability`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).status, 200);
  assert.equal((await stack.daemon.client.get('/metrics')).status, 404);
});

test('promtool parses every expression of the dashboard, and each finds a series', { skip }, async () => {
  const { panels } = JSON.parse(fs.readFileSync(DASHBOARD, 'utf8'));
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  assert.ok(expressions.length >= 20);
  const file = path.join(temporaryFolder('dashboard'), 'rules.yml');
  const quoted = (text) => `'${text.replaceAll("'", "''")}'`;
  fs.writeFileSync(
    file,
    `groups:\n- name: dashboard\n  rules:\n${expressions
      .map((expr, i) => `  - {record: 'dashboard:${i}', expr: ${quoted(expr)}}\n`)
      .join('')}`,
  );
  execFileSync('promtool', ['check', 'rules', '--lint=none', file], { encoding: 'utf8' });
  for (const expression of expressions)
    await until(`a series of ${expression}`, async () => (await query(expression)).length > 0, 60_000);
});

test('nothing is wrong, and no alert fires', { skip }, async () => {
  await until(
    'two evaluations',
    async () => (await query('count_over_time(up{job="bookingd"}[10s]) >= 3')).length > 0,
    60_000,
  );
  assert.deepEqual([...(await firing())], []);
});

let count = 0;
const growing = () => (count += 50);
const ALERTS = {
  BookingdDown: () => null,
  BookingdDatabaseDown: (text) => put(text, /^bookingd_database_up /, 0),
  BookingdDatabaseTrouble: (text) => put(text, /^bookingd_database_trouble{state="disk_full"}/, 1),
  BookingdSchemaUnsound: (text) => put(text, /^bookingd_schema_sound /, 0),
  BookingdErrors: (text) => {
    const grown = growing();
    const line = `bookingd_http_requests_total{method="GET",route="/x",code="500"} ${grown}`;
    return put(text, /^bookingd_http_requests_total/, (value) => value).replace(
      /^(# TYPE bookingd_http_requests_total counter)$/m,
      `$1\n${line}`,
    );
  },
  BookingdSlow: (text) => {
    const grown = growing();
    return put(
      put(
        text,
        /^bookingd_http_request_seconds_bucket{.*"\/booking\/availability".*le="(10|\+Inf)"/,
        () => grown,
      ),
      /^bookingd_http_request_seconds_count{.*"\/booking\/availability"/,
      () => grown,
    );
  },
  BookingdWaiting: (text) => put(text, /^bookingd_lane_waiting{lane="database"}/, 100),
  BookingdCalendarBehind: (text) => put(text, /^bookingd_calendar_debt_age_seconds /, 3600),
  BookingdCalendarFailing: (text) => put(text, /^bookingd_calendar_state{state="failing"}/, 1),
  BookingdMailsLate: (text) => put(text, /^bookingd_notices_owed_age_seconds /, 3600),
  BookingdMailsRefused: (text) => put(text, /^bookingd_notices_failed /, 3),
  BookingdWebhooksLate: (text) => put(text, /^bookingd_webhook_owed_age_seconds /, 3600),
  BookingdWebhooksGivenUp: (text) => put(text, /^bookingd_webhooks_disabled /, 1),
  BookingdCalendarsUnread: (text) => put(text, /^bookingd_busy_sources_failing /, 1),
  BookingdConnectionsLost: (text) => put(text, /^bookingd_database_lost_total /, growing),
  BookingdRestarts: (text) => put(text, /^process_start_time_seconds /, growing),
};

test('every alert fires when it should', { skip }, async () => {
  const named = [...fs.readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  assert.deepEqual(named.toSorted(), Object.keys(ALERTS).toSorted());
  for (const name of named) {
    changed = ALERTS[name];
    await until(`${name} to fire`, async () => (await firing()).has(name), 90_000);
  }
  changed = (text) => text;
});
