// The HTTP layer by itself (toy_server.c), for tests.
import path from 'node:path';
import { Child } from '../harness/child.mjs';
import { Client } from '../harness/http.mjs';
import { ROOT } from '../harness/run_folder.mjs';

const OUT = path.dirname(path.resolve(process.env.BOOKINGD ?? path.join(ROOT, 'build/bookingd')));

/** Starts one: { child, port, base, client, stop() }; `stop` fails unless it exits 0. */
export async function startToy({ loops = 1, env = {} } = {}) {
  const command = [path.join(OUT, 'tests/race/toy_server'), '0', String(loops)];
  if (process.env.VALGRIND)
    command.unshift(
      'valgrind',
      '--quiet',
      '--leak-check=full',
      '--error-exitcode=99',
      '--errors-for-leak-kinds=definite',
    );
  const child = new Child(command[0], command.slice(1), { env: { ...process.env, ...env } });
  const port = Number(await child.line((line) => /^\d+$/.test(line), 'its port'));
  const base = `http://127.0.0.1:${port}`;
  const client = new Client(base, { connections: 2000 });
  return {
    child,
    port,
    base,
    client,
    async stop() {
      client.close();
      const end = await child.stop();
      if (end.code !== 0) throw new Error(`the toy server ended with ${JSON.stringify(end)}`);
    },
  };
}
