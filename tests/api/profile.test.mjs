// What clients see of a coach: the profile, the picture, the name in the address of the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const PATH = '/coach/damian/profile';
const PICTURE = '/coach/damian/picture';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
const PROFILE = {
  name: 'Damian Example',
  headline: 'Career strategy, plainly',
  about: 'Twenty years of interviews on both sides of the table.',
  time_zone: 'America/New_York',
  accent: '#2f5bd7',
  languages: ['en', 'fr-CA'],
  slug: 'damian-example',
};
let stack, coach;
before(async () => {
  stack = await startStack({ document: openSchedule(), env: { PUBLIC_AVAILABILITY: '1' } });
  coach = stack.coach();
  await coach.put('/coach/other/schedule', openSchedule()); // refused: not theirs
  assert.equal((await stack.admin().put('/coach/other/schedule', openSchedule())).status, 201);
});
after(() => stack?.stop());

const put = (changes, client = coach, path = PATH) => client.put(path, { ...PROFILE, ...changes });
const listing = async (name) =>
  assertStatus(await stack.client('ann').get(`/booking/availability?coach=${name}`), 200);

test('a coach of whom nothing was said has an empty profile, whose address is their id', async () => {
  const profile = assertStatus(await stack.client('ann').get('/coach/other/profile'), 200);
  assert.deepEqual(profile, {
    name: null,
    headline: null,
    about: null,
    time_zone: openSchedule().time_zone,
    accent: null,
    languages: [],
    slug: 'other',
    picture_version: null,
  });
  assert.equal((await listing('other')).profile, null);
});

test('what was put is what is read, and clients see it with the times at once', async () => {
  const before = (await listing('damian')).profile;
  assert.equal(before, null);
  assert.deepEqual(assertStatus(await put(), 200), { ...PROFILE, picture_version: null });
  const read = assertStatus(await coach.get(PATH), 200);
  assert.deepEqual(read, { ...PROFILE, picture_version: null });
  assertStatus(await coach.put(PATH, read), 200); // what was read can be put back
  const { profile } = await listing('damian');
  assert.deepEqual(profile, {
    name: PROFILE.name,
    headline: PROFILE.headline,
    about: PROFILE.about,
    accent: PROFILE.accent,
    languages: PROFILE.languages,
    slug: PROFILE.slug,
    picture_version: null,
  });
});

test('the name in the address leads to the coach, and so does a former one, to nobody else ever', async () => {
  assertStatus(await put(), 200);
  assertStatus(await put({ slug: 'dr-damian' }), 200);
  for (const name of ['damian', 'damian-example', 'dr-damian'])
    assert.equal((await listing(name)).coach, 'damian', name);
  const other = stack.client('o', { role: 'coach', coach: 'other' });
  for (const slug of ['dr-damian', 'damian-example', 'damian'])
    assertProblem(await put({ slug }, other, '/coach/other/profile'), 422, 'invalid_field', 'slug');
  assertProblem(
    await stack.client('ann').get('/booking/availability?coach=nobody'),
    404,
    'unknown_coach',
    'coach',
  );
  assertStatus(await put({ slug: 'damian-example' }), 200); // back to one's own former name
});

test('the zone of a profile is the schedule’s', async () => {
  assertStatus(await put({ time_zone: 'Europe/Paris' }), 200);
  assert.equal(assertStatus(await coach.get('/coach/damian/schedule'), 200).time_zone, 'Europe/Paris');
  assert.equal((await listing('damian')).coach_time_zone, 'Europe/Paris');
  assertStatus(await put(), 200);
});

test('what cannot be used is refused by its field and changes nothing', async () => {
  assertStatus(await put(), 200);
  for (const [field, value] of [
    ['name', ''],
    ['name', 'x'.repeat(101)],
    ['headline', 'x'.repeat(161)],
    ['about', 'x'.repeat(2001)],
    ['name', 'Robin\r\nBcc: all@client.test'],
    ['headline', 'Two\nlines'],
    ['about', 'A bell \u0007'],
    ['accent', 'red'],
    ['accent', '#2F5BD7'],
    ['time_zone', 'Mars/Olympus'],
    ['languages', 'en'],
    ['languages', ['e n']],
    ['languages', Array(9).fill('en')],
    ['languages', [1]],
    ['slug', 'Damian'],
    ['slug', '-a'],
    ['slug', 'a--b'],
    ['slug', 'coaches'],
    ['slug', 'a/b'],
  ])
    assertProblem(await put({ [field]: value }), 422, 'invalid_field', field);
  assertProblem(await put({ nick: 'x' }), 422, 'unknown_field', 'nick');
  assertProblem(await coach.put(PATH, '{'), 400, 'malformed_json');
  assert.equal(assertStatus(await coach.get(PATH), 200).slug, PROFILE.slug);
});

