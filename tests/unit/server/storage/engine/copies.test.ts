/** E8, E9: a copy in pieces, of a partition that goes on, resumed after crashes, is right once the entries since are repeated. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import type { Entry, Store } from '../../../../../src-server/storage/engine/engine.ts';
import { LOSES_EVERYTHING_UNSYNCED } from '../../../../sim/disk.ts';
import { Rig } from './rig.ts';

const BIG = { segmentBytes: 0x1_0000, reserveBytes: 0 };

function since(store: Store, seq: number): readonly Entry[] {
  const entries = store.read(seq, 1e9);
  if (entries === 'gone') return expect.unreachable('the entries are kept');
  return entries;
}

describe('copies', () => {
  test('fuzzy, with crashes of who receives, with uncommitted changes that are taken back', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Prng(seed);
      const source = await Rig.open(BIG);
      const change = (): void => {
        const key = `key-${random.below(60)}`;
        source.put({ [key]: random.chance(0.3) ? null : `${random.next()}` });
      };
      for (let i = 0; i < 200; i++) change();
      const origin = source.store();
      origin.commit(190);
      const baseSeq = origin.committedSeq;
      let target = await Rig.open(BIG);
      target.store().beginInstall({ baseSeq, baseEpoch: 1, epochs: origin.epochs });
      target.flush();
      for (;;) {
        const { cursor } = target.store().installing!;
        const chunk = origin.copy(cursor, 300)!;
        const spoilt = Buffer.from(chunk.bytes);
        if (spoilt.length > 0) {
          spoilt[random.below(spoilt.length)]! ^= 4;
          expect(target.store().installChunk({ ...chunk, bytes: spoilt })).toBe(false);
        }
        expect(target.store().installChunk(chunk)).toBe(true);
        if (chunk.cursor === 0) break;
        for (let i = random.below(5); i > 0; i--) change();
        if (random.chance(0.5)) origin.commit(random.between(origin.committedSeq, origin.lastSeq));
        if (random.chance(0.3))
          origin.truncate(random.between(origin.committedSeq, origin.lastSeq));
        if (random.chance(0.7)) target.flush();
        if (random.chance(0.2)) {
          target = await target.reopened(LOSES_EVERYTHING_UNSYNCED);
          expect(target.store().installing).not.toBeNull();
        }
      }
      target.store().endInstall();
      target.flush();
      target = await target.reopened(LOSES_EVERYTHING_UNSYNCED);
      const copy = target.store();
      expect([copy.installing, copy.lastSeq, copy.committedSeq]).toEqual([null, baseSeq, baseSeq]);
      for (const entry of since(origin, baseSeq + 1)) copy.append(entry);
      expect(target.all()).toEqual(source.all());
      expect(copy.digest()).toEqual(origin.digest());
      expect([copy.lastSeq, copy.lastEpoch]).toEqual([origin.lastSeq, origin.lastEpoch]);
    }
  });

  test('an empty partition is copied, too', async () => {
    const source = await Rig.open(BIG);
    const target = await Rig.open(BIG);
    target.put({ old: 'gone' });
    target.store().beginInstall({ baseSeq: 0, baseEpoch: 0, epochs: [] });
    expect(target.store().installChunk(source.store().copy(0, 100)!)).toBe(true);
    target.store().endInstall();
    expect(target.all()).toEqual({});
    target.put({ a: '1' });
    expect(target.store().epochs).toEqual([{ epoch: 1, startSeq: 1 }]);
  });
});

describe('entries for who lags', () => {
  test('are read from memory and from files, as many as fit', async () => {
    const rig = await Rig.open({ segmentBytes: 8192, reserveBytes: 0 });
    for (let i = 1; i <= 300; i++)
      rig.put({ [`key-${i}`]: `value ${i}` }, { epoch: 1 + Math.floor(i / 100) });
    rig.flush();
    for (const again of [rig, await rig.reopened()]) {
      const store = again.store();
      expect(since(store, 1).map(({ seq }) => seq)).toEqual(
        Array.from({ length: 300 }, (_, i) => i + 1),
      );
      expect(since(store, 100)[0]).toEqual(since(rig.store(), 100)[0]);
      expect(since(store, 301)).toEqual([]);
      const few = store.read(10, 100);
      expect(few.length).toBeGreaterThan(0);
      expect(few.length).toBeLessThan(4);
      expect(store.read(10, 1)).toHaveLength(1);
      expect(store.epochs).toEqual([
        { epoch: 1, startSeq: 1 },
        { epoch: 2, startSeq: 100 },
        { epoch: 3, startSeq: 200 },
        { epoch: 4, startSeq: 300 },
      ]);
    }
  });

  test('stay while somebody needs them, up to a bound; then they are gone', async () => {
    for (const [keepBytes, isKept] of [
      [1e9, true],
      [1, false],
    ] as const) {
      const rig = await Rig.open({ segmentBytes: 8192, reserveBytes: 0, keepBytes });
      rig.store().keepFrom(1);
      for (let i = 0; i < 2000; i++) rig.put({ [`key-${i % 10}`]: `${i}` });
      rig.store().commit(2000);
      rig.flush();
      rig.maintain();
      expect(rig.store().read(1, 100) !== 'gone').toBe(isKept);
      rig.store().keepFrom(null);
      rig.clock.advance(20_000);
      rig.maintain();
      expect(rig.store().read(1, 100)).toBe('gone');
      expect(since(rig.store(), 2000)).toHaveLength(1);
    }
  });

  test('a partition keeps no more places of entries than its share', async () => {
    const rig = await Rig.open({ segmentBytes: 0x10_0000, reserveBytes: 0, tailEntries: 1024 });
    for (let i = 1; i <= 5000; i++) {
      rig.put({ a: `${i}` });
      rig.store().commit(i);
    }
    expect(rig.store().read(3000, 1)).toBe('gone');
    expect(since(rig.store(), 4500)).toHaveLength(501);
  });
});
