// A network for tests: names and public addresses that do not exist, with https servers behind them. See strange_network.c.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { bookingd } from './postgres.mjs';
import { temporaryFolder } from './run_folder.mjs';

/** An address that is public; connections to it lead to the same port of 127.0.0.1. */
export const PUBLIC = '93.184.216.34';
export const PRIVATE = '127.0.0.1';

const library = () => path.join(path.dirname(path.resolve(bookingd())), 'tests/harness/strange_network.so');

/** Why a test that needs such a network is left out; false: it is not. */
export const noStrangeNetwork =
  process.env.SANITIZE || process.env.VALGRIND ? 'a sanitizer must be the first library' : false;

export class StrangeNetwork {
  /** `names`: { 'a.example': [PUBLIC, PRIVATE] }, what each stands for the first time it is looked up, the second, ... */
  constructor(names) {
    this.names = names;
    const folder = temporaryFolder('network');
    const [key, cert] = ['key.pem', 'cert.pem'].map((file) => path.join(folder, file));
    const alternatives = Object.keys(names).map((name) => `DNS:${name}`);
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-subj', '/CN=test', '-addext', `subjectAltName=${alternatives}`, '-days', '2'],
        ...['-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore' },
    );
    Object.assign(this, { key, certificate: cert });
    this.tls = { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
    this.servers = [];
  }

  /** What the daemon is started with. */
  get env() {
    return {
      LD_PRELOAD: library(),
      STRANGE_TRUST: this.certificate,
      STRANGE_NAMES: Object.entries(this.names)
        .map(([name, addresses]) => `${name}=${addresses.join('/')}`)
        .join(' '),
    };
  }

  /** An https server of all names: its port. `answer(request, response)`; a request is answered once its body is there. */
  async serve(answer) {
    const server = https.createServer(this.tls, (request, response) => {
      const parts = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => {
        request.body = Buffer.concat(parts).toString();
        answer(request, response);
      });
    });
    this.servers.push(server);
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    return server.address().port;
  }

  async stop() {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((ended) => server.close(ended));
    }
  }
}
