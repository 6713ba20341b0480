// What a coach asks, what clients answer, and the coach's own notes: sealed, and in one appointment's own reply only.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { assertProblem, assertStatus } from '../harness/expect.mjs';
import { openSchedule, startStack } from '../harness/stack.mjs';

const QUESTIONS = [
  { id: 'goal', label: 'What is your goal?', kind: 'text', required: true, before: 'book' },
  { id: 'story', label: 'Anything else?', kind: 'long', required: false, max: 20, before: 'book' },
  { id: 'level', label: 'Level', kind: 'choice', required: false, options: ['new', 'old'], before: 'book' },
  {
    id: 'topics',
    label: 'Topics',
    kind: 'multi',
    required: false,
    options: ['a', 'b', 'c'],
    max: 2,
    before: 'book',
  },
  { id: 'recorded', label: 'May we record?', kind: 'bool', required: false, before: 'book' },
  { id: 'site', label: 'Your page', kind: 'url', required: true, before: 'start' },
];
const document = () => ({
  ...openSchedule(),
  session_types: [
    { id: 'coaching', name: 'Coaching session', durations: [30], meeting: 'none', questions: QUESTIONS },
  ],
});
const PLANTED = 'planted-answer-7f3a';
const NOTED = 'planted-note-91cc';
let stack, coach;
let hour = 0;
before(async () => {
  stack = await startStack({ google: 'delegated', document: document() });
  coach = stack.coach();
});
after(() => stack.stop());

const slot = () => stack.slot(hour++);
const ann = () => stack.client('ann');
const create = (answers, who = ann()) => who.post('/booking/create', { start: slot(), answers });
const get = async (id, who = ann()) => assertStatus(await who.get(`/booking/${id}`), 200);

test('the questions are in the schedule and in what is offered', async () => {
  const kept = assertStatus(await coach.get('/coach/damian/schedule'), 200);
  assert.deepEqual(kept.session_types[0].questions, QUESTIONS);
  const { session_types } = assertStatus(await ann().get('/booking/availability'), 200);
  assert.deepEqual(session_types[0].questions, QUESTIONS);
});

test('a question that makes no sense is refused with its path', async () => {
  const put = (question) =>
    coach.put('/coach/damian/schedule', {
      ...document(),
      session_types: [{ id: 'coaching', durations: [30], questions: [question] }],
    });
  const at = 'session_types[0].questions[0]';
  for (const [question, field] of [
    [{ label: 'x', kind: 'text' }, `${at}.id`],
    [{ id: 'x', kind: 'text' }, `${at}.label`],
    [{ id: 'x', label: 'a\nb', kind: 'text' }, `${at}.label`],
    [{ id: 'x', label: 'x', kind: 'colour' }, `${at}.kind`],
    [{ id: 'x', label: 'x', kind: 'choice' }, `${at}.options`],
    [{ id: 'x', label: 'x', kind: 'choice', options: [] }, `${at}.options`],
    [{ id: 'x', label: 'x', kind: 'choice', options: ['a', 'a'] }, `${at}.options[1]`],
    [{ id: 'x', label: 'x', kind: 'text', options: ['a'] }, `${at}.options`],
    [{ id: 'x', label: 'x', kind: 'text', max: 0 }, `${at}.max`],
    [{ id: 'x', label: 'x', kind: 'text', before: 'never' }, `${at}.before`],
    [{ id: 'x', label: 'x', kind: 'text', required: 'yes' }, `${at}.required`],
  ])
    assertProblem(await put(question), 422, 'invalid_field', field);
  assertStatus(await coach.put('/coach/damian/schedule', document()), 200);
});

test('answers are checked by their kind, each fault by its question', async () => {
  const good = { goal: 'run' };
  for (const [answers, field, code = 'invalid_field'] of [
    [undefined, 'answers.goal'],
    [{}, 'answers.goal'],
    [{ goal: '  ' }, 'answers.goal'],
    [{ goal: 5 }, 'answers.goal'],
    [{ goal: 'a\nb' }, 'answers.goal'],
    [{ ...good, story: 'x'.repeat(21) }, 'answers.story'],
    [{ ...good, level: 'other' }, 'answers.level'],
    [{ ...good, topics: ['a', 'z'] }, 'answers.topics'],
    [{ ...good, topics: ['a', 'a'] }, 'answers.topics'],
    [{ ...good, topics: ['a', 'b', 'c'] }, 'answers.topics'],
    [{ ...good, recorded: 'yes' }, 'answers.recorded'],
    [{ ...good, site: 'javascript:alert(1)' }, 'answers.site'],
    [{ ...good, colour: 'red' }, 'answers.colour', 'unknown_field'],
    ['run', 'answers'],
  ])
    assertProblem(await create(answers), 422, code, field);
  assert.deepEqual(stack.database.rows('SELECT * FROM appointment_private'), []);
});

