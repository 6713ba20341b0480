// Where a session takes place: a link, an address or a number of the coach's own.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const LINK = {
  kind: 'link',
  url: 'https://meet.jit.si/coaching-{id}',
  label: 'Jitsi',
  instructions: 'Passcode 1234',
};
const ROOM = { kind: 'in_person', address: '1 Main Street, Springfield', instructions: 'Ring twice' };
const LINE = { kind: 'phone', number: '+1 555 0100' };
const document = {
  ...openSchedule({ cancel_notice_minutes: 0, reschedule_notice_minutes: 0 }),
  session_types: [
    { id: 'link', name: 'By link', durations: [30], meeting: LINK },
    { id: 'room', name: 'In person', durations: [30], meeting: ROOM },
    { id: 'line', name: 'By phone', durations: [30], meeting: LINE },
    { id: 'meet', name: 'By Meet', durations: [30], meeting: 'google_meet' },
  ],
};

let stack;
let ann;
let coach;
let hour = 0;
const eventOf = async ({ id }) =>
  (await stack.google.live(stack.calendar)).find((event) => event.id === id.replaceAll('-', ''));
const book = async (session_type, more = {}) =>
  assertStatus(
    await ann.post('/booking/create', {
      start: stack.slot(hour++),
      duration_minutes: 30,
      session_type,
      ...more,
    }),
    201,
  );
const file = async ({ id }) =>
  (await ann.get(`/booking/${id}/calendar.ics`)).text.replaceAll('\r\n ', '').replaceAll('\\,', ',');

before(async () => {
  stack = await startStack({ google: 'delegated', document });
  ann = stack.client('ann');
  coach = stack.coach();
});
after(() => stack.stop());

test('the schedule gives back what it was given', async () => {
  const { session_types } = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  assert.deepEqual(
    session_types.map(({ meeting }) => meeting),
    [LINK, ROOM, LINE, 'google_meet'],
  );
  const { session_types: offered } = assertStatus(
    await ann.get('/booking/availability?session_type=link&duration=30'),
    200,
  );
  // Who only looks is not told how to get in.
  assert.deepEqual(
    offered.map(({ meeting }) => meeting),
    ['link', 'in_person', 'phone', 'google_meet'],
  );
});

test('a link has a room for each appointment, in the reply, the event and the calendar file, and no Meet link', async () => {
  const made = await book('link', { notes: 'my notes' });
  const url = LINK.url.replace('{id}', made.id);
  assert.deepEqual(made.meeting, { ...LINK, url });
  const event = await eventOf(made);
  assert.equal(event.location, url);
  assert.match(event.description, /Where: Jitsi\nLink: https:.*\n(.*\n)*Instructions: Passcode 1234/);
  assert.equal(event.conference, null);
  const ics = await file(made);
  assert.ok(ics.includes(`LOCATION:${url}`), ics);
  assert.match(ics, /DESCRIPTION:Jitsi: Passcode 1234\\n\\nmy notes/);
  // It stays when the appointment moves.
  const moved = assertStatus(
    await ann.put(`/booking/${made.id}/reschedule`, { start: stack.slot(hour++) }),
    200,
  );
  assert.deepEqual(moved.meeting, made.meeting);
  assert.equal((await eventOf(made)).location, url);
});

test('an address and a number are told likewise', async () => {
  const room = await book('room');
  assert.deepEqual(room.meeting, { ...ROOM, url: null });
  const event = await eventOf(room);
  assert.equal(event.location, ROOM.address);
  assert.match(event.description, /Address: 1 Main Street, Springfield\nInstructions: Ring twice/);
  assert.ok((await file(room)).includes(`LOCATION:${ROOM.address}`));
  const line = await book('line');
  assert.deepEqual(line.meeting, { ...LINE, url: null });
  assert.match((await eventOf(line)).description, /Number: \+1 555 0100/);
});

