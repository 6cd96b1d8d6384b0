/** Histories that were cut and that were received: Apache's server opens what we left, with the tree and the digest we had. */
import fs from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import type { Zxid } from '../../../src-server/base/zxid.ts';
import { limitsFor } from '../../../src-server/config/limits.ts';
import { Storage, type StorageEffect } from '../../../src-server/coordination/ensemble/storage.ts';
import type { Machine } from '../../../src-server/coordination/state/machine.ts';
import type { Event } from '../../../src-server/coordination/zab/events.ts';
import { Metrics } from '../../../src-server/platform/metrics.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { NodeDisk } from '../../../src-server/platform/node/disk.ts';
import { startApache } from '../../peers/apache.ts';
import { type Folder, temporaryFolder } from '../../peers/folders.ts';
import { APACHE, describeWith } from '../../peers/peers.ts';
import { until } from '../../peers/wait.ts';
import { askWord } from '../../peers/words.ts';
import {
  Author,
  type Entry,
  imageOf,
  MARK,
  platformOf,
  PROMISED,
  snapMessage,
  testSettings,
  Wire,
} from '../../unit/server/coordination/ensemble/storage-bench.ts';
import { WireSession } from './wire-session.ts';

/** A storage on the real disk. */
class Owner {
  readonly clock = new NodeClock();
  readonly storage: Storage;
  readonly #events: Event[] = [];
  readonly #wire = new Wire(0, this.clock, 'leader');

  private constructor(dataDir: string) {
    const settings = testSettings({ dataDir, dataLogDir: dataDir });
    this.storage = Storage.open({
      settings,
      limits: limitsFor(settings),
      platform: platformOf(new NodeDisk(), this.clock),
      metrics: new Metrics(),
      linkById: () => this.#wire.openLink,
      onProgress: () => undefined,
      requests: () => 0,
    });
    this.storage.listen({
      event: (event) => this.#events.push(event),
      applied: () => undefined,
      replaced: () => undefined,
      fatal: (error) => {
        throw error;
      },
    });
  }

  static async open(dataDir: string): Promise<Owner> {
    const owner = new Owner(dataDir);
    await owner.do({ kind: 'storeAcceptedEpoch', epoch: PROMISED }, 'acceptedEpochStored');
    await owner.do({ kind: 'settle', reload: false }, 'settled');
    return owner;
  }

  async do(effect: StorageEffect, ends: Event['kind']): Promise<void> {
    this.#events.length = 0;
    this.storage.carryOut(effect);
    await until(ends, () => this.#events.some(({ kind }) => kind === ends));
  }

  async learn(entries: readonly Entry[]): Promise<void> {
    this.#events.length = 0;
    for (const { zxid, payload } of entries) {
      this.storage.carryOut({ kind: 'append', zxid, payload, view: null });
      this.storage.carryOut({ kind: 'commit', zxid });
    }
    const last = entries.at(-1)!.zxid;
    await until('durable', () =>
      this.#events.some((event) => event.kind === 'durable' && event.zxid === last),
    );
  }

  async receive(machine: Machine, zxid: Zxid): Promise<void> {
    this.#wire.hear(snapMessage(zxid));
    const receiving = this.do(
      { kind: 'receiveSnapshot', link: 0, zxid, idleMs: 10_000 },
      'snapshotReceived',
    );
    this.#wire.hear(Buffer.concat([imageOf(machine), MARK]));
    await receiving;
  }
}

async function figure(port: number, name: string): Promise<number> {
  const lines = (await askWord(port, 'mntr')).split('\n');
  return Number(lines.find((line) => line.startsWith(`${name}\t`))?.split('\t')[1]);
}

/** Apache's server on this directory has this state: it says so in figures, and in the digest of what it writes next. */
async function expectApacheHas(folder: Folder, dataDir: string, machine: Machine): Promise<void> {
  const apache = await startApache({ folder: folder.path, dataDir });
  expect(await figure(apache.port, 'zk_digest_mismatches_count')).toBe(0);
  expect(await figure(apache.port, 'zk_znode_count')).toBe(machine.nodeCount);
  expect(await figure(apache.port, 'zk_ephemerals_count')).toBe(machine.ephemeralCount);
  const srvr = await askWord(apache.port, 'srvr');
  expect(srvr).toContain(`Zxid: 0x${machine.lastZxid.toString(16)}\n`);
  // Its transactions state the digest of its whole tree, and change nothing in it.
  const session = await WireSession.open(apache.port);
  await session.close();
  await apache.stop();
  const { storage } = await Owner.open(dataDir);
  expect(storage.lastZxid).toBe(machine.lastZxid + 2);
  expect(storage.machine.digestMismatches).toBe(0);
  expect(storage.machine.digestNow.isKnown).toBe(true);
  expect(storage.machine.digest).toBe(machine.digest);
  await storage.close();
}

describeWith([APACHE], "a member's directory opened by Apache", () => {
  test('after its history was cut within a log, and again between two', async () => {
    using folder = temporaryFolder();
    const dataDir = path.join(folder.path, 'cut');
    const author = new Author(41).write(60).newEpoch(2).write(60);
    for (const at of [100, 30]) {
      const owner = await Owner.open(dataDir);
      if (at === 100) {
        await owner.learn(author.entries.slice(0, 40));
        owner.storage.journal.roll();
        await owner.learn(author.entries.slice(40));
      }
      const { zxid } = author.entries[at]!;
      await owner.do({ kind: 'truncate', zxid }, 'truncated');
      const { machine } = owner.storage;
      expect(machine.lastZxid).toBe(zxid);
      expect(machine.digest).toBe(author.digestAt(zxid));
      await owner.storage.close();
      const copy = path.join(folder.path, `copy-${at}`);
      fs.cpSync(dataDir, copy, { recursive: true });
      await expectApacheHas(folder, copy, machine);
    }
  });

  test('after it received another history, and after it went on with that one', async () => {
    using folder = temporaryFolder();
    const dataDir = path.join(folder.path, 'received');
    const own = new Author(42).write(200);
    const leaders = new Author(43).write(150);
    const owner = await Owner.open(dataDir);
    await owner.learn(own.entries);
    await owner.receive(leaders.machine, leaders.last);
    await owner.do({ kind: 'saveSnapshot', zxid: leaders.last }, 'snapshotSaved');
    const copy = path.join(folder.path, 'copy');
    fs.cpSync(dataDir, copy, { recursive: true });
    await expectApacheHas(folder, copy, owner.storage.machine);
    const { length } = leaders.entries;
    await owner.learn(leaders.write(50).entries.slice(length));
    expect(owner.storage.machine.digest).toBe(leaders.digestAt(leaders.last));
    await owner.storage.close();
    await expectApacheHas(folder, dataDir, owner.storage.machine);
  });
});
