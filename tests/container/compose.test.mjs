// config/compose.yaml by its own lines: what podman-compose has podman do. Here a program in podman's place writes that down,
// since the image of PostgreSQL comes from a registry.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { bookingd } from '../harness/postgres.mjs';
import { mustRun, tryProgram, whyNot } from '../harness/programs.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

const skip = whyNot('podman-compose', ['podman-compose']) ?? false;

/** A folder like the clone's, and podman-compose in it: up() gives what podman was told, a line each. */
function clone() {
  const folder = temporaryFolder('compose');
  fs.cpSync(path.join(ROOT, 'config'), path.join(folder, 'config'), { recursive: true });
  const log = path.join(folder, 'told');
  const podman = path.join(folder, 'podman');
  fs.writeFileSync(
    podman,
    `#!/bin/sh
printf '%s\\n' "$*" >>${log}
case "$*" in
--version*) echo podman version 4.3.1 ;;
volume\\ inspect*) echo '[{"Mountpoint": "/"}]' ;;
inspect*) exit 1 ;;
esac
`,
    { mode: 0o755 },
  );
  const up = () =>
    tryProgram(
      'podman-compose',
      ['--podman-path', podman, '-f', 'config/compose.yaml', 'up', '-d', '--build'],
      { cwd: folder },
    );
  return { folder, up, told: () => fs.readFileSync(log, 'utf8').split('\n') };
}

test('its lines build the image, and start PostgreSQL and a bookingd that may write nothing', {
  skip,
}, () => {
  const { folder, up, told } = clone();
  const lines = fs
    .readFileSync(path.join(folder, 'config/compose.yaml'), 'utf8')
    .split('\n')
    .filter((line) => /^# {3}(cp|echo)/.test(line))
    .map((line) => line.slice(1));
  assert.equal(lines.length, 2);
  mustRun('sh', ['-euc', lines.join('\n')], { cwd: folder });
  const password = /^POSTGRES_PASSWORD=([0-9a-f]{48})$/m.exec(
    fs.readFileSync(path.join(folder, 'config/.env'), 'utf8'),
  )[1];
  const { code, err } = up();
  assert.equal(code, 0, err);
  const build = told().find((line) => line.startsWith('build '));
  assert.match(build, /-f \.\.\/config\/Containerfile .*\.\.$/);
  const [postgres, daemon] = ['postgres', 'bookingd'].map((name) =>
    told().find((line) => line.startsWith('run ') && line.includes(`--name=config_${name}_1`)),
  );
  assert.match(postgres, / docker\.io\/library\/postgres:15$| postgres:15$/);
  assert.ok(postgres.includes(`-e POSTGRES_PASSWORD=${password}`));
  assert.match(postgres, / -v config_bookings:\/var\/lib\/postgresql\/data/);
  for (const what of [
    `-e DATABASE_URL=postgresql://bookingd:${password}@postgres:5432/bookingd`,
    '-p 127.0.0.1:8080:8080',
    '--read-only',
    '--cap-drop ALL',
    '--security-opt no-new-privileges:true',
    '--restart always',
  ])
    assert.ok(daemon.includes(what), `${what}: ${daemon}`);
  const known = mustRun(bookingd(), ['settings']);
  for (const [, name] of daemon.matchAll(/ -e ([A-Z_]+)=/g))
    assert.match(known, new RegExp(`^#?${name}=`, 'm'), `${name} is a setting`);
});

test('without a password it starts nothing', { skip }, () => {
  const { folder, up, told } = clone();
  fs.copyFileSync(path.join(folder, 'config/bookingd.env.example'), path.join(folder, 'config/bookingd.env'));
  const { code, err } = up();
  assert.notEqual(code, 0);
  assert.match(err, /write it to config\/\.env/);
  assert.ok(!told().some((line) => line.startsWith('run ')));
});
