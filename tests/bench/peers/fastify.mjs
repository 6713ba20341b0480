// A booking page's server as Fastify's documentation has one write it: plugins for PostgreSQL and tokens, schemas for what
// comes in and goes out, a log line for each request; one process for each core, by Node's cluster.
//
// PORT, DATABASE_URL, SECRET
import cluster from 'node:cluster';
import { availableParallelism } from 'node:os';
import jwt from '@fastify/jwt';
import postgres from '@fastify/postgres';
import Fastify from 'fastify';

const MINUTE_MS = 60_000;
const time = { type: 'string', format: 'date-time' };
const slot = { type: 'object', properties: { start: time, end: time } };

async function routes(fastify) {
  fastify.addHook('onRequest', (request) => request.jwtVerify());

  const listed = {
    querystring: {
      type: 'object',
      required: ['coach', 'from', 'to', 'duration'],
      properties: {
        coach: { type: 'string' },
        from: time,
        to: time,
        duration: { type: 'integer', minimum: 5 },
      },
    },
    response: { 200: { type: 'object', properties: { slots: { type: 'array', items: slot } } } },
  };
  fastify.get('/booking/availability', { schema: listed }, async ({ query }) => {
    const { rows: busy } = await fastify.pg.query(
      `SELECT starts_at, ends_at FROM appointment
       WHERE coach_id = $1 AND status = 'scheduled' AND starts_at < $3 AND ends_at > $2 ORDER BY starts_at`,
      [query.coach, query.from, query.to],
    );
    const length = query.duration * MINUTE_MS;
    const step = 30 * MINUTE_MS;
    const last = Date.parse(query.to) - length;
    const slots = [];
    for (let start = Math.ceil(Date.parse(query.from) / step) * step; start <= last; start += step)
      if (!busy.some(({ starts_at, ends_at }) => starts_at < start + length && ends_at > start))
        slots.push({ start: new Date(start).toISOString(), end: new Date(start + length).toISOString() });
    return { slots };
  });

  const created = {
    body: {
      type: 'object',
      required: ['coach', 'start', 'duration_minutes'],
      properties: {
        coach: { type: 'string' },
        start: time,
        duration_minutes: { type: 'integer', minimum: 5 },
      },
    },
  };
  fastify.post('/booking/create', { schema: created }, async (request, reply) => {
    const { coach, start, duration_minutes } = request.body;
    const end = new Date(Date.parse(start) + duration_minutes * MINUTE_MS);
    const booked = await fastify.pg.transact(async (client) => {
      const taken = await client.query(
        `SELECT 1 FROM appointment
         WHERE coach_id = $1 AND status = 'scheduled' AND starts_at < $3 AND ends_at > $2`,
        [coach, start, end],
      );
      if (taken.rowCount > 0) return null;
      const { rows } = await client.query(
        `INSERT INTO appointment (coach_id, user_id, email, starts_at, ends_at)
         VALUES ($1, $2, $3, $4, $5) RETURNING id, coach_id, starts_at, ends_at, status`,
        [coach, request.user.sub, request.user.email, start, end],
      );
      return rows[0];
    });
    return reply.code(booked ? 201 : 409).send(booked ?? { error: 'This time has just been taken.' });
  });
}

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
} else {
  const fastify = Fastify({ logger: true });
  fastify.register(postgres, { connectionString: process.env.DATABASE_URL });
  fastify.register(jwt, { secret: process.env.SECRET });
  fastify.get('/healthz', () => ({ ok: true }));
  fastify.register(routes);
  await fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
}
