// Real CalDAV servers of Debian's, each with one account (ana) and one calendar in it, for tests.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { Child, until } from './child.mjs';
import { freePort, temporaryFolder } from './run_folder.mjs';

export const USER = 'ana';
export const PASSWORD = 'app-password-4711';

/** A running server; `calendar` is the path of ana's calendar. */
export class CalDav {
  constructor(name, port, calendar, child) {
    Object.assign(this, { name, port, calendar, child });
    this.url = `http://127.0.0.1:${port}`;
  }

  /** What the server answers: { status, headers, text }. Never throws for a status. */
  request(method, where, { body, headers = {} } = {}) {
    return new Promise((resolve, reject) => {
      const authorization = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
      const request = http.request(
        `${this.url}${where}`,
        { method, headers: { authorization, ...headers }, agent: false },
        (response) => {
          let text = '';
          response
            .setEncoding('utf8')
            .on('data', (more) => (text += more))
            .on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
        },
      );
      request.on('error', reject).end(body);
    });
  }

  /** As the coach's own program would: writes the file `name` of the calendar, whatever is there. */
  async put(name, text) {
    const reply = await this.request('PUT', this.calendar + name, {
      body: text,
      headers: { 'content-type': 'text/calendar; charset=utf-8' },
    });
    if (reply.status !== 201 && reply.status !== 204)
      throw new Error(`PUT ${name}: ${reply.status} ${reply.text}`);
  }

  /** The file's text; null if there is none. */
  async get(name) {
    const { status, text } = await this.request('GET', this.calendar + name);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`GET ${name}: ${status}`);
    return text.replace(/\r?\n[ \t]/g, '');
  }

  async delete(name) {
    const { status, text } = await this.request('DELETE', this.calendar + name);
    if (status !== 204 && status !== 200) throw new Error(`DELETE ${name}: ${status} ${text}`);
  }

  /** The names of all files in the calendar. */
  async list() {
    const { text } = await this.request('PROPFIND', this.calendar, {
      headers: { depth: '1', 'content-type': 'application/xml' },
      body: '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>',
    });
    return [...text.matchAll(/href>([^<]*)</g)]
      .map(([, href]) => decodeURIComponent(href))
      .filter((href) => href.startsWith(this.calendar) && href !== this.calendar)
      .map((href) => href.slice(this.calendar.length));
  }

  stop() {
    return this.child.stop();
  }
}

const answers = (server) =>
  until(`${server.name} to answer`, async () => {
    if (server.child.end)
      throw new Error(`${server.name} ended: ${server.child.lines.slice(-10).join('\n')}`);
    try {
      return await server.request('OPTIONS', '/');
    } catch {
      return false;
    }
  });

async function makeCalendar(server) {
  const { status, text } = await server.request('MKCALENDAR', server.calendar);
  if (status !== 201) throw new Error(`MKCALENDAR: ${status} ${text}`);
}

export async function startRadicale() {
  const folder = temporaryFolder('radicale');
  const port = await freePort();
  fs.writeFileSync(path.join(folder, 'users'), `${USER}:${PASSWORD}\n`);
  const child = new Child('radicale', [
    ...['--config', ''],
    ...['--server-hosts', `127.0.0.1:${port}`],
    ...['--auth-type', 'htpasswd', '--auth-htpasswd-encryption', 'plain'],
    ...['--auth-htpasswd-filename', path.join(folder, 'users')],
    ...['--storage-filesystem-folder', path.join(folder, 'data')],
  ]);
  const server = new CalDav('radicale', port, `/${USER}/appointments/`, child);
  await answers(server);
  await makeCalendar(server);
  return server;
}

/** It asks nobody for a password. */
export async function startXandikos() {
  const port = await freePort();
  const child = new Child('xandikos', [
    ...['-d', temporaryFolder('xandikos'), '--defaults'],
    ...['--current-user-principal', `/${USER}/`],
    ...['-l', '127.0.0.1', '-p', String(port)],
  ]);
  const server = new CalDav('xandikos', port, `/${USER}/calendars/calendar/`, child);
  await answers(server);
  return server;
}

