// Files as real programs export them (tests/domain/feeds, with invented people): what we find busy is what two other programs find,
// to the minute. They are kept to what both of those read right: python3-recurring-ical-events 2.0.1 takes a whole day without DTEND
// for nothing, and leaves out an instance that begins at UNTIL.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../harness/run_folder.mjs';

const OUT = path.dirname(path.resolve(process.env.BOOKINGD ?? path.join(ROOT, 'build/bookingd')));
const HERE = path.join(ROOT, 'tests/domain');
const WINDOW = ['2026-02-01', '2026-12-20'].map((day) => String(Date.parse(`${day}T00:00:00Z`) / 1000));

/** file: [what there is to stumble over, times, minutes busy]. */
const FEEDS = {
  apple_all_day: ['whole days every other week, EXDATE of a date', 5, 20160],
  apple_icloud: ['UNTIL in UTC over a change of the clocks, a moved instance', 20, 1800],
  evolution: ['TZID with a path in front', 9, 810],
  exchange_2016: ['Windows zone, a cancelled instance, a rule of years from 2020', 15, 930],
  exchange_customized_zone: ['"Customized Time Zone", known by its VTIMEZONE alone', 23, 2070],
  fastmail: ['southern summer time, three days a week, DURATION', 92, 8280],
  google_calendar: ['two days a week, EXDATE, moved to another day, transparent', 77, 3525],
  google_free_busy: ['only "Busy", in UTC', 5, 450],
  kontact: ['RDATE without a rule, DURATION', 3, 540],
  nextcloud: ['last day of the month, a cancelled instance, DURATION', 10, 1260],
  outlook_com: ['two dates in one EXDATE, free and out of office', 33, 4830],
  outlook_desktop: ['quoted TZID, second Tuesday, whole days by the clock', 12, 3540],
  proton: ['every day over the change of the clocks, and an event in that night', 41, 2490],
  rental_calendar: ['whole days over the change of the clocks, a parameter on PRODID', 2, 11520],
  scheduler_utc: ['many single events, some cancelled', 16, 464],
  school_holidays: ['floating, whole days, every year since 2015', 4, 10170],
  teams_meeting: ['TZID=UTC, every third month, folded lines', 3, 360],
  thunderbird: ['EXDATE in UTC and in the zone, declined', 14, 630],
  yahoo: ['a PRODID that begins with slashes, COUNT', 10, 600],
  zimbra: ['every other week, EXDATE, quoted IANA zone', 17, 510],
  zoho: ['a zone at half an hour, five days a week', 59, 3540],
};

const files = Object.keys(FEEDS).map((name) => path.join(HERE, 'feeds', `${name}.ics`));

function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split('\n');
}

const theirs = run('/usr/bin/python3', [path.join(HERE, 'feeds.py'), ...files]).map((line) =>
  JSON.parse(line),
);
const ours = run(path.join(OUT, 'tests/domain/busy_times'), ['America/New_York', ...WINDOW, ...files]);
const clock = ([start, end]) =>
  `${new Date(start * 60_000).toISOString()} - ${new Date(end * 60_000).toISOString()}`;

Object.entries(FEEDS).forEach(([name, [what, count, minutes]], at) => {
  test(`${name}: ${what}`, () => {
    const [times, told] = ours[at].split(' | ');
    const [result, ...pairs] = times.split(' ');
    assert.equal(result, 'read');
    assert.match(told, /inexact=0 unreadable=0 unknown_zone=- /);
    const found = pairs.map((pair) => pair.split('-').map((second) => second / 60));
    for (const program of ['recurring_ical_events', 'vobject'])
      assert.deepEqual(found.map(clock), theirs[at][program].map(clock), program);
    // So that not all three agree on nothing.
    assert.deepEqual(
      [found.length, found.reduce((sum, [start, end]) => sum + end - start, 0)],
      [count, minutes],
    );
  });
});
