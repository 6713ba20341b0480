// The stand-in as an HTTP server: reads requests, lets faults strike, answers, and writes the journal.
import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { answer, findMethod } from './api.mjs';
import { notifyChannels } from './channels.mjs';
import { control } from './control.mjs';
import { chooseFault, faultRefusal, spoilFreeBusy } from './faults.mjs';
import { resumeConferences } from './meet.mjs';
import { consent, revoke, token } from './oauth.mjs';
import { Refusal, refusals, tokenRefusal } from './replies.mjs';
import { World } from './world.mjs';

const API = '/calendar/v3';
const LIMIT = 1 << 20;

/** Starts a stand-in on the loopback; resolves to { world, port, url, close }. */
export async function startGoogle({ port = 0, stateFile } = {}) {
  const world = new World({ stateFile });
  world.hanging = new Set();
  world.onChange = (calendar) => notifyChannels(world, calendar);
  resumeConferences(world);
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    serve(world, `http://127.0.0.1:${server.address().port}`, request, response).catch((error) => {
      console.error(error);
      world.log({ type: 'defect', error: error.stack });
      if (!response.headersSent) response.writeHead(599).end();
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  const close = () => {
    world.saveNow();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { world, port: server.address().port, url: `http://127.0.0.1:${server.address().port}`, close };
}

async function readAll(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    if ((size += chunk.length) > LIMIT) throw refusals.badRequest('Request Too Large');
  }
  return Buffer.concat(chunks);
}

async function serve(world, url, request, response) {
  const target = new URL(request.url, url);
  let bytes;
  try {
    bytes = await readAll(request);
  } catch (error) {
    if (!(error instanceof Refusal)) return; // the client went away while it was speaking
    return send(request, response, error);
  }
  if (target.pathname.startsWith('/_control/')) {
    const { status, body } = control(world, {
      verb: request.method,
      path: target.pathname.slice('/_control'.length),
      query: target.searchParams,
      bytes,
    });
    return send(request, response, { status, body });
  }
  const call = recognise(world, { request, target, bytes, url });
  const entry = {
    type: 'call',
    method: call.name,
    calendar: call.calendar,
    user: call.user,
    event: call.event,
    query: call.name.startsWith('oauth.') ? undefined : target.search,
    body: call.journalBody,
    if_match: request.headers['if-match'],
  };
  await act(world, call, entry, request, response);
}

/** What a request is, and how to answer it: { name, run, ... }. */
function recognise(world, { request, target, bytes, url }) {
  const { headers } = request;
  const key = `${request.method} ${target.pathname}`;
  const form = new URLSearchParams(bytes.toString());
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
  if (key === 'POST /token') {
    const audiences = [`${url}/token`, 'https://oauth2.googleapis.com/token'];
    const run = () => {
      if (!isForm) throw tokenRefusal(400, 'invalid_request', 'Bad Request');
      return { body: token(world, { form, urls: audiences }) };
    };
    return { name: 'oauth.token', run, journalBody: { grant_type: form.get('grant_type') } }; // no secrets
  }
  if (key === 'POST /revoke')
    return {
      name: 'oauth.revoke',
      run: () => ({ body: revoke(world, (isForm && form.get('token')) || target.searchParams.get('token')) }),
    };
  if (key === 'GET /o/oauth2/v2/auth')
    return { name: 'oauth.auth', run: () => ({ status: 302, ...consent(world, target.searchParams) }) };

  const path = target.pathname.startsWith(API) ? target.pathname.slice(API.length) : null;
  const match = path === null ? null : findMethod(request.method, path);
  if (!match)
    return {
      name: `unknown ${key}`,
      run: () => {
        throw refusals.notFound();
      },
    };
  const user = world.tokens.get(headers.authorization?.slice('Bearer '.length))?.user;
  let body;
  try {
    body = bytes.length ? JSON.parse(bytes) : undefined;
  } catch {
    body = bytes.toString().slice(0, 200);
  }
  return {
    name: match.method.name,
    user,
    calendar: match.calendarId === 'primary' ? user : match.calendarId,
    event: match.event ?? (match.method.name === 'events.insert' ? body?.id : undefined),
    journalBody: body,
    run: () => answer(world, match, { headers, search: target.searchParams, bytes, base: url + API }),
  };
}

async function act(world, call, entry, request, response) {
  const chosen = chooseFault(world, {
    method: call.name,
    calendar: call.calendar,
    user: call.user,
    event: call.event,
  });
  if (chosen.delay_ms) await new Promise((resolve) => setTimeout(resolve, chosen.delay_ms));
  if (chosen.name) entry.fault = chosen.name;
  const finish = (outcome, more) => world.log({ ...entry, ...more, outcome });

  if (chosen.name === 'cut_before' || chosen.name === 'hang_before') {
    finish('lost', { applied: false });
    return chosen.name === 'cut_before' ? cut(response) : hang(world, chosen.fault, response);
  }
  const ordered = chosen.fault && faultRefusal(chosen, { method: call.name });
  let reply;
  try {
    if (ordered) throw ordered;
    reply = call.run();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    reply = error;
  }
  const applied = !(reply instanceof Refusal);
  if (applied && call.name === 'freebusy.query' && chosen.fault) spoilFreeBusy(chosen, reply.body, call.user);
  const status = reply.status ?? (reply.body === undefined ? 204 : 200);
  const facts = { status, applied, ...(!applied && { reason: reply.reason }) };
  switch (chosen.name) {
    case 'cut_after':
      finish('lost', facts);
      return cut(response);
    case 'hang_after':
      finish('lost', facts);
      return hang(world, chosen.fault, response);
    case 'cut_half':
      finish('lost', facts);
      return send(request, response, { ...reply, status }, { half: true });
    case 'garbage':
      finish('lost', facts);
      return send(request, response, { status: 200, body: '{"kind":"calendar#ev' });
    case 'empty':
      finish('lost', facts);
      return send(request, response, { status: 200, body: '' });
    default:
      finish(applied ? 'done' : 'refused', facts);
      return send(request, response, { ...reply, status, headers: reply.headers });
  }
}

const cut = (response) => response.socket?.resetAndDestroy?.() ?? response.socket?.destroy();

/** Keeps a call waiting for `ms`, or until its client goes or everything is healed; then cuts it. */
function hang(world, fault, response) {
  return new Promise((resolve) => {
    const release = () => {
      clearTimeout(timer);
      world.hanging.delete(release);
      cut(response);
      resolve();
    };
    const timer = setTimeout(release, fault.ms ?? 600_000);
    timer.unref();
    world.hanging.add(release);
    response.once('close', release);
  });
}

function send(request, response, { status, body, etag, location, headers = {} }, { half = false } = {}) {
  const all = {
    'cache-control': 'no-cache, no-store, max-age=0, must-revalidate',
    date: new Date().toUTCString(),
    ...headers,
  };
  if (etag) all.etag = etag;
  if (location) all.location = location;
  if (body === undefined || status === 204 || status === 304)
    return void response.writeHead(status, all).end();
  let bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  all['content-type'] ??= 'application/json; charset=UTF-8';
  if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    bytes = gzipSync(bytes, { level: 1 });
    all['content-encoding'] = 'gzip';
  }
  all['content-length'] = bytes.length;
  response.writeHead(status, all);
  if (!half) return void response.end(bytes);
  response.write(bytes.subarray(0, bytes.length >> 1), () => cut(response));
}