/** Says lines to an IMAP server and waits for the end of the conversation. */
const imap = (port, lines) =>
  new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () =>
      socket.write(lines.map((line) => `${line}\r\n`).join('')),
    );
    socket
      .setEncoding('utf8')
      .on('data', (more) => (text += more))
      .on('error', reject)
      .on('close', () => resolve(text));
  });

/** Its programs run as the user cyrus, which takes root to become. */
export const mayStartCyrus = () => process.getuid() === 0;

/** It takes any password. It also does scheduling: it mails the guests of events, if there are any. */
export async function startCyrus() {
  const folder = temporaryFolder('cyrus');
  const port = await freePort();
  const imapPort = await freePort();
  for (const name of [
    'conf',
    'conf/db',
    'conf/proc',
    'conf/lock',
    'conf/socket',
    'conf/log',
    'conf/msg',
    'conf/quota',
    'spool',
  ])
    fs.mkdirSync(path.join(folder, name));
  fs.writeFileSync(
    path.join(folder, 'imapd.conf'),
    [
      `configdirectory: ${folder}/conf`,
      `proc_path: ${folder}/conf/proc`,
      `mboxname_lockpath: ${folder}/conf/lock`,
      ...['idle', 'notify', 'lmtp'].map((name) => `${name}socket: ${folder}/conf/socket/${name}`),
      `partition-default: ${folder}/spool`,
      'defaultpartition: default',
      'unixhierarchysep: yes',
      'admins: admin',
      'allowplaintext: yes',
      'sasl_pwcheck_method: alwaystrue',
      'sasl_mech_list: PLAIN',
      'httpmodules: caldav',
      'syslog_prefix: bookingd-test',
      '',
    ].join('\n'),
  );
  fs.writeFileSync(
    path.join(folder, 'cyrus.conf'),
    [
      `START {\n  recover cmd="/usr/sbin/cyrus ctl_cyrusdb -C ${folder}/imapd.conf -r"\n}`,
      'SERVICES {',
      `  imap cmd="imapd -C ${folder}/imapd.conf" listen="127.0.0.1:${imapPort}" prefork=0`,
      `  http cmd="httpd -C ${folder}/imapd.conf" listen="127.0.0.1:${port}" prefork=0`,
      '}\nEVENTS {\n}\n',
    ].join('\n'),
  );
  execFileSync('chown', ['-R', 'cyrus:mail', folder]);
  const become = ['--reuid', 'cyrus', '--regid', 'mail', '--init-groups', '--pdeathsig', 'TERM'];
  const master = ['/usr/sbin/cyrmaster', '-C', `${folder}/imapd.conf`, '-M', `${folder}/cyrus.conf`];
  const child = new Child('setpriv', [...become, '--', ...master, '-p', `${folder}/conf/pid`], {
    name: 'cyrus',
    detached: true, // at its end it ends its whole process group, where another file's Cyrus would be
  });
  const server = new CalDav('cyrus', port, `/dav/calendars/user/${USER}/Default/`, child);
  await answers(server);
  const said = await imap(imapPort, ['a login admin x', `b create user/${USER}`, 'c logout']);
  if (!said.includes('b OK')) throw new Error(`cyrus: ${said}`);
  // The first look makes the calendar.
  await server.request('PROPFIND', `/dav/calendars/user/${USER}/`, { headers: { depth: '1' } });
  return server;
}

export const SERVERS = [startRadicale, startXandikos, ...(mayStartCyrus() ? [startCyrus] : [])];

/** Passes requests on to `server`, but for those that `answer` answers (true, or a promise of it). Tells them in `seen`. */
export async function between(server, answer = () => false) {
  const seen = [];
  const proxy = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request.setEncoding('utf8')) body += part;
    seen.push({ method: request.method, path: request.url, body, headers: request.headers });
    if (await answer(request, response, body)) return;
    const on = http.request(
      `${server.url}${request.url}`,
      { method: request.method, headers: request.headers, agent: false },
      (reply) => {
        response.writeHead(reply.statusCode, reply.headers);
        reply.pipe(response);
      },
    );
    on.on('error', () => response.destroy());
    on.end(body);
  });
  await new Promise((ready) => proxy.listen(0, '127.0.0.1', ready));
  return {
    seen,
    url: `http://127.0.0.1:${proxy.address().port}`,
    stop: () => {
      proxy.closeAllConnections();
      return new Promise((ended) => proxy.close(ended));
    },
  };
}
