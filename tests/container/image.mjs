// The image of config/Containerfile, built by buildah and run by podman in a storage of its own; no daemon, no registry.
//
// What it is built on is debian:12-slim as Debian's own packages make it: debootstrap's smallest root, without manuals and
// translations. BASE=image names another.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bareDebian, mustRun, tryProgram, whyNot } from '../harness/programs.mjs';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';

/** debian:12-slim's files, made once. */
const SLIM_ROOT = path.resolve(ROOT, process.env.BUILD ?? 'build', 'container/slim');
const SLIM = 'localhost/debian:12-slim';
const IMAGE = 'localhost/bookingd-tested';
/** What debian:12-slim keeps out, of itself and of packages installed later. */
const LEFT_OUT = ['doc', 'man', 'locale', 'groff', 'info', 'lintian', 'linda'].map(
  (name) => `/usr/share/${name}`,
);

/** Where cgroups are mounted in two versions at once, crun asks for a place that has the newer one alone. */
const NEWER_CGROUPS = [
  'unshare',
  '--mount',
  'sh',
  '-euc',
  'umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec "$@"',
  'sh',
];

/** Why no image can be built here, or null. */
export const whyNoImage = () =>
  whyNot('building an image on a root of our own', ['buildah', 'podman', 'crun', 'debootstrap']);

/** Takes out what debian:12-slim does not have, and keeps it out of what is installed later. */
function makeSlim(root) {
  const rules = LEFT_OUT.map((folder) => `path-exclude ${folder}/*\n`).join('');
  fs.writeFileSync(
    path.join(root, 'etc/dpkg/dpkg.cfg.d/slim'),
    `${rules}path-include /usr/share/doc/*/copyright\n`,
  );
  const inside = (folders) => folders.map((folder) => `${root}${folder}`);
  mustRun('find', [...inside(LEFT_OUT.slice(0, 1)), '-type', 'f', '!', '-name', 'copyright', '-delete']);
  mustRun('rm', [
    '-rf',
    ...inside([...LEFT_OUT.slice(1), '/var/lib/apt/lists', '/var/cache/apt', '/var/log']),
  ]);
  fs.mkdirSync(`${root}/var/log`);
}

export class Image {
  constructor() {
    this.folder = temporaryFolder('container');
    this.storage = [
      ...['--storage-driver=vfs', '--root', path.join(this.folder, 'storage')],
      ...['--runroot', path.join(this.folder, 'run')],
    ];
    const settings = path.join(this.folder, 'containers.conf');
    // No higher than the limits that we have ourselves.
    fs.writeFileSync(settings, '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]\n');
    this.env = { ...process.env, CONTAINERS_CONF: settings };
    this.place = [];
  }

  static build() {
    const image = new Image();
    const base = process.env.BASE ?? SLIM;
    if (!process.env.BASE) {
      const files = path.join(image.folder, 'slim.tar');
      bareDebian(SLIM_ROOT, [], makeSlim);
      mustRun('tar', ['-C', SLIM_ROOT, '-cf', files, '.']);
      image.podman('import', files, SLIM);
    }
    image.#buildah(
      ...['build', '--format', 'docker', '--isolation', 'chroot', '--network', 'host'],
      ...[
        '--build-arg',
        `BASE=${base}`,
        '--ignorefile',
        path.join(ROOT, 'config/Containerfile.dockerignore'),
      ],
      ...['-f', path.join(ROOT, 'config/Containerfile'), '-t', IMAGE, ROOT],
    );
    return image;
  }

  #buildah(...args) {
    return mustRun('buildah', [...this.storage, ...args], { env: this.env });
  }

  try(...args) {
    const [program, ...rest] = [...this.place, 'podman', ...this.storage, ...args];
    return tryProgram(program, rest, { env: this.env });
  }

  podman(...args) {
    const [program, ...rest] = [...this.place, 'podman', ...this.storage, ...args];
    return mustRun(program, rest, { env: this.env });
  }

  /** Bytes of what is pulled: each layer as a registry keeps it. */
  compressedSize() {
    const to = path.join(this.folder, 'pushed');
    this.#buildah('push', '--format', 'v2s2', IMAGE, `dir:${to}`);
    return fs.readdirSync(to).reduce((sum, name) => sum + fs.statSync(path.join(to, name)).size, 0);
  }

  inspect() {
    return JSON.parse(this.podman('inspect', IMAGE))[0];
  }

  /** Why podman cannot run it here, or null. */
  whyNotRun() {
    let trouble = '';
    for (this.place of [[], NEWER_CGROUPS]) {
      const { code, err } = this.run([], ['--version']);
      if (code === 0) return null;
      trouble = err.trim().split('\n').at(-1);
    }
    return `podman runs no container here: ${trouble}`;
  }

  /** Runs it to its end, as little allowed as can be. */
  run(options, args) {
    return this.try('run', '--rm', ...this.#locked(options), IMAGE, ...args);
  }

  /** Starts it and returns its name. */
  start(name, options) {
    this.podman('run', '--detach', '--name', name, ...this.#locked(options), IMAGE);
    return name;
  }

  #locked(options) {
    const rights = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=all'];
    return [
      '--network=host',
      '--cgroups=disabled',
      ...rights,
      '--security-opt=no-new-privileges',
      ...options,
    ];
  }

  remove() {
    this.try('rm', '--all', '--force', '--time', '5');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The packages that the image's second stage installs. */
export const packagesOf = (containerfile) =>
  /FROM \$\{BASE\}\nRUN apt-get update \\\n && apt-get install -y --no-install-recommends (.*) \\\n/
    .exec(fs.readFileSync(containerfile, 'utf8'))[1]
    .split(' ');

/** The packages of Debian that hold the libraries a program names. */
export function packagesLinked(program) {
  const needed = execFileSync('readelf', ['-d', program], { encoding: 'utf8' });
  const libraries = [...needed.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
  const owners = execFileSync('dpkg', ['-S', ...libraries.map((name) => `*/${name}`)], { encoding: 'utf8' });
  return new Set(owners.split('\n').map((line) => line.split(':')[0]));
}
