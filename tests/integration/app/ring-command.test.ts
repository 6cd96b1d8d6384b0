/** `zabring ring` in processes of its own, against a ring of storage nodes in processes of theirs. */
import fs from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { NodeNet } from '../../../src-server/platform/node/net.ts';
import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { type Ran, run } from '../../peers/run.ts';
import { StorageRing } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { type OwnServer, startZabring } from '../../peers/zabring.ts';

const CLI = path.join(import.meta.dirname, '..', '..', '..', 'src-server', 'bin.mjs');
const KEYS = 2000;
const VALUE = 'x'.repeat(500);

let folder: Folder;
let server: OwnServer;
let ring: StorageRing;

beforeAll(async () => {
  folder = temporaryFolder();
  server = await startZabring(folder.path);
  ring = await StorageRing.start({ nodes: 3, ensemble: `127.0.0.1:${server.port}` });
  const client = await RespClient.connect({
    net: new NodeNet(),
    host: '127.0.0.1',
    port: ring.nodes[0]!.proxyPort,
    timeoutMs: 10_000,
  });
  await until('the ring takes writes', async () => (await client.ask(['SET', 'a', 'b'])) === 'OK');
  await client.pipeline(Array.from({ length: KEYS }, (_, i) => ['SET', `key:${i}`, VALUE]));
  client.close();
}, 120_000);

afterAll(async () => {
  await ring.close();
  await server.stop();
  folder[Symbol.dispose]();
});

function command(args: readonly string[], input?: string): Promise<Ran> {
  return run(process.execPath, [CLI, 'ring', ...args], {
    ...(input === undefined ? {} : { input }),
    withinMs: 120_000,
  });
}

function ringCommand(...args: string[]): Promise<Ran> {
  return command([...args, '--connect', `127.0.0.1:${server.port}`]);
}

async function status(): Promise<{
  version: number;
  unsettledPartitions: number;
  nodes: { id: string; weight: number; held: number }[];
  rebalance: { name: string; state: { phase: string } } | null;
}> {
  const { output } = await ringCommand('status', '--json');
  return JSON.parse(output) as Awaited<ReturnType<typeof status>>;
}

/** The ring's file, changed. */
async function layoutFile(name: string, change: (text: string) => string): Promise<string> {
  const { code, output } = await ringCommand('export');
  expect(code).toBe(0);
  const file = path.join(folder.path, name);
  fs.writeFileSync(file, change(output));
  return file;
}

function lighter(text: string): string {
  return text.replace(/("id": "n1".*"weight": )1/, '$10.5');
}

describe('what is wrong', () => {
  test.each([
    [['plan'], 'ring plan needs a layout file'],
    [['status', '--auth-file', '/none'], '/none cannot be read'],
  ] as const)('%j is a usage error', async (args, words) => {
    const ran = await command(args);
    expect(ran.output).toContain(words);
    expect(ran.code).toBe(2);
  });

  test('of a file it is said where it is wrong, and nothing changes', async () => {
    const { version } = await status();
    const file = await layoutFile('wrong.json', (text) =>
      text.replace('"weight": 1', '"weight": -1'),
    );

    const ran = await ringCommand('apply', file, '--yes');

    expect(ran).toMatchObject({ code: 2 });
    expect(ran.output).toMatch(/wrong\.json: line \d+, nodes\[0\]\.weight: -1 is not from 0/);
    expect((await status()).version).toBe(version);
  });

  test('where there is no ring is said', async () => {
    const ran = await ringCommand('status', '--ring', '/other');
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.output).toContain('there is no ring at /other');
  });
});

