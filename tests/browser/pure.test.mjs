// The parts of the pages that need no page: the tables of words, the arithmetic of hours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en as coachEn } from '../../src/web/coach/words-en.js';
import { words as coachFr } from '../../src/web/coach/words-fr.js';
import { words as coachPl } from '../../src/web/coach/words-pl.js';
import {
  changeDate,
  changeWeekly,
  closed,
  hoursOf,
  inHours,
  opened,
  stretchOf,
  stretchesOn,
  weeklyDocument,
  weeklyLists,
  withBlock,
  withoutBlock,
} from '../../src/web/coach/time.js';
import { format, formatRange, zoneText } from '../../src/web/widget/time.js';
import { numberText } from '../../src/web/coach/number.js';
import { explain } from '../../src/web/widget/calls.js';
import { Panel } from '../../src/web/widget/panel.js';
import { translator } from '../../src/web/widget/translate.js';
import { en as enFirst } from '../../src/web/widget/words-en.js';
import { enMore } from '../../src/web/widget/words-en-more.js';
import { words as fr } from '../../src/web/widget/words-fr.js';
import { words as pl } from '../../src/web/widget/words-pl.js';
import { calendarText } from '../../src/web/widget/session.js';
import { findZones, zoneIndex } from '../../src/web/widget/zone_picker.js';
import { accentRoles, colour, contrast } from '../../src/web/design/accent.js';
import fs from 'node:fs';

const clientWords = { en: { ...enFirst, ...enMore }, fr, pl };
const coachWords = { en: coachEn, fr: coachFr, pl: coachPl };

test('every language has every word, with the same places to fill in', () => {
  const places = (text) => [...new Set(JSON.stringify(text).match(/\{\w+\}/g) ?? [])].sort();
  for (const table of [clientWords, coachWords]) {
    for (const [language, words] of Object.entries(table)) {
      assert.deepEqual(Object.keys(words).sort(), Object.keys(table.en).sort(), language);
      for (const [key, text] of Object.entries(words))
        assert.deepEqual(places(text), places(table.en[key]), `${language}: ${key}`);
    }
  }
});

test('the coach’s words for what any calendar may say do not speak of Google', () => {
  for (const [language, words] of Object.entries(coachWords)) {
    const told = ['kindBusy', 'by_calendar', 'eventFailed', 'eventConflict'].map((key) => words[key]);
    for (const text of [...told, words.codes.calendar_busy ?? ''])
      assert.doesNotMatch(text, /Google/, language);
  }
});

test('a language brought by the host page falls back to English word by word, and plurals are its own', () => {
  const t = translator(
    { ...clientWords, pl: { times: { one: '{n} termin', few: '{n} terminy', other: '{n} terminów' } } },
    'pl',
  );
  assert.deepEqual(
    [t('times', { n: 1 }), t('times', { n: 3 }), t('times', { n: 5 }), t('close')],
    ['1 termin', '3 terminy', '5 terminów', 'Close'],
  );
});

test('a limit of a day is told by the sentence that names it, one of a minute by its seconds', () => {
  const problem = (retry_after) => ({
    code: 'rate_limited',
    status: 429,
    retry_after,
    detail: 'Too many guests.',
  });
  const said = (table, language, wait) => explain(problem(wait), translator(table, language));
  for (const table of [clientWords, coachWords]) {
    assert.equal(said(table, 'en', 3600), 'Too many guests.');
    for (const language of ['fr', 'pl'])
      assert.equal(said(table, language, 3600), table[language].codes.rate_limited);
    for (const language of ['en', 'fr', 'pl']) assert.match(said(table, language, 7), /7/);
  }
});

