// Names of zones, and zone data that are replaced while the daemon runs.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { until } from '../harness/child.mjs';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { runFolder } from '../harness/run_folder.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const SYSTEM = '/usr/share/zoneinfo';

/** A folder of zone data of its own: `files` as [name, file of the system's], and what tzdata.zi says. */
function zoneData(files, source) {
  const folder = fs.mkdtempSync(path.join(runFolder(), 'zones-'));
  const install = (name, from) => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.copyFileSync(path.join(SYSTEM, from), `${file}.dpkg-new`);
    fs.renameSync(`${file}.dpkg-new`, file);
  };
  const tell = (text) => fs.writeFileSync(path.join(folder, 'tzdata.zi'), text);
  for (const [name, from] of files) install(name, from);
  tell(source);
  return { folder, install, tell };
}

test('former names of zones are taken, whether the system has files for them or only lists them', async () => {
  const { folder } = zoneData(
    [
      ['America/New_York', 'America/New_York'],
      ['Asia/Kolkata', 'Asia/Kolkata'],
      ['UTC', 'UTC'],
    ],
    '# version 2099a\nL America/New_York US/Eastern\nL Asia/Kolkata Asia/Calcutta\n',
  );
  for (const env of [{}, { TZDIR: folder }]) {
    const stack = await startStack({ env });
    try {
      for (const zone of ['US/Eastern', 'Asia/Calcutta']) {
        const document = { ...openSchedule(), time_zone: zone };
        assertStatus(await stack.coach().put('/coach/damian/schedule', document), 200);
        const found = assertStatus(await stack.client('ann').get(`/booking/availability?tz=${zone}`), 200);
        assert.deepEqual([found.time_zone, found.coach_time_zone], [zone, zone]);
      }
      const wrong = await stack.client('ann').get('/booking/availability?tz=US/Easter');
      assertProblem(wrong, 400, 'bad_parameter', 'tz');
    } finally {
      await stack.stop();
    }
  }
});

test('the log says at the start that zone data are old, and new ones are used without a restart', async () => {
  const { folder, install, tell } = zoneData(
    [['America/Vancouver', 'America/Vancouver']],
    '# version 2001a\n',
  );
  const stack = await startStack({
    document: {
      ...openSchedule(),
      time_zone: 'America/Vancouver',
      weekly: [{ days: ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], from: '09:00', to: '10:00' }],
    },
    env: {
      TZDIR: folder,
      TOKEN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      CALENDAR_ALLOW_PRIVATE: '1',
    },
  });
  // What a further calendar says without a zone goes by the new data, too, though its file stays the same.
  const day = stack.slot(96).slice(0, 10);
  const feed = http.createServer((request, response) =>
    request.headers['if-none-match']
      ? response.writeHead(304).end()
      : response
          .writeHead(200, { etag: '"1"' })
          .end(
            `BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:${day.replaceAll('-', '')}T090000\r\nDURATION:PT30M\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`,
          ),
  );
  try {
    await new Promise((ready) => feed.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${feed.address().port}/`;
    assertStatus(await stack.coach().post('/coach/damian/calendars', { kind: 'ical', url }), 201);
    await stack.daemon.logged('"zone_data"');
    const [warned] = stack.daemon.events('zone_data');
    assert.deepEqual([warned.level, warned.release], ['warning', '2001a']);
    assert.match(warned.detail, /older than the installed package/);
    const starts = async () => {
      const { slots } = assertStatus(await stack.client('ann').get('/booking/availability'), 200);
      return slots.map(({ start }) => start);
    };
    const hours = async () => (await starts()).map((start) => Number(start.slice(11, 13)));
    assert.ok(!(await hours()).includes(0));
    install('America/Vancouver', 'Asia/Tokyo');
    tell('# version 2099a\n');
    await until('the new zone data', async () => (await hours()).includes(0), 60_000);
    const changed = stack.daemon.log
      .map((line) => JSON.parse(line))
      .find(({ event }) => event === 'zone_data_changed');
    assert.deepEqual([changed.release, changed.zones_that_differ], ['2099a', 1]);
    await until(
      'the calendar to be read by it',
      async () => {
        const found = await starts();
        return !found.includes(`${day}T00:00:00Z`) && found.includes(`${day}T00:30:00Z`);
      },
      60_000,
    );
  } finally {
    feed.closeAllConnections();
    feed.close();
    await stack.stop();
  }
});

test('a zone that PostgreSQL does not know keeps nobody from cancelling while somebody waits', async () => {
  const { folder } = zoneData(
    [
      ['America/New_York', 'America/New_York'],
      ['America/Newly_Made', 'America/Santiago'],
      ['UTC', 'UTC'],
    ],
    '# version 2099a\nL America/New_York America/Once_Called\n',
  );
  const stack = await startStack({ env: { TZDIR: folder } });
  const hour = { duration_minutes: 60 };
  try {
    let at = 0;
    /** Whether who waits for these hours is offered a session that begins at this hour of UTC, once it is cancelled. */
    const offered = async (time_zone, clock, wish) => {
      const document = {
        ...openSchedule({ cancel_notice_minutes: 0, min_notice_minutes: 0 }),
        time_zone,
        notices: { quiet: { from: '21:00', to: '08:00' } },
      };
      assertStatus(await stack.coach().put('/coach/damian/schedule', document), 200);
      const start = stack.slot(24 * ++at + clock);
      const [owner, waiting] = [stack.client(`owner-${at}`), stack.client(`waiting-${at}`)];
      const made = assertStatus(await owner.post('/booking/create', { start, ...hour }), 201);
      const from = start;
      const to = stack.slot(24 * at + clock + 1);
      assertStatus(
        await waiting.post('/booking/waitlist', { session_type: 'coaching', from, to, ...hour, ...wish }),
        201,
      );
      assertStatus(await owner.put(`/booking/${made.id}/cancel`, {}), 200);
      return assertStatus(await waiting.get('/booking/waitlist'), 200).waitlist[0].state === 'offered';
    };
    const morning = { between: ['09:00', '12:00'] };
    assert.equal(await offered('America/Newly_Made', 15, {}), true);
    assert.equal(await offered('America/Newly_Made', 15, morning), true);
    assert.equal(await offered('America/Once_Called', 15, morning), true, '10:00 in New York');
    assert.equal(await offered('America/Once_Called', 9, morning), false, '04:00 in New York');
  } finally {
    await stack.stop();
  }
});