describe('a ring', () => {
  test('goes into a file, which is what it is', async () => {
    const file = await layoutFile('same.json', (text) => text);

    expect(await ringCommand('plan', file)).toEqual({
      code: 0,
      output: 'The ring is as the file says.\n',
    });
  });

  test('is planned: what moves from whom to whom, and nothing is touched', async () => {
    const { version } = await status();
    const file = await layoutFile('lighter.json', (text) =>
      lighter(text.replace('"replicas": 3', '"replicas": 2')),
    );

    const ran = await ringCommand('plan', file);
    expect(ran.output).toContain('weight of n1: 0.5');
    expect(ran.output).toMatch(/n1 +default\/zone-1 +1 → 0\.5/);
    expect(ran.code).toBe(0);
    const json = await ringCommand('plan', file, '--json');
    const plan = JSON.parse(json.output) as {
      version: number;
      bytes: number;
      unknownPartitions: number;
    };
    expect(plan).toMatchObject({ version, unknownPartitions: 0 });
    expect((await status()).version).toBe(version);
  });

  test('what is in the way is said, and nothing is started', async () => {
    const file = await layoutFile('more.json', (text) =>
      text.replace('"replicas": 3', '"replicas": 4'),
    );
    const { version } = await status();
    const absent = await layoutFile('absent.json', (text) =>
      text.replace('"nodes": [', '"nodes": [\n    { "id": "n9" },'),
    );

    const ran = await ringCommand('apply', absent, '--yes');

    expect(ran.code).toBe(3);
    expect(ran.output).toContain('n9 would take copies, and is away');
    expect((await ringCommand('plan', file)).output).toContain('4 copies of everything');
    expect((await status()).version).toBe(version);
  });

  test('no is an answer, and so is nothing', async () => {
    const { version } = await status();
    const file = await layoutFile('two.json', (text) =>
      text.replace('"replicas": 3', '"replicas": 2'),
    );
    const args = ['apply', file, '--connect', `127.0.0.1:${server.port}`];

    for (const answer of ['n\n', '', 'perhaps\n']) {
      const ran = await command(args, answer);
      expect(ran.output).toContain('Start this rebalance? [y/N]');
      expect(ran.output).toContain('nothing was changed');
      expect(ran.code).toBe(3);
    }
    expect((await status()).version).toBe(version);
  });
});

describe('a rebalance', () => {
  test('is started, waited for, told in history, and undone', async () => {
    const { version } = await status();
    const file = await layoutFile('two.json', (text) =>
      text.replace('"replicas": 3', '"replicas": 2'),
    );

    const ran = await ringCommand('apply', file, '--yes', '--wait', '--why', 'two will do');
    expect(ran.output).toContain('rebalance b-1 is started');
    expect(ran.output).toContain('all copies hold the same');
    expect(ran.code).toBe(0);
    const after = await status();
    expect(after).toMatchObject({
      unsettledPartitions: 0,
      rebalance: { name: 'b-1', state: { phase: 'done' } },
    });
    expect(after.version).toBeGreaterThan(version);
    expect(after.nodes.reduce((sum, { held }) => sum + held, 0)).toBe(2 * 16);

    const history = await ringCommand('history');
    expect(history.output).toMatch(/b-1 .* done .*two will do/);

    const undone = await ringCommand('undo', '--wait');
    expect(undone.output).toContain('all copies hold the same');
    expect(undone.code).toBe(0);
    expect((await status()).nodes.map(({ held }) => held)).toEqual([16, 16, 16]);
  });

  test('a plan for a ring that has moved on is refused, and what has changed is said', async () => {
    const { version } = await status();
    const file = await layoutFile('two.json', (text) =>
      text.replace('"replicas": 3', '"replicas": 2'),
    );

    const ran = await ringCommand('apply', file, '--yes', '--at-version', String(version - 1));

    expect(ran.code).toBe(3);
    expect(ran.output).toContain(
      `the plan was for version ${version - 1} of the ring, which is ${version} now`,
    );
    expect(ran.output).toMatch(/version \d+ by .*: b-1/);
    expect(ran.output).toMatch(/the same edits: \d+ moves more, \d+ less/);
    expect((await status()).version).toBe(version);
  });

  test('brings copies to a new node; it is slowed, paused, goes on, and is cancelled', async () => {
    await (await ring.add('n4')).serves();
    const four = await layoutFile('four.json', (text) =>
      text.replace('"nodes": [', '"nodes": [\n    { "id": "n4" },'),
    );
    const planned = await ringCommand('plan', four);
    // As the node describes itself.
    expect(planned.output).toContain('1. add n4 in default/zone-1, weight 1');

    const started = await ringCommand('apply', four, '--yes', '--rate', '1k', '--transfers', '1');
    expect(started.output).toContain('rebalance b-2 is started');
    expect((await ringCommand('pause', '--why', 'lunch')).output).toContain('b-2 is paused');
    const paused = await ringCommand('status');
    expect(paused.output).toContain('It is paused (lunch); 1.0 KiB a second, 1 copies at a time');
    const other = await ringCommand('apply', path.join(folder.path, 'two.json'), '--yes');
    expect(other.output).toContain('b-2 is paused: one at a time');
    expect(other.code).toBe(3);
    expect((await ringCommand('pace', '--rate', '2k')).code).toBe(0);
    expect((await ringCommand('resume')).output).toContain('b-2 goes on');
    expect((await ringCommand('cancel')).output).toContain('b-2 is cancelled');
    expect(await ringCommand('cancel')).toMatchObject({ code: 3 });
    expect((await status()).rebalance).toMatchObject({
      name: 'b-2',
      state: { phase: 'cancelled' },
    });
  });
});