test('no refusal that a client can meet, and nothing said of the coach’s calendar, is told in English elsewhere', () => {
  const header = fs.readFileSync(new URL('../../include/domain/refusal.h', import.meta.url), 'utf8');
  const rules = [...header.matchAll(/X\([A-Z_]+, (\w+), \d{3},/g)].map(([, code]) => code);
  assert.ok(rules.length > 20, rules.join(' '));
  const coachOnly = ['not_started']; // only a coach says who has come
  const others = ['series_conflict', 'invalid_field'];
  const met = [...rules, ...others].filter((code) => !coachOnly.includes(code));
  for (const words of [fr, pl])
    assert.deepEqual(
      met.filter((code) => !words.codes[code]),
      [],
      words.language,
    );
  for (const language of ['fr', 'pl']) assert.ok(coachWords[language].codes.invalid_field, language);
  const said = (language) =>
    calendarText(translator(clientWords, language), { calendar: { detail: 'No link.' } });
  assert.equal(said('en'), 'No link.');
  for (const language of ['fr', 'pl']) assert.doesNotMatch(said(language), /No link/);
  assert.ok(!calendarText(translator(clientWords, 'fr'), { calendar: { state: 'synced' } }));
});

test('a zone is told by its city and its distance, UTC by its name alone', () => {
  const winter = Date.UTC(2026, 11, 1);
  assert.equal(zoneText('America/New_York', winter), 'New York (UTC−5)');
  assert.equal(zoneText('Asia/Kathmandu', winter), 'Kathmandu (UTC+5:45)');
  assert.equal(zoneText('Europe/London', winter), 'London (UTC)');
  assert.equal(zoneText('UTC', winter), 'UTC');
});

test('hours to stretches and back, past midnight and to it', () => {
  for (const hours of [
    { from: '09:00', to: '17:00' },
    { from: '22:00', to: '02:00' },
    { from: '00:00', to: '24:00' },
    { from: '12:15', to: '24:00' },
  ])
    assert.deepEqual(hoursOf(stretchOf(hours)), hours);
});

test('opening joins what touches, closing cuts', () => {
  assert.deepEqual(opened([{ from: 540, to: 720 }], 720, 780), [{ from: 540, to: 780 }]);
  assert.deepEqual(opened([{ from: 540, to: 720 }], 800, 860), [
    { from: 540, to: 720 },
    { from: 800, to: 860 },
  ]);
  assert.deepEqual(closed([{ from: 540, to: 1020 }], 720, 780), [
    { from: 540, to: 720 },
    { from: 780, to: 1020 },
  ]);
  assert.deepEqual(closed([{ from: 540, to: 1020 }], 0, 1440), []);
});

test('the weekly document keeps its meaning through the lists', () => {
  const weekly = [
    { days: ['MO', 'TU'], from: '09:00', to: '17:00' },
    { days: ['FR'], from: '22:00', to: '02:00' },
  ];
  assert.deepEqual(weeklyDocument(weeklyLists(weekly)), weekly);
});

test('closing the hours after midnight cuts those of the evening before', () => {
  const lists = weeklyLists([{ days: ['SU'], from: '22:00', to: '03:00' }]);
  assert.deepEqual(weeklyDocument(changeWeekly(lists, 0, 30, 60, false)), [
    { days: ['MO'], from: '01:00', to: '03:00' },
    { days: ['SU'], from: '22:00', to: '00:30' },
  ]);
});

test('a date’s own hours begin with those it has, and nothing changes where nothing is open', () => {
  const schedule = { weekly: [{ days: ['TU'], from: '09:00', to: '17:00' }], overrides: [], blocked: [] };
  const next = changeDate(schedule, '2026-11-24', 540, 720, false);
  assert.deepEqual(next.overrides, [{ date: '2026-11-24', intervals: [{ from: '12:00', to: '17:00' }] }]);
  assert.deepEqual(stretchesOn(next, '2026-11-24'), [{ from: 720, to: 1020 }]);
  assert.equal(changeDate(schedule, '2026-11-25', 540, 720, false), null);
  const night = { ...schedule, weekly: [{ days: ['MO'], from: '20:00', to: '04:00' }] };
  assert.deepEqual(changeDate(night, '2026-11-24', 0, 60, false).overrides, [
    { date: '2026-11-23', intervals: [{ from: '20:00', to: '24:00' }] },
    { date: '2026-11-24', intervals: [{ from: '01:00', to: '04:00' }] },
  ]);
});

test('unblocking a day in the middle leaves both sides blocked', () => {
  const schedule = withBlock({ blocked: [] }, '2026-12-20', '2026-12-31', 'holidays');
  assert.deepEqual(withoutBlock(schedule, '2026-12-24', '2026-12-25').blocked, [
    { from: '2026-12-20', to: '2026-12-24', reason: 'holidays' },
    { from: '2026-12-25', to: '2026-12-31', reason: 'holidays' },
  ]);
});

test('a time zone is found by city, country, state and abbreviation, the best first', () => {
  const index = zoneIndex('en', Date.UTC(2026, 11, 1), []);
  const first = (typed) => findZones(index, typed)[0]?.zone;
  for (const [typed, zone] of [
    ['india', 'Asia/Kolkata'],
    ['mumbai', 'Asia/Kolkata'],
    ['gmt', 'Europe/London'],
    ['california', 'America/Los_Angeles'],
    ['Germany', 'Europe/Berlin'],
    ['new york', 'America/New_York'],
    ['pst', 'America/Los_Angeles'],
    ['tokyo', 'Asia/Tokyo'],
    ['São Paulo', 'America/Sao_Paulo'],
    ['kath', 'Asia/Kathmandu'],
    ['united states', 'America/New_York'],
    ['texas', 'America/Chicago'],
    ['ontario', 'America/Toronto'],
    ['utc', 'UTC'],
    // every country, and what it is called besides its name
    ['usa', 'America/New_York'],
    ['UAE', 'Asia/Dubai'],
    ['Turkey', 'Europe/Istanbul'],
    ['Holland', 'Europe/Amsterdam'],
    ['Great Britain', 'Europe/London'],
    ['Madagascar', 'Indian/Antananarivo'],
    ['Bosnia', 'Europe/Sarajevo'],
    ['Congo', 'Africa/Brazzaville'],
    ['Rwanda', 'Africa/Kigali'],
    ['Bali', 'Asia/Makassar'],
    // as those who live there call them, and as neighbours do
    ['Praha', 'Europe/Prague'],
    ['Wien', 'Europe/Vienna'],
    ['München', 'Europe/Berlin'],
    ['Köln', 'Europe/Berlin'],
    ['Roma', 'Europe/Rome'],
    ['Firenze', 'Europe/Rome'],
    ['Warszawa', 'Europe/Warsaw'],
    ['Łódź', 'Europe/Warsaw'],
    ['Lisboa', 'Europe/Lisbon'],
    ['København', 'Europe/Copenhagen'],
    ['Moskva', 'Europe/Moscow'],
    ['Москва', 'Europe/Moscow'],
    ['Київ', 'Europe/Kyiv'],
    ['Αθήνα', 'Europe/Athens'],
    ['Genève', 'Europe/Zurich'],
    ['Bruxelles', 'Europe/Brussels'],
    ['București', 'Europe/Bucharest'],
    ['Göteborg', 'Europe/Stockholm'],
    ['東京', 'Asia/Tokyo'],
    ['القاهرة', 'Africa/Cairo'],
    ['Londres', 'Europe/London'],
  ])
    assert.equal(first(typed), zone, typed);
  assert.deepEqual(findZones(index, ''), []);
  assert.deepEqual(findZones(index, 'qqqq'), []);
  const german = zoneIndex('de', Date.UTC(2026, 11, 1), []);
  assert.equal(findZones(german, 'Deutschland')[0].zone, 'Europe/Berlin');
  assert.equal(findZones(german, 'indien')[0].zone, 'Asia/Kolkata');
});

/** The tokens of tokens.css as {name: {light, dark}}. */
function tokens() {
  const text = fs.readFileSync(new URL('../../src/web/design/tokens.css', import.meta.url), 'utf8');
  const long = (hex) => (hex.length === 4 ? '#' + [...hex.slice(1)].map((c) => c + c).join('') : hex);
  return Object.fromEntries(
    [...text.matchAll(/--([\w-]+): (?:light-dark\((#\w+), (#\w+)\)|(#\w+));/g)].map(
      ([, name, light, dark, both]) => [name, { light: long(light ?? both), dark: long(dark ?? both) }],
    ),
  );
}

test('every pair of colours that meets has its contrast, light and dark, with any accent', () => {
  const of = (a, b) => contrast(colour(a), colour(b));
  const base = tokens();
  for (const accent of [
    base.accent.light,
    '#ffff00',
    '#000000',
    '#ffffff',
    '#777777',
    '#ff0000',
    '#00ff00',
    '#123456',
  ]) {
    const roles = accentRoles(accent);
    for (const theme of ['light', 'dark']) {
      const token = (name) =>
        ({
          accent: roles.accent,
          'accent-ink': roles.ink,
          'accent-strong': roles.strong[theme],
          'accent-tint': roles.tint[theme],
        })[name] ?? base[name][theme];
      for (const [text, ground, least] of [
        ['ink', 'paper', 7],
        ['ink', 'canvas', 7],
        ['ink-2', 'paper', 7],
        ['ink-2', 'canvas', 4.5],
        ['ink-3', 'paper', 4.5],
        ['ink-3', 'canvas', 4.5],
        ['accent-ink', 'accent', 4.5],
        ['accent-strong', 'paper', 4.5],
        ['accent-strong', 'canvas', 4.5],
        ['accent-strong', 'accent-tint', 4.5],
        ['good', 'good-tint', 4.5],
        ['warn', 'warn-tint', 4.5],
        ['bad', 'bad-tint', 4.5],
        ['good', 'paper', 4.5],
        ['warn', 'paper', 4.5],
        ['bad', 'paper', 4.5],
        ['line-strong', 'paper', 3],
        ['line-strong', 'canvas', 3],
      ])
        assert.ok(
          of(token(text), token(ground)) >= least,
          `${text} ${token(text)} on ${ground} ${token(ground)}, ${theme}, accent ${accent}: ${of(token(text), token(ground))}`,
        );
    }
  }
  // The sheet's own accent roles are as good as computed ones.
  for (const theme of ['light', 'dark']) {
    assert.ok(of(base['accent-strong'][theme], base['accent-tint'][theme]) >= 4.5);
    assert.ok(of(base['accent-ink'][theme], base.accent[theme]) >= 4.5);
  }
});

test('free days stand out from the others', () => {
  const base = tokens();
  for (const theme of ['light', 'dark'])
    assert.ok(contrast(colour(base['accent-tint'][theme]), colour(base.paper[theme])) > 1.09);
});

test('whether a time lies in the hours: over midnight, on a date of its own, blocked', () => {
  const document = {
    time_zone: 'America/New_York',
    weekly: [{ days: ['MO'], from: '22:00', to: '02:00' }],
    overrides: [{ date: '2026-12-08', intervals: [{ from: '09:00', to: '12:00' }] }],
    blocked: [{ from: '2026-12-14', to: '2026-12-15' }],
  };
  const inside = (start, end) => inHours(document, Date.parse(start), Date.parse(end));
  assert.ok(inside('2026-12-07T23:30:00-05:00', '2026-12-08T00:30:00-05:00'));
  assert.ok(!inside('2026-12-07T21:30:00-05:00', '2026-12-07T22:30:00-05:00'));
  assert.ok(inside('2026-12-08T11:00:00-05:00', '2026-12-08T12:00:00-05:00'));
  assert.ok(!inside('2026-12-08T12:00:00-05:00', '2026-12-08T12:30:00-05:00'));
  assert.ok(!inside('2026-12-14T22:30:00-05:00', '2026-12-14T23:00:00-05:00'));
});

test('a type’s own hours stand for the coach’s, but not on a date that only the coach has', () => {
  const schedule = {
    weekly: [{ days: ['MO'], from: '09:00', to: '17:00' }],
    overrides: [
      { date: '2026-12-07', intervals: [] },
      { date: '2026-12-14', intervals: [] },
    ],
  };
  const type = {
    weekly: [{ days: ['MO'], from: '18:00', to: '20:00' }],
    overrides: [{ date: '2026-12-14', intervals: [{ from: '21:00', to: '22:00' }] }],
  };
  assert.deepEqual(stretchesOn(schedule, '2026-11-30', type), [{ from: 1080, to: 1200 }]);
  assert.deepEqual(stretchesOn(schedule, '2026-11-30', {}), [{ from: 540, to: 1020 }]);
  assert.deepEqual(stretchesOn(schedule, '2026-11-30', { weekly: [] }), []);
  assert.deepEqual(stretchesOn(schedule, '2026-12-07', type), []);
  assert.deepEqual(stretchesOn(schedule, '2026-12-14', type), [{ from: 1260, to: 1320 }]);
});

test('the first of a month is told as each language has it, wherever a day is', () => {
  const [first, second] = [Date.UTC(2026, 11, 1, 15), Date.UTC(2026, 11, 2, 15)];
  const long = { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long' };
  assert.equal(format(first, 'fr', long), 'mardi 1er décembre');
  assert.equal(format(first, 'fr-CH', long), 'mardi 1er décembre');
  assert.equal(format(second, 'fr', long), 'mercredi 2 décembre');
  assert.equal(format(first, 'en-US', long), 'Tuesday, December 1');
  assert.equal(format(first, 'pl', long), 'wtorek, 1 grudnia');
  const short = { timeZone: 'UTC', day: 'numeric', month: 'short' };
  assert.match(format(first, 'fr', short), /^1er déc/);
  assert.equal(format(first, 'fr', { timeZone: 'UTC', day: 'numeric' }), '1', 'the number of a cell');
  assert.equal(format(first, 'fr', { timeZone: 'UTC', dateStyle: 'short' }), '01/12/2026');
  assert.match(
    formatRange(first, second, 'fr', { timeZone: 'UTC', dateStyle: 'long' }),
    /^1er\D+2 décembre 2026$/,
  );
});

test('AM and PM stay in the line of their time', () => {
  const at = Date.UTC(2026, 11, 1, 15);
  const clock = { timeZone: 'UTC', hour: 'numeric', minute: '2-digit', hourCycle: 'h12' };
  assert.equal(format(at, 'en-US', clock), '3:00\u00a0PM');
  assert.match(formatRange(at, at + 3_600_000, 'en-US', clock), /^3:00\s–\s4:00\u00a0PM$/);
});

test('an amount stands in its field with all its places, or none', () => {
  const shown = (locale, amount, size, places) => numberText({ locale }, amount, size, places);
  assert.equal(shown('en', 1250, 100, 2), '12.50');
  assert.equal(shown('fr', 1250, 100, 2), '12,50');
  assert.equal(shown('pl', 8000, 100, 2), '80');
  assert.equal(shown('en', 500, 1, 0), '500');
  assert.equal(shown('en', 90, 60), '1.5', 'no amount: hours');
});

test('the server’s clock is gone by, unless a reply only took long; one that tells no time changes nothing', async (t) => {
  const hour = 3_600_000;
  const server = Date.UTC(2026, 11, 1, 12);
  let device;
  let reply;
  t.mock.method(Date, 'now', () => device);
  t.mock.method(globalThis, 'fetch', async () => {
    device += reply.takes ?? 0;
    const headers = new Headers(reply.date && { Date: new Date(reply.date).toUTCString() });
    return { ok: true, status: 200, headers, json: async () => ({}) };
  });
  globalThis.document = { baseURI: 'https://book.test/' };
  t.after(() => delete globalThis.document);
  const panel = new Panel({ getAttribute: () => 'https://book.test/' }, {});
  const asked = async (next) => {
    reply = next;
    await panel.call('GET', 'booking/coaches');
    return panel.now();
  };
  for (const days of [3, -3]) {
    device = server + days * 24 * hour;
    assert.equal(await asked({ date: server }), server);
    assert.equal(await asked({}), server, 'a proxy took it away');
  }
  device = server;
  assert.equal(await asked({ date: server }), server);
  assert.equal(await asked({ date: server, takes: 8 * hour }), server + 8 * hour, 'a machine that slept');
  assert.equal(await asked({ date: device + hour, takes: 2 * hour }), server + 10 * hour);
});
