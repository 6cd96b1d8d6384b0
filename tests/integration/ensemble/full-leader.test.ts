/** A leader whose disk runs full, or fails: another serves, and what was acknowledged is there. */
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Client } from '../../../src-server/coordination/client/client.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { until } from '../../peers/wait.ts';
import { OwnEnsemble, type OwnMember } from '../../peers/zabring-ensemble.ts';
import { SimDisk } from '../../sim/disk.ts';

const RESERVE_BYTES = 100_000;
const VOTERS = ['participant', 'participant', 'participant'] as const;

let ensemble: OwnEnsemble;
let disks: Map<number, SimDisk>;

beforeEach(async () => {
  disks = new Map();
  ensemble = await OwnEnsemble.start(
    VOTERS,
    { diskReserveBytes: RESERVE_BYTES, preallocateBytes: 0 },
    (id) => {
      const disk = new SimDisk({ clock: new NodeClock() });
      disks.set(id, disk);
      return { disk };
    },
  );
});
afterEach(async () => {
  // A disk that is full keeps its member from ending what is under way.
  for (const disk of disks.values()) disk.capacityBytes = Number.MAX_SAFE_INTEGER;
  await ensemble.close();
});

function leave(member: OwnMember, freeBytes: number): void {
  const disk = disks.get(member.id)!;
  disk.capacityBytes = disk.usedBytes + freeBytes;
}

/** Writes again and again until one is taken. */
async function writeSoon(client: Client, path: string): Promise<void> {
  await until(`${path} is written`, async () => {
    try {
      await client.create(path, Buffer.from(path));
      return true;
    } catch {
      return (await client.exists(path)) !== null;
    }
  });
}

function anotherLeads(than: OwnMember): Promise<OwnMember> {
  return until('another member leads', () => (ensemble.leader === than ? null : ensemble.leader));
}

test('nearly full: it makes way, follows, and takes the writes of its own clients again', async () => {
  const before = ensemble.leader;
  expect(before.id).toBe(3);
  const client = ensemble.client([before]);
  await client.create('/acknowledged', null);
  leave(before, RESERVE_BYTES / 2);
  const after = await anotherLeads(before);
  await until(
    'it follows',
    () => before.ensemble.status.role === 'following' && before.ensemble.isServing,
  );
  await writeSoon(client, '/through-the-full-one');
  const other = ensemble.client([after]);
  expect(await other.exists('/acknowledged')).not.toBeNull();
  expect(await other.exists('/through-the-full-one')).not.toBeNull();
});

test('full to the last byte: the others go on, and it comes back when there is room', async () => {
  const before = ensemble.leader;
  const others = ensemble.members.filter((member) => member !== before);
  const client = ensemble.client(others);
  await client.create('/acknowledged', null);
  leave(before, 0);
  await writeSoon(client, '/finds-it-full');
  await anotherLeads(before);
  await writeSoon(client, '/without-it');
  expect(await client.exists('/acknowledged')).not.toBeNull();
  leave(before, RESERVE_BYTES * 10);
  await before.isServing();
  const own = ensemble.client([before]);
  await own.sync('/');
  expect(await own.exists('/without-it')).not.toBeNull();
});

test('a sync that fails ends it, and the others go on', async () => {
  const before = ensemble.leader;
  const others = ensemble.members.filter((member) => member !== before);
  const client = ensemble.client(others);
  await client.create('/acknowledged', null);
  const disk = disks.get(before.id)!;
  disk.holdSyncs();
  const writing = client.create('/under-way', null).catch(() => undefined);
  await until('it syncs', () => disk.syncsUnderWay.length > 0);
  disk.endSync('io');
  await until('it has ended', () => before.hasFailed);
  await writing;
  await before.stop();
  await until('another member leads', () => others.includes(ensemble.leader));
  await writeSoon(client, '/without-it');
  expect(await client.exists('/acknowledged')).not.toBeNull();
});