test('no name in an address hides a call, nor is hidden by one', async () => {
  const { paths } = (await stack.stranger().get('/openapi.json')).body;
  const words = Object.keys(paths).flatMap((path) => /^\/booking\/([a-z-]+)(?:\/|$)/.exec(path)?.[1] ?? []);
  for (const word of ['session', 'stop', 'sign-in', 'waitlist']) assert.ok(words.includes(word), word);
  const id = '00000000-0000-4000-8000-000000000000'; // would be taken for an appointment's
  for (const slug of [...new Set(words), 'any', 'manage', 'packages', id])
    assertProblem(await put({ slug }), 422, 'invalid_field', 'slug');
  assert.equal(assertStatus(await coach.get(PATH), 200).slug, PROFILE.slug);
  // An id is a name in addresses, too.
  for (const made of ['session', 'stop', 'coaches', id])
    assertProblem(await stack.admin().put(`/coach/${made}/schedule`, openSchedule()), 404, 'unknown_coach');
});

test('the page of a kind of session opens although a call has its name', async () => {
  const { paths } = (await stack.stranger().get('/openapi.json')).body;
  const words = Object.keys(paths).flatMap((path) => /^\/booking\/\{id\}\/([a-z-]+)$/.exec(path)?.[1] ?? []);
  for (const word of ['meeting', 'guests', 'notices', 'status']) assert.ok(words.includes(word), word);
  for (const word of words) {
    const page = await stack.stranger().get(`/booking/damian/${word}`, { accept: 'text/html' });
    assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8'], word);
    assert.match(page.text, /src="\.\.\/widget\.js/);
  }
  const id = '00000000-0000-4000-8000-000000000000';
  const html = { accept: 'text/html' };
  assertProblem(await stack.stranger().get(`/booking/${id}/meeting`, html), 405, 'method_not_allowed');
  assertProblem(await stack.stranger().get(`/booking/${id}/notices`, html), 401, 'unauthenticated');
  assertProblem(await stack.stranger().get('/booking/damian/meeting'), 405, 'method_not_allowed');
});

test('only the coach or an admin writes; with closed listings only people who are known read', async () => {
  const ann = stack.client('ann');
  assertProblem(await put({}, ann), 403, 'forbidden');
  assertProblem(await ann.put(PICTURE, PNG), 403, 'forbidden');
  assertProblem(await ann.delete(PICTURE), 403, 'forbidden');
  assertProblem(await stack.stranger().put(PICTURE, PNG), 401, 'unauthenticated');
  assertStatus(await put({}, stack.admin()), 200);
  assertProblem(await coach.get('/coach/nobody/profile'), 404, 'unknown_coach');
});

test('a picture is kept as it came, served with a strong ETag and a policy of its own, and removed', async () => {
  const { picture_version: version } = assertStatus(
    await coach.put(PICTURE, PNG, { 'content-type': 'image/png' }),
    200,
  );
  assert.match(version, /^[0-9a-f]{16}$/);
  assert.equal((await listing('damian')).profile.picture_version, version);
  const got = await stack.stranger().get(PICTURE);
  assert.equal(got.status, 200);
  assert.deepEqual(got.bytes, PNG);
  assert.equal(got.headers['content-type'], 'image/png');
  assert.equal(got.headers.etag, `"${version}"`);
  assert.equal(got.headers['x-content-type-options'], 'nosniff');
  assert.equal(got.headers['content-security-policy'], "default-src 'none'; sandbox");
  assert.equal(got.headers['cache-control'], 'public, no-cache');
  const lasting = await stack.stranger().get(`${PICTURE}?v=${version}`);
  assert.equal(lasting.headers['cache-control'], 'public, max-age=31536000, immutable');
  const again = await stack.stranger().get(PICTURE, { 'if-none-match': got.headers.etag });
  assert.deepEqual([again.status, again.text], [304, '']);
  assert.equal((await coach.delete(PICTURE)).status, 204);
  assertProblem(await stack.stranger().get(PICTURE), 404, 'not_found');
  assert.equal((await listing('damian')).profile.picture_version, null);
  assert.equal((await coach.delete(PICTURE)).status, 204);
});

test('a picture is known by its first bytes, whatever it calls itself; others are refused', async () => {
  const jpeg = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(100)]);
  const webp = Buffer.concat([Buffer.from('RIFF\x10\0\0\0WEBPVP8 ', 'latin1'), Buffer.alloc(100)]);
  for (const [bytes, type] of [
    [jpeg, 'image/jpeg'],
    [webp, 'image/webp'],
  ]) {
    assertStatus(await coach.put(PICTURE, bytes, { 'content-type': 'text/html' }), 200);
    assert.equal((await stack.stranger().get(PICTURE)).headers['content-type'], type);
  }
  for (const bytes of [
    '<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    'GIF89a',
    'RIFF1234WAVE',
    '\x89PN',
  ])
    assertProblem(
      await coach.put(PICTURE, Buffer.from(bytes, 'latin1'), { 'content-type': 'image/png' }),
      415,
      'unsupported_media_type',
    );
  const largest = Buffer.concat([PNG, Buffer.alloc(200 * 1024 - PNG.length)]);
  assertStatus(await coach.put(PICTURE, largest), 200);
  assertProblem(await coach.put(PICTURE, Buffer.concat([largest, PNG])), 413, 'body_too_large');
  assert.deepEqual((await stack.stranger().get(PICTURE)).bytes, largest);
});

