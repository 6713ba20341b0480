// Orders to misbehave. An order says which calls it is for, how often, and what happens to them:
//
//   { "fault": NAME, "method": "events.insert", "calendar": ID, "user": EMAIL, "count": 3, "skip": 1, "probability": 0.3, "seed": 7 }
//
// `method` may end in `*`; whatever is left out matches everything; without `count` the order stands until
// healed. NAME is a row of Google's error table (replies.mjs), a token refusal, or one of the faults below.
import { Refusal, refusals, tokenRefusals } from './replies.mjs';

/** Faults of the connection. Before: Google never acted; after: it did, and only the reply is lost. */
const CONNECTION = ['cut_before', 'cut_after', 'cut_half', 'hang_before', 'hang_after', 'garbage', 'empty'];
/** Lies in a freeBusy reply about the calendar the order names (or all of them). */
const FREE_BUSY = ['free_busy_error', 'free_busy_missing', 'free_busy_no_busy'];
const PUSH = ['push_drop', 'push_twice'];
const MIX = [
  'backendError',
  'backendError503',
  'rateLimitExceeded',
  'html502',
  'cut_before',
  'cut_after',
  'cut_half',
  'hang_before',
  'hang_after',
  'garbage',
];
const KNOWN = new Set([
  ...Object.keys(refusals),
  ...Object.keys(tokenRefusals),
  ...CONNECTION,
  ...FREE_BUSY,
  ...PUSH,
  'latency',
  'mix',
]);

let lastId = 0;

/** Takes an order; throws an Error that says what is wrong with it. */
export function addFault(world, order) {
  if (!KNOWN.has(order.fault))
    throw new Error(`no fault ${order.fault}; there are ${[...KNOWN].sort().join(' ')}`);
  for (const name of order.of ?? [])
    if (!KNOWN.has(name) || name === 'mix') throw new Error(`no fault ${name}`);
  const fault = { method: '*', skip: 0, count: Infinity, probability: 1, ...order, id: ++lastId, hits: 0 };
  Object.defineProperty(fault, 'random', { value: randomFrom(order.seed ?? lastId) });
  world.faults.push(fault);
  return fault;
}

/** A small seeded generator (mulberry32), so that a failing run can be repeated. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function matches(fault, call) {
  const method = fault.method.endsWith('*')
    ? call.method.startsWith(fault.method.slice(0, -1))
    : call.method === fault.method;
  const same = (name) => fault[name] === undefined || fault[name] === call[name];
  if (!method || !same('user')) return false;
  if (FREE_BUSY.includes(fault.fault)) return call.method === 'freebusy.query'; // its calendar picks an entry of the reply
  return same('calendar') && same('event') && PUSH.includes(fault.fault) === (call.method === 'push');
}

/**
 * What shall happen to `call` ({ method, calendar, user, event }): { delay_ms, fault, name }, `fault` null
 * for nothing. Latencies add up; of the other orders the first that strikes counts.
 */
export function chooseFault(world, call) {
  const chosen = { delay_ms: 0, fault: null, name: null };
  for (const fault of [...world.faults]) {
    if (!matches(fault, call) || (fault.fault !== 'latency' && chosen.fault)) continue;
    if (fault.probability < 1 && fault.random() >= fault.probability) continue;
    if (fault.skip > 0) {
      fault.skip--;
      continue;
    }
    fault.hits++;
    if (--fault.count <= 0) world.faults.splice(world.faults.indexOf(fault), 1);
    if (fault.fault === 'latency') {
      chosen.delay_ms += fault.ms ?? 300;
      continue;
    }
    chosen.fault = fault;
    const names = fault.of ?? MIX;
    chosen.name = fault.fault === 'mix' ? names[Math.floor(fault.random() * names.length)] : fault.fault;
  }
  return chosen;
}

/** The refusal a fault stands for, or null if it is none of those. */
export function faultRefusal({ fault, name }, call) {
  const make =
    (call.method.startsWith('oauth.') && tokenRefusals[name]) || refusals[name] || tokenRefusals[name];
  if (!make) return null;
  const refusal = make();
  const headers = {
    ...refusal.headers,
    ...(fault.retry_after !== undefined && { 'retry-after': String(fault.retry_after) }),
  };
  return new Refusal(refusal.status, refusal.body, headers);
}

/** Changes a freeBusy reply as a FREE_BUSY fault orders. */
export function spoilFreeBusy({ fault, name }, reply, user) {
  for (const id of Object.keys(reply.calendars)) {
    if (fault.calendar !== undefined && fault.calendar !== (id === 'primary' ? user : id)) continue;
    if (name === 'free_busy_error')
      reply.calendars[id] = {
        errors: [{ domain: 'global', reason: fault.reason ?? 'internalError' }],
        busy: [],
      };
    else if (name === 'free_busy_missing') delete reply.calendars[id];
    else if (name === 'free_busy_no_busy') delete reply.calendars[id].busy;
  }
}

/** How many copies of a push go out: 1, unless ordered otherwise. */
export function applyPushFault(world, channel) {
  const { name } = chooseFault(world, { method: 'push', calendar: channel.calendar, user: channel.user });
  return name === 'push_drop' ? 0 : name === 'push_twice' ? 2 : 1;
}
