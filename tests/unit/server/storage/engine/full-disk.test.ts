/** E3 at the limits of a disk: one that is full refuses and goes on, one whose sync fails is the end. */
import { describe, expect, test } from 'vitest';

import { LOSES_EVERYTHING_UNSYNCED } from '../../../../sim/disk.ts';
import { Rig, SMALL } from './rig.ts';

describe('group commit', () => {
  test('a turn is one write and one sync, for all partitions; what arrives meanwhile shares the next', async () => {
    const rig = await Rig.open({ segmentBytes: 0x10_0000, reserveBytes: 0 });
    rig.store(1);
    rig.flush();
    rig.disk.holdSyncs();
    const before = { ...rig.disk.counts };
    const done: string[] = [];
    const flush = (name: string): void => rig.engine.flush(() => done.push(name));
    for (let partition = 0; partition < 50; partition++) rig.put({ a: '1' }, { partition });
    flush('first');
    rig.clock.settle();
    for (let i = 0; i < 5; i++) {
      rig.put({ a: `${i}` });
      flush(`later ${i}`);
      rig.clock.settle();
    }
    expect([rig.disk.counts.writes - before.writes, rig.disk.counts.syncs - before.syncs]).toEqual([
      1, 1,
    ]);
    expect(done).toEqual([]);
    rig.disk.endSync();
    expect(done).toEqual(['first']);
    rig.clock.settle();
    rig.disk.endSync();
    expect(done).toEqual(['first', 'later 0', 'later 1', 'later 2', 'later 3', 'later 4']);
    expect([rig.disk.counts.writes - before.writes, rig.disk.counts.syncs - before.syncs]).toEqual([
      2, 2,
    ]);
    flush('nothing to wait for');
    expect(done.at(-1)).toBe('nothing to wait for');
  });

  test('a sync that fails is the end: nobody is told of anything any more', async () => {
    const rig = await Rig.open();
    rig.put({ a: '1' });
    rig.flush();
    rig.disk.holdSyncs();
    rig.put({ a: '2' });
    let outcome: Error | null = null;
    rig.engine.flush((error) => (outcome = error));
    rig.clock.settle();
    rig.disk.endSync('io');
    expect(String(outcome)).toContain('syncing');
    rig.put({ a: '3' });
    expect(String(rig.flush())).toContain('syncing');
    const again = await rig.reopened(LOSES_EVERYTHING_UNSYNCED);
    expect(again.get('a')).toBe('1');
  });
});

describe('a full disk', () => {
  test('is told before it is full; reads go on; writes go on when there is room', async () => {
    const rig = await Rig.open({ segmentBytes: 0x20_0000, reserveBytes: 100_000 });
    rig.put({ a: 'before' });
    rig.flush();
    expect(rig.engine.room).toBe('ok');
    // More than the zeros that stand ahead of the records.
    const large = 'x'.repeat(600_000);
    rig.disk.capacityBytes = rig.disk.usedBytes + 200;
    rig.put({ b: large });
    expect(rig.flush()).toBeUndefined();
    expect(rig.engine.room).toBe('none');
    expect([rig.get('a'), rig.get('b')]).toEqual(['before', large]);
    rig.clock.advance(5000);
    expect(rig.engine.room).toBe('none');
    let outcome: Error | null | undefined;
    rig.engine.flush((error) => (outcome = error));
    rig.disk.capacityBytes = rig.disk.usedBytes + 150_000;
    rig.clock.advance(600);
    expect([outcome, rig.engine.room]).toEqual([null, 'low']);
    rig.disk.capacityBytes = 10_000_000;
    rig.clock.advance(1000);
    expect(rig.engine.room).toBe('ok');
    const again = await rig.reopened(LOSES_EVERYTHING_UNSYNCED);
    expect(again.all()).toEqual({ a: 'before', b: large });
  });

  test('what no longer counts makes room', async () => {
    const rig = await Rig.open(SMALL);
    for (let i = 0; i < 400; i++) rig.put({ [`key-${i % 10}`]: 'x'.repeat(100) });
    rig.store().commit(400);
    rig.flush();
    const before = rig.disk.usedBytes;
    rig.maintain();
    expect(rig.disk.usedBytes).toBeLessThan(before / 2);
  });
});
