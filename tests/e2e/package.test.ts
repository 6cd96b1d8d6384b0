/**
 * The package as electron-builder makes it, around a runtime that is only a file with fuses in it: what is inside, that it
 * needs nothing outside, and which fuses are blown.
 */
import fs from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { type Folder, temporaryFolder } from '../peers/folders.ts';
import { CHROMIUM, describeWith } from '../peers/peers.ts';
import { run } from '../peers/run.ts';
import { programOf } from '../programs.mjs';
import { DesktopApp } from './desktop-app.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
/** Where a runtime keeps its fuses: behind these letters a version, a count, and a digit for each. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
const FUSES = [
  'RunAsNode',
  'EnableCookieEncryption',
  'EnableNodeOptionsEnvironmentVariable',
  'EnableNodeCliInspectArguments',
  'EnableEmbeddedAsarIntegrityValidation',
  'OnlyLoadAppFromAsar',
  'LoadBrowserProcessSpecificV8Snapshot',
  'GrantFileProtocolExtraPrivileges',
];
/** As Electron delivers them. */
const DELIVERED = '10110001';

let folder: Folder;
let built: string;

beforeAll(async () => {
  folder = temporaryFolder();
  const runtime = path.join(folder.path, 'runtime');
  fs.mkdirSync(path.join(runtime, 'locales'), { recursive: true });
  const wire = Buffer.from([1, FUSES.length]);
  fs.writeFileSync(
    path.join(runtime, 'electron'),
    Buffer.concat([Buffer.from(SENTINEL), wire, Buffer.from(DELIVERED)]),
  );
  for (const name of ['LICENSE', 'LICENSES.chromium.html', 'chrome-sandbox', 'locales/en-US.pak'])
    fs.writeFileSync(path.join(runtime, name), '');
  const output = path.join(folder.path, 'output');
  const { code, output: text } = await run(process.execPath, [
    programOf(ROOT, 'electron-builder', 'electron-builder'),
    `--projectDir=${ROOT}`,
    '--config=resources/installer/electron-builder.yml',
    '--linux=dir',
    '--x64',
    `-c.electronDist=${runtime}`,
    `-c.directories.output=${output}`,
  ]);
  expect(code, text).toBe(0);
  built = path.join(output, 'linux-unpacked');
});

afterAll(() => {
  folder[Symbol.dispose]();
});

test('it is not a Node to be borrowed, and runs nothing but its own archive', () => {
  const bytes = fs.readFileSync(path.join(built, 'zabring-desktop'), 'latin1');
  const states = bytes.slice(SENTINEL.length + 2, SENTINEL.length + 2 + FUSES.length);
  expect(Object.fromEntries(FUSES.map((fuse, index) => [fuse, states[index] === '1']))).toEqual({
    RunAsNode: false,
    EnableCookieEncryption: true,
    EnableNodeOptionsEnvironmentVariable: false,
    EnableNodeCliInspectArguments: false,
    EnableEmbeddedAsarIntegrityValidation: true,
    OnlyLoadAppFromAsar: true,
    LoadBrowserProcessSpecificV8Snapshot: false,
    GrantFileProtocolExtraPrivileges: false,
  });
});

test('it holds the bundles and no package of npm, and licences beside them', () => {
  const archive = path.join(built, 'resources', 'app.asar');
  const names = [...readArchive(archive).keys()];
  const [own, others] = [
    names.filter((name) => /^(out\/(main|preload|renderer)\/|package\.json$)/.test(name)),
    names.filter((name) => !/^(out\/(main|preload|renderer)\/|package\.json$)/.test(name)),
  ];
  expect(own).toEqual(
    expect.arrayContaining([
      'out/main/index.js',
      'out/main/thread.js',
      'out/preload/index.cjs',
      'out/renderer/index.html',
      'package.json',
    ]),
  );
  expect(others).toEqual(['resources/icons/png/256x256.png']);
  const licences = fs.readdirSync(path.join(built, 'resources', 'licences')).sort();
  expect(licences).toEqual([
    'console.md',
    'inter.txt',
    'jetbrains-mono.txt',
    'server.md',
    'zabring.txt',
  ]);
});

describeWith([CHROMIUM], 'what is in the archive', () => {
  test('runs with nothing around it', async () => {
    const away = path.join(folder.path, 'away');
    for (const [name, bytes] of readArchive(path.join(built, 'resources', 'app.asar'))) {
      const file = path.join(away, name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, bytes);
    }
    await using app = new DesktopApp(
      ['--client-port', '0', '--data', path.join(folder.path, 'data')],
      { main: path.join(away, 'out', 'main', 'index.js') },
    );
    const page = await app.page();
    await app.port();
    await page.waitForFunction(() => document.body.innerText.trim() !== '');
    expect(app.output).not.toContain(' ERROR ');
    expect(await app.quit()).toBe(0);
  });
});

interface Entry {
  readonly files?: Readonly<Record<string, Entry>>;
  readonly size?: number;
  readonly offset?: string;
}

/** An archive is a header, JSON behind four lengths of four bytes, and then the files one after another. */
function readArchive(file: string): Map<string, Buffer> {
  const bytes = fs.readFileSync(file);
  const start = 8 + bytes.readUInt32LE(4);
  const header = JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12))) as Entry;
  const found = new Map<string, Buffer>();
  const walk = (entry: Entry, name: string): void => {
    for (const [child, inside] of Object.entries(entry.files ?? {}))
      walk(inside, name === '' ? child : `${name}/${child}`);
    if (entry.offset === undefined) return;
    const from = start + Number(entry.offset);
    found.set(name, bytes.subarray(from, from + (entry.size ?? 0)));
  };
  walk(header, '');
  return found;
}
