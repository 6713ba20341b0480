// A real mail server as a test uses it (tests/mail/server.py): what it took, and faults on order.
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { Child, until } from './child.mjs';
import { ROOT } from './run_folder.mjs';

const SERVER = path.join(ROOT, 'tests/mail/server.py');
const READER = path.join(ROOT, 'tests/mail/read.py');

export class MailServer {
  /**
   * `options`: { auth: true } asks for ann's password, { certificate, key } offers STARTTLS; `child` are options for the
   * program.
   */
  static async start(options = {}, port = 0, child = {}) {
    const server = new MailServer();
    const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    server.child = new Child('/usr/bin/python3', [SERVER, String(port), ...flags], {
      name: 'mail',
      ...child,
    });
    server.port = JSON.parse(await server.child.line((line) => line.includes('"port"'), 'its port')).port;
    server.url = `smtp://127.0.0.1:${server.port}/client.test`;
    /** Settings of a daemon that sends by it. */
    server.settings = {
      MAIL_URL: server.url,
      MAIL_FROM: 'bookings@coach.test',
      MAIL_TLS: 'none',
      MAIL_PER_MINUTE: '0',
    };
    server.asked = 0;
    server.seen = 0;
    return server;
  }

  async #order(what) {
    const count = ++this.asked;
    this.child.process.stdin.write(JSON.stringify(what) + '\n');
    await this.child.line((line) => line === `{"done": ${count}}`, 'an answer');
  }
  fault(verb, how) {
    return this.#order({ fault: verb, ...how });
  }
  cycle(faults) {
    return this.#order({ cycle: faults });
  }
  heal() {
    return this.#order({ heal: true });
  }

  /** Everything it took so far: { from, to, raw (a Buffer), tls, told (whether it meant to say so) }. */
  get mails() {
    return this.child.lines
      .filter((line) => line.startsWith('{"mail"'))
      .map((line) => JSON.parse(line).mail)
      .map((mail) => ({ ...mail, raw: Buffer.from(mail.raw, 'base64') }));
  }

  /** How often it failed, as ordered, at each verb: { EHLO: 2, ... }. */
  get failures() {
    const counts = {};
    for (const line of this.child.lines.filter((line) => line.startsWith('{"failed"'))) {
      const verb = JSON.parse(line).failed;
      counts[verb] = (counts[verb] ?? 0) + 1;
    }
    return counts;
  }

  /** The first `count` messages for which `matches`, as readMail() gives them, once there are that many. */
  async wait(count = 1, matches = () => true, ms = 20_000) {
    const found = await until(
      `${count} mails`,
      () => {
        const those = this.read().filter(matches);
        return those.length >= count && those;
      },
      ms,
    );
    return found;
  }

  #read = [];
  /** All messages taken apart. */
  read() {
    const { mails } = this;
    if (mails.length > this.#read.length)
      this.#read.push(...readMails(mails.slice(this.#read.length).map(({ raw }) => raw)));
    return this.#read;
  }

  /** What went to this address. */
  to(email) {
    return this.read().filter(({ to }) => to[0] === email.trim().toLowerCase());
  }
  /** The mails with a code among it. */
  codesTo(email) {
    return this.to(email).filter(({ subject }) => /code/.test(subject));
  }
  /** Has a code mailed by `ask`, which resolves to the reply, and waits for it: { reply, code, mail }. */
  async codeAfter(email, ask) {
    const before = this.codesTo(email).length;
    const reply = await ask();
    const mails = await until(`a code to ${email}`, () => {
      const found = this.codesTo(email);
      return found.length > before && found;
    });
    return { reply, code: codeOf(mails.at(-1)), mail: mails.at(-1) };
  }

  stop() {
    this.child.process.stdin.end();
    return this.child.stop('SIGTERM');
  }
}

/** The six digits in a mail's subject. */
export const codeOf = ({ subject }) => /(\d{3}) (\d{3})/.exec(subject).slice(1).join('');

/**
 * Messages as Python's email package and python3-icalendar read them: { headers, subject, text, html, calendar:
 * { method, mime_method, uid, ... }, parts, defects, longest (octets of the longest line), bare (line ends other
 * than CRLF) }.
 */
export function readMails(raws) {
  if (raws.length === 0) return [];
  const input = raws.map((raw) => raw.toString('base64')).join('\n');
  const out = execFileSync('/usr/bin/python3', [READER], { input, encoding: 'utf8', maxBuffer: 1 << 28 });
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
