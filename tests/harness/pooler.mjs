// PgBouncer in front of a test's database, or with POOLER=1 of all databases of a run.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Child } from './child.mjs';
import { freePort, temporaryFolder } from './run_folder.mjs';

export class Pooler {
  /**
   * `mode` is 'transaction' or 'session'; it has as many connections to PostgreSQL as `size`, for each
   * database, and takes as many as `clients`. `all`: in front of all databases of that server.
   */
  static async start({ url, mode, size = 4, clients = 500, all = false }) {
    const pooler = new Pooler();
    const folder = fs.mkdtempSync(path.join(temporaryFolder('pooler'), 'run-'));
    const port = await freePort();
    const server = new URL(url);
    fs.writeFileSync(path.join(folder, 'users.txt'), `"${server.username}" ""\n`);
    fs.writeFileSync(
      path.join(folder, 'pgbouncer.ini'),
      `[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${folder}/users.txt
pool_mode = ${mode}
default_pool_size = ${size}
max_client_conn = ${clients}
ignore_startup_parameters = extra_float_digits
[databases]
${all ? '*' : server.pathname.slice(1)} = host=${server.hostname} port=${server.port} user=${server.username}
`,
    );
    // It refuses to run as root.
    const args = process.getuid() === 0 ? ['-u', 'postgres'] : [];
    if (args.length > 0) execFileSync('chown', ['-R', 'postgres', folder]);
    pooler.child = new Child('/usr/sbin/pgbouncer', [...args, path.join(folder, 'pgbouncer.ini')], {
      name: 'pgbouncer',
    });
    await pooler.child.line((line) => line.includes('process up'), 'readiness', 10_000);
    pooler.url = `postgresql://${server.username}@127.0.0.1:${port}${server.pathname}`;
    return pooler;
  }

  stop() {
    return this.child.stop('SIGINT', 10_000);
  }
}
