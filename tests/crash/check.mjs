// What must hold after any crash, checked by a program of its own from what was written down outside the daemon.
//
//   node tests/crash/check.mjs JOURNAL DATABASE_URL CONTROL CALENDAR [MAILS]
//
// JOURNAL has a line of JSON for each request before it is sent and one for its answer (tests/crash/clients.mjs);
// CONTROL is the stand-in's control address; MAILS has the Message-ID of each mail that the mail server took, a line each.
// Prints a line for each broken promise, then what was looked at; exits 1 if a promise is broken.
import fs from 'node:fs';
import { Database } from '../harness/postgres.mjs';

const [journalFile, databaseUrl, control, calendar, mailsFile] = process.argv.slice(2);
const broken = [];
const insist = (held, promise, seen) => held || broken.push(`${promise}: ${JSON.stringify(seen)}`);

function groupBy(list, keyOf) {
  const groups = new Map();
  for (const entry of list) {
    const key = keyOf(entry);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(entry);
  }
  return groups;
}

const journal = fs
  .readFileSync(journalFile, 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const database = new Database(databaseUrl);
const rows = database.rows(
  `SELECT id, user_id, status, starts_at, blocked_from, blocked_to, coach_id, version, synced_version, calendar_conflict,
     noticed_version, noticed_start, invited_by, hold_expires_at
   FROM bookingd.appointment`,
);
const rowsOf = groupBy(rows, ({ user_id }) => user_id);

/** One client's story: what was promised to them, against their rows. */
function checkClient(user, lines) {
  const booked = rowsOf.get(user) ?? [];
  const answers = lines.filter(({ status }) => status !== undefined);
  const promised = answers.findLast(({ status }) => status < 300);
  // Asked after that, and never answered for certain: it may or may not have happened.
  const open = lines.filter(
    ({ status, n }) =>
      status === undefined && !answers.some((answer) => answer.n === n && answer.status < 500),
  );
  insist(booked.length <= 1, 'one client booked twice', { user, booked });
  if (!promised) {
    insist(open.length || !booked.length, 'refused, but booked', { user, lines, booked });
    return 'refused';
  }
  const row = booked.find(({ id }) => id === promised.id);
  insist(row, 'acknowledged, but lost', { user, promised });
  if (!row) return 'acknowledged';
  const later = open.filter(({ n }) => n > promised.n);
  const statuses = [promised.state, ...later.filter(({ call }) => call === 'cancel').map(() => 'cancelled')];
  const starts = [
    promised.start,
    ...later.filter(({ call }) => call === 'reschedule').map(({ start }) => start),
  ];
  insist(statuses.includes(row.status), 'not in the state that was acknowledged', { promised, later, row });
  insist(
    starts.some((start) => Date.parse(start) === Date.parse(row.starts_at)),
    'not at the time that was acknowledged',
    { promised, later, row },
  );
  return 'acknowledged';
}

const verdicts = [...groupBy(journal, ({ user }) => user)].map(([user, lines]) => checkClient(user, lines));

const active = rows
  .filter(({ status }) => status === 'scheduled' || status === 'held')
  .sort((a, b) => Date.parse(a.blocked_from) - Date.parse(b.blocked_from));
for (let i = 1; i < active.length; i++)
  insist(
    Date.parse(active[i - 1].blocked_to) <= Date.parse(active[i].blocked_from),
    'two appointments at one time',
    [active[i - 1], active[i]],
  );

const events = await (await fetch(`${control}/calendars/${calendar}/events`)).json();
const idOf = (event) =>
  /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(JSON.stringify(event.extendedProperties ?? {}))?.[0];
const eventsOf = groupBy(events, idOf);
for (const row of rows) {
  const own = eventsOf.get(row.id) ?? [];
  const live = own.filter(({ status }) => status !== 'cancelled');
  insist(row.version === row.synced_version, 'something is owed still', row);
  insist(own.length <= 1, 'two events for one appointment', { row, own });
  insist(live.length === (row.status === 'scheduled' ? 1 : 0), 'appointments and events differ', {
    row,
    own,
  });
  for (const event of live)
    insist(Date.parse(event.start) === Date.parse(row.starts_at), 'the event has another time', {
      row,
      event,
    });
}
const known = new Set(rows.map(({ id }) => id));
for (const [id, own] of eventsOf)
  insist(id === undefined || known.has(id), 'an event without an appointment', own);

/** What a person was mailed of an appointment, against what it is now. */
function checkTold(row, recipient, notices) {
  const told = notices.findLast(
    (notice) => notice.recipient === recipient && ['sent', 'unknown'].includes(notice.state),
  );
  const knows = told && told.kind !== 'cancelled';
  insist(Boolean(knows) === (row.status === 'scheduled'), 'not told how it stands', { row, recipient, told });
}

/** The ledger of notices against the appointments, and what the mail server took against the ledger. */
function checkMails(mails) {
  const notices = database.rows(
    `SELECT appointment_id, recipient, kind, about, state, attempts,
       appointment_id || '.' || about || '.' || kind || '.' || recipient AS name
     FROM bookingd.notice WHERE channel = 'email' ORDER BY id`,
  );
  const noticesOf = groupBy(notices, ({ appointment_id }) => appointment_id);
  for (const row of rows.filter(({ status }) => status === 'scheduled' || status === 'cancelled')) {
    const own = noticesOf.get(row.id) ?? [];
    insist(row.version <= row.noticed_version, 'a change is to be announced still', row);
    insist(
      Date.parse(row.noticed_start) === Date.parse(row.starts_at) || row.status === 'cancelled',
      'announced at another time',
      row,
    );
    checkTold(row, 'coach', own);
    // Else Google invites them, with the event.
    if (row.invited_by === 'email') checkTold(row, 'client', own);
  }
  const taken = groupBy(mails, (mail) => mail);
  const known = new Set(notices.map(({ name }) => name));
  for (const notice of notices) {
    const times = taken.get(notice.name)?.length ?? 0;
    insist(!['owed', 'retry', 'sending'].includes(notice.state), 'a mail is owed still', notice);
    insist(times > 0 || notice.state !== 'sent', 'said to be sent, but it is not there', notice);
    insist(times <= notice.attempts, 'mailed more often than it was tried', { notice, times });
  }
  for (const mail of taken.keys()) insist(known.has(mail), 'a mail that nobody owes', mail);
}

let mails = [];
if (mailsFile) {
  mails = fs.readFileSync(mailsFile, 'utf8').split('\n').filter(Boolean);
  checkMails(mails);
}

for (const line of broken) console.log(line);
const count = (verdict) => verdicts.filter((each) => each === verdict).length;
console.log(
  `${journal.length} lines, ${count('acknowledged')} clients acknowledged, ${count('refused')} refused, ` +
    `${rows.length} appointments, ${events.length} events, ${mails.length} mails, ${broken.length} promises broken`,
);
process.exitCode = broken.length ? 1 : 0;
