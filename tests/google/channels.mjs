// Push channels: events.watch, channels.stop, and the pushes themselves, sent over real HTTP.
import http from 'node:http';
import https from 'node:https';
import { applyPushFault } from './faults.mjs';
import { refusals } from './replies.mjs';
import { digest } from './world.mjs';

const WEEK = 604_800_000;
const RETRIED = [500, 502, 503, 504];
const ACCEPTED = [102, 200, 201, 202, 204];

export function watchEvents(world, { calendar, speaker, body, base }) {
  const { id, type, address, token, expiration, params } = body;
  if (!/^[A-Za-z0-9\-_+/=]{1,64}$/.test(id ?? '')) throw refusals.invalid('Invalid channel id.');
  if (!['web_hook', 'webhook'].includes(type)) throw refusals.invalid('Invalid channel type.');
  if (!/^https:\/\/./.test(address ?? '')) throw refusals.pushNotHttps(address ?? '');
  if ((token ?? '').length > 256) throw refusals.invalid('Channel token too long.');
  if (params?.ttl !== undefined && !/^\d+$/.test(params.ttl)) throw refusals.invalid('Invalid ttl.');
  if (world.kept.channels[id]) throw refusals.channelIdNotUnique(id); // a stopped one keeps its id too
  const now = Date.now();
  const wanted = expiration != null ? +expiration : now + (params?.ttl ? params.ttl * 1000 : WEEK);
  if (wanted <= now) throw refusals.invalid('Invalid expiration.');
  const channel = {
    id,
    address,
    token: token ?? null,
    calendar: calendar.id,
    user: speaker.user,
    messages: 0,
    stopped: false,
    expiration: Math.floor(Math.min(wanted, now + 30 * 86_400_000) / 1000) * 1000,
    resourceId: digest(`resource ${calendar.id}`).slice(0, 27),
    resourceUri: `${base}/calendars/${encodeURIComponent(calendar.id)}/events?alt=json`,
  };
  world.kept.channels[id] = channel;
  world.save();
  push(world, channel, 'sync'); // may arrive before this reply does, as with Google
  return {
    kind: 'api#channel',
    id,
    resourceId: channel.resourceId,
    resourceUri: channel.resourceUri,
    ...(token != null && { token }),
    expiration: String(channel.expiration),
  };
}

export function stopChannel(world, { speaker, body }) {
  const channel = world.kept.channels[body.id];
  if (!channel || channel.stopped || channel.resourceId !== body.resourceId || channel.user !== speaker.user)
    throw refusals.channelNotFound(body.id);
  channel.stopped = true;
  world.save();
}

/** Tells every living channel of `calendar` that something changed. */
export function notifyChannels(world, calendar) {
  for (const channel of Object.values(world.kept.channels))
    if (channel.calendar === calendar.id && !channel.stopped && channel.expiration > Date.now())
      push(world, channel, 'exists');
}

function push(world, channel, state) {
  channel.messages += state === 'sync' ? 1 : 1 + Math.floor(Math.random() * 5); // rising, not consecutive
  const copies = applyPushFault(world, channel);
  for (let i = 0; i < copies; i++) deliver(world, channel, state, channel.messages, 0);
  if (copies === 0) world.log({ type: 'push', channel: channel.id, state, outcome: 'dropped' });
}

function deliver(world, channel, state, number, attempt) {
  const url = new URL(channel.address);
  const route = world.settings.push_routes[url.origin];
  const target = new URL(route ?? url.origin);
  const request = (target.protocol === 'https:' ? https : http).request({
    method: 'POST',
    host: target.hostname,
    port: target.port,
    path: url.pathname + url.search,
    agent: false,
    timeout: 10_000,
    headers: {
      host: url.host,
      accept: '*/*',
      'content-type': 'application/json; utf-8',
      'content-length': 0,
      'user-agent': 'APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)',
      'x-goog-channel-id': channel.id,
      'x-goog-message-number': number,
      'x-goog-resource-id': channel.resourceId,
      'x-goog-resource-state': state,
      'x-goog-resource-uri': channel.resourceUri,
      'x-goog-channel-expiration': new Date(channel.expiration).toUTCString(),
      ...(channel.token !== null && { 'x-goog-channel-token': channel.token }),
    },
  });
  const done = (outcome, retry) => {
    world.log({ type: 'push', channel: channel.id, state, number, outcome });
    if (retry && attempt < 6)
      setTimeout(
        () => deliver(world, channel, state, number, attempt + 1),
        world.settings.push_retry_ms * 2 ** attempt,
      ).unref();
  };
  request.on('response', (reply) => {
    reply.resume();
    done(
      ACCEPTED.includes(reply.statusCode) ? 'delivered' : `refused ${reply.statusCode}`,
      RETRIED.includes(reply.statusCode),
    );
  });
  request.on('timeout', () => request.destroy(new Error('timeout')));
  request.on('error', (error) => done(`unreachable: ${error.code ?? error.message}`, true));
  request.end();
}
