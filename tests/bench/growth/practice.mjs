// All of it at once: a million appointments, 10,000 coaches, 100,000 notices sent, a thousand webhooks with a backlog,
// against a small practice.
import net from 'node:net';
import { computedRequests, upcoming } from '../availability.mjs';
import { distinct, mustAnswer, PER_SECOND_MAX, sendOnce, warm } from '../booking.mjs';
import { coachNames } from './growth.mjs';
import { interleave, load, ratios, SECONDS, writeRequests } from '../measure.mjs';

const ASKED = 100; // coaches who are listed and booked, in both
const SIZES = {
  small: { coaches: ASKED + 1, appointments: 1_000, busy: 0 },
  large: { coaches: 10_001, appointments: 1_000_000, busy: 0 },
};

/** What a large practice has behind it; the receivers take a connection and never say a word. */
function addPast(world, port) {
  world.database.run(`
    update appointment set noticed_version = version, noticed_start = starts_at;
    insert into notice (appointment_id, recipient, channel, kind, about, state, sent_at)
    select id, 'client', 'email', 'confirmed', '1', 'sent', now() from appointment limit 100000;
    insert into webhook_endpoint (coach_id, url) select 'c' || n, 'http://127.0.0.1:${port}/' from generate_series(1, 1000) n;
    insert into event (type, coach_id, appointment_id, body, place, id)
    select 'appointment.created', coach_id, id, jsonb_build_object('row', to_jsonb(a)), n, event_uuid(n)
    from (select row_number() over () as n, a as a, a.id, a.coach_id
          from webhook_endpoint w, lateral (select * from appointment where coach_id = w.coach_id limit 10) a) rows;
    insert into webhook_delivery (endpoint_id, event, state)
    select w.id, e.serial, 'owed' from webhook_endpoint w join event e on e.coach_id = w.coach_id;
    select setval('event_places', 10000)`);
  world.settle();
}

export async function practice(shared, report) {
  const silent = net.createServer(() => {});
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const settings = {
    WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    WEBHOOK_ALLOW_PRIVATE: '1',
  };
  const variants = {};
  const sizes = [];
  for (const [name, what] of Object.entries(SIZES)) {
    const own = await shared.another(`practice_${name}`, what);
    if (name === 'large') addPast(own, silent.address().port);
    const daemon = await own.serve(settings);
    await warm(own, daemon);
    const asked = coachNames(ASKED);
    const listings = writeRequests(`practice_${name}`, computedRequests(own, asked, upcoming()));
    variants[`listing, ${name}`] = () => load(daemon, listings);
    variants[`create, ${name}`] = sendOnce(daemon, 'create', () => distinct(own, SECONDS * PER_SECOND_MAX));
    sizes.push({ own, daemon });
  }
  const samples = await interleave(variants);
  report.table('practice', samples);
  for (const what of ['listing', 'create']) {
    mustAnswer(report, `${what}, large`, samples[`${what}, large`], what === 'create' ? 201 : 200);
    report.must(
      `${what}, a million appointments, 10,000 coaches, 100,000 notices, 1,000 webhooks behind, against a small practice`,
      ratios(samples, `${what}, large`, `${what}, small`),
      '>=',
      1 / 1.2,
    );
  }
  report.fact(
    'practice: webhooks tried meanwhile',
    sizes[1].own.database.value('select count(*)::int from webhook_delivery where attempts > 0'),
  );
  for (const { own, daemon } of sizes) {
    await daemon.stop();
    own.drop();
  }
  silent.close();
}
