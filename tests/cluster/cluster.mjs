// A highly available PostgreSQL as an operator would have it: etcd, and Patroni over three servers, all on the loopback.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Child, until } from '../harness/child.mjs';
import { freePort, temporaryFolder } from '../harness/run_folder.mjs';

const PASSWORD = 'cluster';
const BINARIES = fs
  .readdirSync('/usr/lib/postgresql')
  .sort((a, b) => b - a)
  .map((version) => `/usr/lib/postgresql/${version}/bin`)[0];

const asPostgres = (command) =>
  process.getuid() === 0
    ? [
        'setpriv',
        '--reuid',
        'postgres',
        '--regid',
        'postgres',
        '--init-groups',
        '--pdeathsig',
        'TERM',
        '--',
        ...command,
      ]
    : command;

function folderOfPostgres(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `bookingd-${name}-`));
  if (process.getuid() === 0) execFileSync('chown', ['postgres:postgres', folder]);
  return folder;
}

/** One PostgreSQL with the Patroni that looks after it. */
class Node {
  static async make(name, etcdPort) {
    const node = new Node();
    const [port, restPort] = [await freePort(), await freePort()];
    Object.assign(node, { name, port, restPort, folder: folderOfPostgres(name) });
    const settings = {
      fsync: 'off',
      max_connections: 200,
      shared_buffers: '64MB',
      timezone: 'Asia/Kathmandu',
      // A standby whose leader has gone looks for it and its successor so often, not every five seconds.
      wal_retrieve_retry_interval: '100ms',
      // and leaves one that has been silent for so long, before Patroni names another.
      wal_receiver_timeout: '5s',
      wal_keep_size: '512MB', // in place of slots
    };
    node.file = path.join(node.folder, 'patroni.json'); // YAML reads JSON
    fs.writeFileSync(
      node.file,
      JSON.stringify({
        scope: 'bookings',
        name,
        restapi: { listen: `127.0.0.1:${restPort}`, connect_address: `127.0.0.1:${restPort}` },
        // By its older interface: Debian's Patroni 3.0.2 writes the lock by the newer one whoever holds it, and a leader that was
        // frozen would take it back from its successor (mended in Patroni 3.0.3).
        etcd: { host: `127.0.0.1:${etcdPort}` },
        bootstrap: {
          // Nothing acknowledged is lost: a standby that may be promoted has every commit, and a new leader takes none before
          // it has such a standby.
          dcs: {
            ttl: 20,
            loop_wait: 1,
            retry_timeout: 3,
            synchronous_mode: true,
            synchronous_mode_strict: true,
            // Whichever standby has more leads. Else the other may have what the new leader has not, and takes part only when
            // it is rewound, some ten seconds later.
            synchronous_node_count: 2,
            maximum_lag_on_failover: 1048576,
            // A new leader gets a standby when that has found it, not when Patroni has made a slot for it a second later.
            postgresql: { use_slots: false },
          },
          initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
          pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust'],
        },
        postgresql: {
          listen: `127.0.0.1:${port}`,
          connect_address: `127.0.0.1:${port}`,
          data_dir: path.join(node.folder, 'data'),
          bin_dir: BINARIES,
          pgpass: path.join(node.folder, 'pgpass'),
          use_unix_socket: true,
          // A leader that died comes back as a standby, whatever it had written that nobody else has.
          use_pg_rewind: true,
          remove_data_directory_on_diverged_timelines: true,
          remove_data_directory_on_rewind_failure: true,
          parameters: { ...settings, unix_socket_directories: node.folder },
          authentication: {
            superuser: { username: 'postgres', password: PASSWORD },
            replication: { username: 'replicator', password: PASSWORD },
          },
        },
        watchdog: { mode: 'off' },
      }),
    );
    if (process.getuid() === 0) execFileSync('chown', ['postgres:postgres', node.file]);
    return node;
  }

  start() {
    const [program, ...args] = asPostgres(['/usr/bin/patroni', this.file]);
    this.patroni = new Child(program, args, { name: this.name, cwd: '/', deathSignal: 'TERM' });
  }

  /** What Patroni says of this server: {role, state, timeline}; null when it does not answer. */
  async status() {
    try {
      return await (
        await fetch(`http://127.0.0.1:${this.restPort}/patroni`, { signal: AbortSignal.timeout(500) })
      ).json();
    } catch {
      return null;
    }
  }

  get postmaster() {
    try {
      return Number(fs.readFileSync(path.join(this.folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
    } catch {
      return null;
    }
  }

  /** Every process of this server, Patroni first. */
  processes() {
    const { pid } = this.patroni;
    const server = this.postmaster;
    try {
      const children = fs.readFileSync(`/proc/${server}/task/${server}/children`, 'utf8').trim().split(' ');
      return [pid, server, ...children.filter(Boolean).map(Number)];
    } catch {
      return [pid];
    }
  }

  signal(signal) {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, signal);
      } catch {
        // it has just ended
      }
    }
  }

