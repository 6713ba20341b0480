// bookingd doctor on Google: what the credentials may really do, and the remedy.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { bookingd } from '../harness/postgres.mjs';
import { startStack } from '../harness/stack.mjs';

/** Its lines about Google. Not runBookingd(), which would keep us from reading the stand-in's output. */
async function doctor(stack, more = {}) {
  const child = spawn(bookingd(), ['doctor'], {
    env: { ...process.env, ...stack.env, ...more },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => (text += chunk));
  const code = await new Promise((resolve) => child.on('close', resolve));
  const lines = text.split('\n').filter((line) => /^\S+ +google /.test(line));
  return { code, lines: lines.map((line) => line.replace(/^(\S+) +google +/, '$1 ')), text };
}

async function within(google, work) {
  const stack = await startStack({ google });
  try {
    await work(stack);
  } finally {
    await stack.stop();
  }
}

const has = (lines, pattern) =>
  assert.ok(
    lines.some((line) => pattern.test(line)),
    `${pattern} in\n${lines.join('\n')}`,
  );

test('a service account that impersonates passes', () =>
  within('delegated', async (stack) => {
    const { code, lines, text } = await doctor(stack);
    has(lines, /^ok damian: service_account as coach@example\.com, ok/);
    has(lines, /^ok damian: may read busy times$/);
    has(lines, /^ok damian: may write events$/);
    has(lines, /^ok damian: may invite guests$/);
    assert.equal(code, 0, text);
  }));

test('the Gmail trap is told with its remedy: no guests, no Meet links', () =>
  within('bare', async (stack) => {
    const { code, lines } = await doctor(stack);
    has(lines, /^ok damian: may read busy times$/);
    has(lines, /^FAIL damian: may not invite guests; .*GOOGLE_IMPERSONATE.*own account$/);
    has(lines, /^FAIL damian: may not make Meet links; .*GOOGLE_IMPERSONATE.*own account$/);
    assert.equal(code, 1);
  }));

test('a coach who has not consented yet is told', () =>
  within('oauth', async (stack) => {
    const { code, lines } = await doctor(stack);
    has(lines, /^ok TOKEN_ENCRYPTION_KEY opens every consent$/);
    has(lines, /^FAIL damian: oauth, needs_consent: .*not connected/);
    assert.equal(code, 1);
  }));

test('a Google that cannot be reached is a failure, not a hang', () =>
  within('delegated', async (stack) => {
    const { code, lines } = await doctor(stack, { GOOGLE_CALENDAR_API: 'http://127.0.0.1:9/calendar/v3' });
    has(lines, /^FAIL damian: service_account as coach@example\.com, backing_off: ./);
    assert.equal(code, 1);
  }));

test('no Google setting is worth a note', () =>
  within('off', async (stack) => {
    const { code, lines } = await doctor(stack);
    assert.deepEqual(lines.length, 1);
    has(lines, /^note no Google setting is given/);
    assert.equal(code, 0);
  }));