test('answers are for the client and the coach, in the appointment’s own reply, with the wording as it was asked', async () => {
  const answers = { goal: PLANTED, story: 'One\nTwo', level: 'old', topics: ['a', 'c'], recorded: false };
  const made = assertStatus(await create(answers), 201);
  assert.equal('answers' in made, false);
  const seen = await get(made.id);
  assert.deepEqual(seen.answers, answers);
  assert.deepEqual(seen.questions[0], { id: 'goal', label: 'What is your goal?', kind: 'text' });
  assert.deepEqual((await get(made.id, coach)).answers, answers);
  assert.equal((await ann().get('/booking/user/me?status=all')).text.includes(PLANTED), false);
  assert.equal((await coach.get('/coach/damian/appointments?status=all')).text.includes(PLANTED), false);
  assert.equal(JSON.stringify(await stack.google.events(stack.calendar)).includes(PLANTED), false);
  assert.equal(stack.database.dump().includes(PLANTED), false);
  assert.equal(
    stack.daemon.log.some((line) => line.includes(PLANTED)),
    false,
  );

  // The form is changed afterwards: what was answered keeps its question.
  const changed = document();
  changed.session_types[0].questions = [
    { id: 'mood', label: 'Mood?', kind: 'text', required: false, before: 'book' },
  ];
  assertStatus(await coach.put('/coach/damian/schedule', changed), 200);
  assert.equal((await get(made.id)).questions[0].label, 'What is your goal?');
  assertStatus(await coach.put('/coach/damian/schedule', document()), 200);

  // It moves with the session.
  assertStatus(await coach.put(`/booking/${made.id}/reschedule`, { start: slot() }), 200);
  assert.deepEqual((await get(made.id)).answers, answers);
});

test('confirm takes the answers that create takes', async () => {
  const held = assertStatus(await ann().post('/booking/hold', { start: slot() }), 201);
  const confirm = (answers) => ann().put(`/booking/${held.id}/confirm`, { answers });
  assertProblem(await confirm({}), 422, 'invalid_field', 'answers.goal');
  assertStatus(await confirm({ goal: 'swim' }), 200);
  assert.deepEqual((await get(held.id)).answers, { goal: 'swim' });
});

test('they may be changed until the session starts', async () => {
  const made = assertStatus(await create({ goal: 'run' }), 201);
  const put = (who, answers) => who.put(`/booking/${made.id}/answers`, { answers });
  const changed = assertStatus(await put(ann(), { goal: 'jump', site: 'https://ann.example/x' }), 200);
  assert.deepEqual(changed.answers, { goal: 'jump', site: 'https://ann.example/x' });
  assertProblem(await put(ann(), { level: 'old' }), 422, 'invalid_field', 'answers.goal');
  assertProblem(await put(stack.client('eve'), { goal: 'x' }), 404, 'not_found');
  stack.database.run(`UPDATE appointment SET starts_at = now() - interval '1 minute', ends_at = now() + interval '20 minutes',
    blocked_from = now() - interval '1 minute', blocked_to = now() + interval '20 minutes' WHERE id = '${made.id}'`);
  assertProblem(await put(ann(), { goal: 'late' }), 409, 'not_active');
  assert.equal((await get(made.id)).answers.goal, 'jump');
});

test('the coach’s notes are the coach’s alone', async () => {
  const made = assertStatus(await create({ goal: 'run' }), 201);
  const put = (who, coach_notes) => who.put(`/booking/${made.id}/coach-notes`, { coach_notes });
  assertProblem(await put(ann(), 'x'), 403, 'forbidden');
  assertProblem(await put(stack.client('x', { role: 'coach', coach: 'other' }), 'x'), 404, 'not_found');
  assert.equal(assertStatus(await put(coach, `${NOTED}\nmore`), 200).coach_notes, `${NOTED}\nmore`);
  assert.equal((await get(made.id, stack.admin())).coach_notes, `${NOTED}\nmore`);
  const client = await ann().get(`/booking/${made.id}`);
  assert.equal('coach_notes' in client.body || client.text.includes(NOTED), false);
  assert.equal((await ann().get('/booking/user/me/export')).text.includes(NOTED), false);
  assert.equal((await ann().get(`/booking/${made.id}/calendar.ics`)).text.includes(NOTED), false);
  assert.equal(stack.database.dump().includes(NOTED), false);
  assert.equal('coach_notes' in assertStatus(await put(coach, null), 200), false);
  assert.deepEqual((await get(made.id)).answers, { goal: 'run' });
});

test('they go with the person', async () => {
  const zoe = stack.client('zoe');
  const made = assertStatus(await create({ goal: 'run' }, zoe), 201);
  assertStatus(await coach.put(`/booking/${made.id}/coach-notes`, { coach_notes: 'x' }), 200);
  assertStatus(await zoe.delete('/booking/user/me'), 200);
  assert.deepEqual(
    stack.database.rows(`SELECT * FROM appointment_private WHERE appointment_id = '${made.id}'`),
    [],
  );
  assertStatus(await coach.put(`/booking/${made.id}/coach-notes`, { coach_notes: 'after' }), 200);
  assert.deepEqual(
    stack.database.rows(`SELECT * FROM appointment_private WHERE appointment_id = '${made.id}'`),
    [],
  );
});