  async stop() {
    this.signal('SIGCONT');
    if (this.patroni && !this.patroni.end) await this.patroni.stop('SIGTERM', 60_000).catch(() => {});
    this.signal('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

const NOW = 'round(1000 * extract(epoch FROM clock_timestamp()))';
const AT_PROMOTION = [
  `SELECT 'waiting'`,
  // The COMMIT lets its snapshot go, which a standby does not keep for long.
  'DO $$ BEGIN WHILE pg_is_in_recovery() LOOP PERFORM pg_sleep(0.01); COMMIT; END LOOP; END $$',
  `SELECT 'promoted', ${NOW}`,
  'INSERT INTO written DEFAULT VALUES',
  `SELECT 'writable', ${NOW}`,
].flatMap((statement) => ['-c', statement]);

const isLeader = ({ role }) => role === 'master';

export class Cluster {
  static async start() {
    const cluster = new Cluster();
    const [client, peer] = [await freePort(), await freePort()];
    const at = (port) => `http://127.0.0.1:${port}`;
    cluster.etcd = new Child(
      'etcd',
      [
        ...['--data-dir', path.join(temporaryFolder('etcd'), 'data'), '--unsafe-no-fsync', '--enable-v2'],
        ...['--listen-client-urls', at(client), '--advertise-client-urls', at(client)],
        ...['--listen-peer-urls', at(peer), '--initial-advertise-peer-urls', at(peer)],
        ...['--initial-cluster', `default=${at(peer)}`],
      ],
      { name: 'etcd' },
    );
    await cluster.etcd.line((line) => /ready to serve client requests/.test(line), 'readiness', 30_000);
    cluster.nodes = [];
    for (const name of ['one', 'two', 'three']) cluster.nodes.push(await Node.make(name, client));
    const [first, ...others] = cluster.nodes;
    first.start();
    await cluster.leader();
    for (const node of others) node.start();
    await cluster.whole();
    return cluster;
  }

  async #find(isWanted) {
    for (const node of this.nodes) {
      const status = await node.status();
      if (status?.state === 'running' && isWanted(status, node)) return node;
    }
    return null;
  }

  leader() {
    return until('a leader', () => this.#find(isLeader), 60_000);
  }

  /** Waits until all servers run, and one leads the others, which are synchronous. */
  whole() {
    return until(
      'a leader with synchronous standbys',
      async () => {
        const found = await Promise.all(this.nodes.map((node) => node.status()));
        const [leader, another] = found.filter((status) => status && isLeader(status));
        const standbys = leader?.replication ?? [];
        return (
          !another &&
          found.every((status) => status?.state === 'running') &&
          standbys.filter(({ state, sync_state }) => state === 'streaming' && sync_state === 'sync')
            .length ===
            found.length - 1
        );
      },
      120_000,
    );
  }

  /** Waits until another than `former` leads. */
  successor(former) {
    return until(
      'another leader',
      () => this.#find((status, node) => isLeader(status) && node !== former),
      90_000,
    );
  }

  /**
   * Waits on each standby of `leader` until it leads, then writes, by psql alone. `by(node)` resolves to the moments at which that one
   * no longer was in recovery and at which its first write was committed: { promoted, writable }.
   */
  async watch(database, leader) {
    const watches = new Map();
    for (const node of this.nodes.filter((each) => each !== leader)) {
      const url = `postgresql://postgres@127.0.0.1:${node.port}/${database}`;
      const env = { ...process.env, PGOPTIONS: '-c client_connection_check_interval=500ms' };
      const psql = new Child('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', url, ...AT_PROMOTION], { env });
      await psql.line((line) => line === 'waiting', 'a connection');
      watches.set(node, psql);
    }
    return {
      by: async (node) => {
        const psql = watches.get(node);
        const at = async (event) =>
          Number((await psql.line((line) => line.startsWith(event), event)).split('|')[1]);
        return { promoted: await at('promoted'), writable: await at('writable') };
      },
      stop: () => Promise.all([...watches.values()].map((psql) => psql.end ?? psql.stop('SIGTERM'))),
    };
  }

  /** Where writes go, whichever server leads. */
  url(database) {
    const hosts = this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
    return `postgresql://postgres@${hosts}/${database}?target_session_attrs=read-write&connect_timeout=2`;
  }

  /** The leader by itself, for psql. */
  async leaderUrl(database) {
    const { port } = await this.leader();
    return `postgresql://postgres@127.0.0.1:${port}/${database}`;
  }

  /** A planned switch from the leader to a standby. */
  async switchOver(leader) {
    const reply = await fetch(`http://127.0.0.1:${leader.restPort}/switchover`, {
      method: 'POST',
      body: JSON.stringify({ leader: leader.name }),
    });
    if (!reply.ok) throw new Error(`switchover: ${reply.status} ${await reply.text()}`);
  }

  /** The leader and its Patroni die; they are started again once the other leads. */
  async kill(leader) {
    leader.signal('SIGKILL');
    await this.successor(leader);
    leader.start();
  }

  /**
   * The leader and its Patroni stand still, with their connections open, until another leads and the third follows that one: one
   * that wakes up within that second sends the third what it had not sent yet, and both must be rewound.
   */
  async freeze(leader) {
    leader.signal('SIGSTOP');
    const successor = await this.successor(leader);
    await until(
      'a standby of the new leader',
      async () => (await successor.status())?.replication?.some(({ state }) => state === 'streaming'),
      60_000,
    );
    leader.signal('SIGCONT');
  }

  async stop() {
    for (const node of this.nodes) await node.stop();
    await this.etcd.stop('SIGTERM');
  }
}