test('whoever may see times sees the coaches to choose from', async () => {
  const { coaches } = assertStatus(await stack.stranger().get('/booking/coaches'), 200);
  assert.deepEqual(
    coaches.map(({ id, slug, name, languages }) => [id, slug, name, languages]),
    [
      ['damian', PROFILE.slug, PROFILE.name, PROFILE.languages],
      ['other', 'other', null, []],
    ],
  );
});

test('a browser never gets JSON for a page’s address that is cut or has a blank too many', async () => {
  const html = { accept: 'text/html' };
  const open = (path, headers = html) => stack.stranger().get(path, headers);
  const coachs = await open('/booking/damian-example/?lang=fr');
  assert.equal(coachs.status, 200);
  assert.match(coachs.text, /src="\.\.\/widget\.js/);
  assertProblem(await open('/booking/damian-example/', {}), 404, 'not_found');
  const missing = [
    '/booking/%E0%A4%A',
    '/booking/damian/%E0%A4%A',
    '/booking/%00/',
    '/booking/00000000-0000-4000-8000-000000000000/',
    '/booking/?session_type=%00',
    '/booking/?lang=fr&type=%E0%A4%A',
    '/booking/damian-example?session_type=%00',
    '/booking/damian-example/career-strategy?coach=%ff',
  ];
  for (const path of missing) {
    const page = await open(path);
    assert.deepEqual([page.status, page.headers['content-type']], [404, 'text/html; charset=utf-8'], path);
    assert.match(page.text, /missing\.js/, path);
  }
  for (const path of missing.slice(0, 2)) assertProblem(await open(path, {}), 400, 'bad_parameter');
  // What others hang on to a link says nothing about the page.
  for (const path of [
    '/booking/',
    '/booking/damian-example',
    '/booking/damian-example/',
    '/booking/damian/x',
  ])
    assert.equal((await open(`${path}?utm_term=50%&utm_term=x`)).status, 200, path);
});

test('what begins with the word of a call is nobody’s page, whatever comes after it', async () => {
  const { paths } = (await stack.stranger().get('/openapi.json')).body;
  const words = Object.keys(paths).flatMap((path) => /^\/booking\/([a-z-]+)(?:\/|$)/.exec(path)?.[1] ?? []);
  for (const word of ['coaches', 'hold', 'user', 'waitlist']) assert.ok(words.includes(word), word);
  const open = (path) => stack.stranger().get(path, { accept: 'text/html' });
  for (const word of [...new Set(words), 'widget.js']) {
    const deeper = Object.keys(paths).some((path) => path.startsWith(`/booking/${word}/{`));
    for (const path of [`/booking/${word}/`, ...(deeper ? [] : [`/booking/${word}/robin`])]) {
      const page = await open(path);
      assert.deepEqual([page.status, page.headers['content-type']], [404, 'text/html; charset=utf-8'], path);
      assert.match(page.text, /missing\.js/, path);
    }
  }
  // "any" is whom one may choose; an older coach may be called by a word that was kept later.
  for (const word of ['any', 'groups', 'nobody'])
    for (const path of [`/booking/${word}`, `/booking/${word}/`, `/booking/${word}/meeting`])
      assert.equal((await open(path)).status, 200, path);
});

test('a browser that opens a coach’s address gets the page, a program what the contract says', async () => {
  const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
  for (const path of ['/booking/damian-example', '/booking/damian/career-strategy']) {
    const page = await stack.stranger().get(path, html);
    assert.equal(page.status, 200, path);
    assert.match(page.headers['content-type'], /^text\/html/);
    assert.match(page.headers.vary, /Accept\b/);
    assert.match(page.text, path.split('/').length > 3 ? /src="\.\.\/widget\.js/ : /src="widget\.js/);
  }
  assertProblem(await stack.stranger().get('/booking/damian-example'), 401, 'unauthenticated');
  assertProblem(await stack.client('ann').get('/booking/damian-example'), 404, 'not_found');
  assertProblem(await stack.stranger().get('/booking/damian/career-strategy'), 404, 'not_found');
  const id = '00000000-0000-4000-8000-000000000000';
  assertProblem(await stack.stranger().get(`/booking/${id}`, html), 401, 'unauthenticated');
});
