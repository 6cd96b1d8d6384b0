/** The engine beside LevelDB: the same puts, deletions and batches on a real disk, over restarts, compaction and hints. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Prng } from '../../src-server/base/prng.ts';
import { SILENT } from '../../src-server/platform/logger.ts';
import { NodeClock } from '../../src-server/platform/node/clock.ts';
import { NodeDisk } from '../../src-server/platform/node/disk.ts';
import { NodeEntropy } from '../../src-server/platform/node/entropy.ts';
import { BodyWriter } from '../../src-server/storage/engine/body.ts';
import { Engine, type Store } from '../../src-server/storage/engine/engine.ts';

type Change = { readonly key: Buffer; readonly value: Buffer | null };

const PARTITIONS = 4;

let folder: string;
let level: ClassicLevel<Buffer, Buffer>;
let engine: Engine;

const openEngine = (): Promise<Engine> =>
  Engine.open({
    platform: {
      disk: new NodeDisk(),
      clock: new NodeClock(),
      entropy: new NodeEntropy(),
      logger: SILENT,
    },
    directory: path.join(folder, 'engine'),
    settings: { segmentBytes: 0x1_0000, reserveBytes: 0 },
  });

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zabring-oracle-'));
  level = new ClassicLevel(path.join(folder, 'level'), {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  });
  await level.open();
  engine = await openEngine();
});

afterEach(async () => {
  await engine.close();
  await level.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const partitionOf = (key: Buffer): number => (key[0] ?? 0) % PARTITIONS;

function storeOf(key: Buffer): Store {
  return engine.create(partitionOf(key));
}

async function apply(changes: readonly Change[]): Promise<void> {
  await level.batch(
    changes.map(({ key, value }) =>
      value === null ? { type: 'del', key } : { type: 'put', key, value },
    ),
  );
  // A body is of one partition.
  const body = new BodyWriter();
  for (let partition = 0; partition < PARTITIONS; partition++) {
    body.clear();
    for (const { key, value } of changes) {
      if (partitionOf(key) !== partition) continue;
      if (value === null) body.delete(key);
      else body.put(key, value);
    }
    if (body.ops === 0) continue;
    const store = engine.create(partition);
    store.append({ epoch: 1, seq: store.lastSeq + 1, body: body.view() });
    store.commit(store.lastSeq);
  }
}

const flush = (): Promise<void> =>
  new Promise((resolve, reject) =>
    engine.flush((error) => (error === null ? resolve() : reject(error))),
  );

async function expectSame(): Promise<void> {
  const ours: string[] = [];
  for (const partition of engine.partitions()) {
    const store = engine.partition(partition)!;
    let cursor = 0;
    do {
      const scan = store.scan(cursor, 50);
      for (const key of scan.keys)
        ours.push(`${hex(key)}=${hex(store.get(key)?.value ?? new Uint8Array(0))}`);
      cursor = scan.cursor;
    } while (cursor !== 0);
  }
  const theirs: string[] = [];
  for await (const [key, value] of level.iterator()) theirs.push(`${hex(key)}=${hex(value)}`);
  expect(ours.sort()).toEqual(theirs.sort());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

test.each([1, 2, 3, 4, 5, 6])('says what LevelDB says, seed %i', async (seed) => {
  const random = new Prng(seed);
  const anyBytes = (length: number): Buffer =>
    Buffer.from(Array.from({ length }, () => random.below(256)));
  const keys = Array.from({ length: 150 }, (_, i) =>
    anyBytes(i === 0 ? 60_000 : i === 1 ? 0xffff : random.between(1, 40)),
  );
  const anyChange = (): Change => ({
    key: random.pick(keys),
    value: random.chance(0.3)
      ? null
      : random.chance(0.01)
        ? anyBytes(100_000)
        : anyBytes(random.below(300)),
  });
  for (let step = 0; step < 1500; step++) {
    const dice = random.below(1000);
    if (dice < 900) await apply([anyChange()]);
    else if (dice < 970) await apply(Array.from({ length: random.between(2, 20) }, anyChange));
    else if (dice < 980) await flush();
    else if (dice < 992) while (engine.maintain(5)) await flush();
    else if (dice < 996) await expectSame();
    else {
      await engine.close();
      engine = await openEngine();
      for (const partition of engine.partitions())
        engine.partition(partition)!.commit(engine.partition(partition)!.lastSeq);
      await expectSame();
    }
    const key = random.pick(keys);
    const found = storeOf(key).get(key);
    const theirs = level.getSync(key);
    expect(found === null ? undefined : hex(found.value)).toBe(
      theirs === undefined ? undefined : hex(theirs),
    );
  }
  await expectSame();
});
