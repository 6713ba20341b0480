// The widget's parts and the files they are joined into: what is served is made of modules that stand by themselves.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT, temporaryFolder } from '../harness/run_folder.mjs';
import { startStack } from '../harness/stack.mjs';

const WEB = path.join(ROOT, 'src/web');

/** assets.list as it says: [{file, addresses, parts}]. */
const list = fs
  .readFileSync(path.join(WEB, 'assets.list'), 'utf8')
  .split('\n')
  .reduce((files, line) => {
    const [word, name, ...rest] = line.split(/\s+/);
    if (word === 'file') files.push({ file: name, addresses: rest, parts: [] });
    if (word === 'part') files.at(-1).parts.push(name);
    return files;
  }, []);

let stack;
let folder;
before(async () => {
  folder = temporaryFolder('web');
  stack = await startStack();
});
after(async () => {
  await stack?.stop();
});

/** Reads {name: text} from its input and prints what is wrong with each text as an ES module. */
const CHECK = `
import fs from 'node:fs';
import vm from 'node:vm';
for (const [name, text] of Object.entries(JSON.parse(fs.readFileSync(0, 'utf8'))))
  try {
    new vm.SourceTextModule(text);
  } catch (fault) {
    console.log(name + ': ' + fault.message);
  }`;

/** What Node finds wrong with {name: text} as ES modules, all in one process; empty if nothing. */
function faults(texts) {
  const flags = ['--experimental-vm-modules', '--no-warnings', '--input-type=module'];
  const done = spawnSync(process.execPath, [...flags, '--eval', CHECK], {
    input: JSON.stringify(texts),
    encoding: 'utf8',
  });
  return done.stdout + done.stderr;
}

/** Joins parts that lie in a folder of the test's own: {name: text}, in that order. */
function join(parts) {
  const place = temporaryFolder('parts');
  const files = Object.entries(parts).map(([name, text]) => {
    fs.mkdirSync(path.dirname(path.join(place, name)), { recursive: true });
    fs.writeFileSync(path.join(place, name), text);
    return path.join(place, name);
  });
  const done = spawnSync('awk', ['-v', `folder=${place}`, '-f', path.join(WEB, 'join.awk'), ...files], {
    encoding: 'utf8',
  });
  return { status: done.status, text: done.stdout, error: done.stderr };
}

test('every script is a module, in parts and as it is served', async () => {
  const parts = new Set(list.flatMap((one) => (one.parts.length ? one.parts : [one.file])));
  const texts = {};
  for (const name of [...parts].filter((one) => one.endsWith('.js')))
    texts[name] = fs.readFileSync(path.join(WEB, name), 'utf8');
  for (const { file, addresses, parts: joined } of list) {
    assert.ok(addresses.length || /(type|missing)\.html$/.test(file), `${file} is served nowhere`);
    for (const address of addresses) {
      const reply = await stack.stranger().get(address);
      assert.equal(reply.status, 200, address);
      if (!file.endsWith('.js')) continue;
      texts[address] = reply.text;
      if (joined.length) assert.doesNotMatch(reply.text, /^import /m, `${address} needs nothing else`);
    }
  }
  assert.equal(faults(texts), ''); // when all replies are in: the process blocks this one
});

test('every file of src/web is served, or is a part of one that is', () => {
  const known = new Set(list.flatMap((one) => (one.parts.length ? one.parts : [one.file])));
  const lying = fs
    .readdirSync(WEB, { recursive: true })
    .map(String)
    .filter((name) => /\.(js|css|html|svg)$/.test(name));
  assert.deepEqual(
    lying.filter((name) => !known.has(name)),
    [],
  );
});

test('joined parts share one scope, and a style sheet is a constant whatever is written in it', async () => {
  const joined = join({
    'a/first.js': 'export const one = 1;\n',
    'a/looks.css': '.x::before { content: "\\201c `${y}`"; }\n',
    'a/last.js':
      "import {\n  one,\n} from './first.js';\nimport looks from './looks.css';\nexport default [one, looks];\n",
  });
  assert.equal(joined.status, 0, joined.error);
  const file = path.join(folder, 'joined.mjs');
  fs.writeFileSync(file, joined.text);
  assert.deepEqual((await import(file)).default, [1, '\n.x::before { content: "\\201c `${y}`"; }\n']);
});

test('an import of what is no part, or of one that comes later, ends the build with its name', () => {
  for (const [parts, said] of [
    [{ 'a.js': "import x from 'somewhere';\n" }, /a\.js: imports what is no neighbour: import x/],
    [{ 'a.js': "import x from 'https://else.where/x.js';\n" }, /no neighbour/],
    [{ 'a.js': "import './b.js';\n", 'b.js': '' }, /no neighbour/],
    [
      { 'a.js': "import { b } from './b.js';\n", 'b.js': 'export const b = 1;\n' },
      /imports b\.js, which does/,
    ],
    [
      { 'b.js': 'export const b = 1;\n', 'a.js': "export { b } from './b.js';\n" },
      /exports what is another's/,
    ],
    [{ 'a.js': 'import {\n' }, /an import that does not end/],
  ]) {
    const { status, error } = join(parts);
    assert.notEqual(status, 0, Object.keys(parts).join());
    assert.match(error, said);
  }
});

test('a name that two parts use at their top is found', () => {
  const { text } = join({ 'a.js': 'const same = 1;\n', 'b.js': 'const same = 2;\n' });
  assert.match(faults({ text }), /Identifier 'same' has already been declared/);
});
