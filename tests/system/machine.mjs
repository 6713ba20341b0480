// A bare Debian 12 with systemd as its first process, in a container of systemd-nspawn: what a newcomer's server is.
//
// The bare root is made once by debootstrap and kept under build/system; each machine is a copy of it. It shares the
// host's network, so programs in it listen on ports that the test picks.
import fs from 'node:fs';
import path from 'node:path';
import { Child, until } from '../harness/child.mjs';
import { bareDebian, mustRun, tryProgram, whyNot } from '../harness/programs.mjs';
import { ROOT } from '../harness/run_folder.mjs';

const FOLDER = path.resolve(ROOT, process.env.BUILD ?? 'build', 'system');
const BARE = path.join(FOLDER, 'bare');
const CONTAINER = ['--quiet', '--register=no', '--keep-unit', '--console=pipe', '--resolv-conf=copy-host'];

/** Why no machine can be had here, or null. */
export const whyNoMachine = () =>
  whyNot('a machine of systemd-nspawn', ['systemd-nspawn', 'debootstrap', 'nsenter']);

export class Machine {
  /** A copy of the bare root, not booted yet. */
  static make() {
    bareDebian(BARE, ['--include=systemd,systemd-sysv,dbus,curl']);
    const machine = new Machine();
    machine.root = fs.mkdtempSync(path.join(FOLDER, 'machine-'));
    mustRun('cp', ['-a', '--reflink=auto', `${BARE}/.`, machine.root]);
    fs.chmodSync(machine.root, 0o755);
    return machine;
  }

  /** Runs a line of shell in the root while it is not booted: to install packages. */
  prepare(line) {
    return mustRun('systemd-nspawn', [...CONTAINER, '-D', this.root, '/bin/sh', '-euc', line], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  }

  async boot() {
    this.child = new Child('systemd-nspawn', [...CONTAINER, '-D', this.root, '--boot'], {
      name: 'machine',
      deathSignal: 'TERM',
    });
    await until(
      'systemd to have started the machine',
      () => {
        this.init ??= this.#findInit();
        return this.init && /running|degraded/.test(this.try('systemctl is-system-running').out);
      },
      60_000,
    );
  }

  #findInit() {
    const children = `/proc/${this.child.pid}/task/${this.child.pid}/children`;
    const list = fs.existsSync(children) ? fs.readFileSync(children, 'utf8').trim().split(' ') : [];
    // Not systemd-nspawn's own helpers, which come and go.
    return list.find((pid) => pid && tryProgram('cat', [`/proc/${pid}/comm`]).out === 'systemd\n');
  }

  /** Runs lines of shell as root on the booted machine; {code, out, err}. */
  try(lines, { env = {} } = {}) {
    const places = ['--target', this.init, '--mount', '--uts', '--ipc', '--pid', '--cgroup'];
    // A session of its own: what ends its whole group there does not end ours.
    return tryProgram('setsid', ['--wait', 'nsenter', ...places, '/bin/sh', '-euc', lines], {
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...env },
      cwd: '/',
    });
  }

  /** The same; throws when it fails. Returns what it wrote. */
  run(lines, options) {
    const { code, out, err } = this.try(lines, options);
    if (code !== 0) throw new Error(`ended with ${code}: ${lines}\n${out}${err}\n${this.journal()}`);
    return out;
  }

  journal() {
    return this.try('journalctl --no-pager -n 40 -u bookingd -o cat').out;
  }

  /** A property of the unit, such as MainPID or NRestarts. */
  property(name, unit = 'bookingd') {
    return this.run(`systemctl show ${unit} --property ${name} --value`).trim();
  }

  put(file, text, mode = 0o644) {
    const place = path.join(this.root, file);
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.writeFileSync(place, text, { mode });
  }

  async stop() {
    if (this.child && !this.child.end) {
      this.child.process.kill('SIGTERM'); // systemd-nspawn shuts the machine down in order
      await until('the machine to end', () => this.child.end, 60_000);
    }
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}