test('the coach says where one appointment takes place: the event follows, its Meet link goes and comes', async () => {
  const made = await book('meet');
  assert.match(made.meeting.url, /^https:\/\/meet\.google/);
  const linked = assertStatus(await coach.put(`/booking/${made.id}/meeting`, LINK), 200);
  const url = LINK.url.replace('{id}', made.id);
  assert.deepEqual(linked.meeting, { ...LINK, url });
  assert.deepEqual([linked.calendar.state, linked.start], ['synced', made.start]);
  let event = await eventOf(made);
  assert.deepEqual([event.location, event.conference], [url, null]);
  assert.ok((await file(made)).includes(url));

  const placed = assertStatus(await coach.put(`/booking/${made.id}/meeting`, ROOM), 200);
  assert.deepEqual(placed.meeting, { ...ROOM, url: null });
  event = await eventOf(made);
  assert.equal(event.location, ROOM.address);
  assert.ok(!JSON.stringify(event).includes('jit.si'));

  const again = assertStatus(await coach.put(`/booking/${made.id}/meeting`, { kind: 'google_meet' }), 200);
  assert.match(again.meeting.url, /^https:\/\/meet\.google/);
  assert.notEqual(again.meeting.url, made.meeting.url);
  assert.equal((await eventOf(made)).location, '');

  // The same once more changes nothing, and is told to nobody.
  const mails = (await stack.google.mails()).length;
  const same = assertStatus(await coach.put(`/booking/${made.id}/meeting`, { kind: 'google_meet' }), 200);
  assert.deepEqual(same, again);
  assert.equal((await stack.google.mails()).length, mails);
});

test('a later change of the session type leaves what was promised', async () => {
  const made = await book('room');
  const { body, headers } = await coach.get('/coach/damian/schedule');
  const changed = {
    ...body,
    session_types: body.session_types.map((type) => ({ ...type, meeting: 'none' })),
  };
  assertStatus(await coach.put('/coach/damian/schedule', changed, { 'if-match': headers.etag }), 200);
  assert.deepEqual(assertStatus(await ann.get(`/booking/${made.id}`), 200).meeting, made.meeting);
  assertStatus(await coach.put('/coach/damian/schedule', body), 200);
});

test('who may, and what is refused', async () => {
  const made = await book('link');
  assertProblem(await ann.put(`/booking/${made.id}/meeting`, ROOM), 403, 'forbidden');
  assertProblem(await stack.client('bob').put(`/booking/${made.id}/meeting`, ROOM), 403, 'forbidden');
  for (const [field, body] of [
    ['kind', {}],
    ['kind', { kind: 'zoom' }],
    ['url', { kind: 'link' }],
    ['url', { kind: 'link', url: 'http://meet.example/' }],
    ['url', { kind: 'link', url: 'https://user:pass@meet.example/' }],
    ['url', { kind: 'link', url: 'javascript:alert(1)' }],
    ['url', { kind: 'google_meet', url: 'https://meet.example/' }],
    ['number', { kind: 'in_person', number: '+1' }],
    ['address', { kind: 'phone', address: 'here' }],
    ['label', { kind: 'phone', label: 'Zoom' }],
    ['instructions', { kind: 'none', instructions: 'x' }],
    ['label', { kind: 'link', url: LINK.url, label: 'Room\u001b[2J' }],
    ['label', { kind: 'link', url: LINK.url, label: 'Room\nJoin: https://evil.example' }],
    ['label', { kind: 'link', url: LINK.url, label: ' \u200b' }],
    ['address', { kind: 'in_person', address: '1 Road\r\nTown' }],
    ['address', { kind: 'in_person', address: '1 Road\u202e' }],
    ['number', { kind: 'phone', number: '+1\u0007' }],
    ['number', { kind: 'phone', number: '\u3000' }],
  ]) {
    const reply = await coach.put(`/booking/${made.id}/meeting`, body);
    assert.deepEqual([reply.status, reply.body.field], [422, field], JSON.stringify(body));
  }
  assert.deepEqual(assertStatus(await ann.get(`/booking/${made.id}`), 200).meeting, made.meeting);
  assertStatus(await ann.put(`/booking/${made.id}/cancel`, {}), 200);
  assert.equal((await coach.put(`/booking/${made.id}/meeting`, ROOM)).status, 409);

  const { body: schedule } = await coach.get('/coach/damian/schedule');
  for (const [path, meeting] of [
    ['session_types[0].meeting', 'link'],
    ['session_types[0].meeting.url', { kind: 'link', url: 'http://meet.example/' }],
    ['session_types[0].meeting.kind', { url: 'https://meet.example/' }],
    ['session_types[0].meeting.number', { kind: 'in_person', number: '1' }],
  ]) {
    const types = [{ ...schedule.session_types[0], meeting }];
    const reply = await coach.put('/coach/damian/schedule', { ...schedule, session_types: types });
    assert.equal(reply.status, 422, JSON.stringify(reply.body));
    assert.match(JSON.stringify(reply.body), new RegExp(path.replace(/[[\]]/g, '\\$&')));
  }
});
