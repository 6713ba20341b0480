// Notices a second: what is owed goes out by mail, against a program that sends the same mail again and again on one
// connection to the same server.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { sleep, until } from '../harness/child.mjs';
import { MailServer } from '../harness/mail.mjs';
import { FOLDER, SECONDS, inSession, interleave, ratios } from './measure.mjs';

const WATCHED_SECONDS = 5 * SECONDS;
const SENDER = `
import smtplib, sys, time
port, seconds, mail = int(sys.argv[1]), float(sys.argv[2]), open(sys.argv[3], "rb").read()
server = smtplib.SMTP("127.0.0.1", port)
sent, began = 0, time.monotonic()
while time.monotonic() - began < seconds:
    server.sendmail("bookings@coach.test", ["u1@client.test"], mail)
    sent += 1
print(sent / (time.monotonic() - began))
`;

/** Mails a second of the daemon, which has more to send than it can in that time. */
async function owed(world, mail) {
  const sent = () =>
    world.database.value("select count(*)::int from notice where channel = 'email' and state = 'sent'");
  const before = sent();
  const daemon = await world.serve(mail.settings);
  await until('the first mails to go out', () => sent() > before);
  const [first, began, cpu] = [sent(), performance.now(), daemon.cpu()];
  await sleep(WATCHED_SECONDS * 1000);
  const [done, seconds] = [sent() - first, (performance.now() - began) / 1000];
  const sample = { rate: done / seconds, cpu_us: ((daemon.cpu() - cpu) * 1e6) / done };
  await daemon.stop();
  return sample;
}

/** The server's words come to us, so it is not waited for. */
async function bare(mail, file) {
  const [command, ...args] = inSession(
    'python3',
    ['-c', SENDER, mail.port, WATCHED_SECONDS, file].map(String),
  );
  const { stdout } = await promisify(execFile)(command, args);
  return { rate: Number(stdout) };
}

export async function notices(shared, report) {
  const world = await shared.another('noticed', { appointments: 20_000, busy: 0 }); // 10 of each coach are owed
  world.database.run('truncate notice'); // as when it was made: nobody has found it empty, and plans count on that
  const mail = await MailServer.start();
  const file = path.join(FOLDER, 'mail.eml');
  const names = { daemon: 'notices', bare: 'a program that does nothing but mail' };
  await owed(world, mail);
  fs.writeFileSync(file, mail.mails.at(-1).raw);
  const samples = await interleave(
    {
      [names.daemon]: () => owed(world, mail),
      [names.bare]: () => bare(mail, file),
    },
    3,
  );
  report.fact('notices a second, one connection', samples[names.daemon].at(-1).rate);
  report.fact('notices: daemon CPU each, µs', samples[names.daemon].at(-1).cpu_us);
  report.ratio(`${names.daemon} against ${names.bare}`, ratios(samples, names.daemon, names.bare));
  await mail.stop();
  world.drop();
}
