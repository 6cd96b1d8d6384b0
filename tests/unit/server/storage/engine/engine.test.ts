/** E1–E4: what is appended is seen, what is flushed survives, what is taken back is gone. */
import { describe, expect, test } from 'vitest';

import { LOSES_EVERYTHING_UNSYNCED } from '../../../../sim/disk.ts';
import { Rig } from './rig.ts';

describe('entries', () => {
  test('are seen at once and survive a restart', async () => {
    const rig = await Rig.open();
    rig.put({ a: '1', b: '2' });
    rig.put({ a: '3', b: null, c: '4' });
    expect(rig.all()).toEqual({ a: '3', c: '4' });
    rig.flush();
    const again = await rig.reopened(LOSES_EVERYTHING_UNSYNCED);
    expect(again.all()).toEqual({ a: '3', c: '4' });
    expect(again.store().lastSeq).toBe(2);
    expect(again.damages).toEqual([]);
  });

  test('thousands over many segments', async () => {
    const rig = await Rig.open();
    for (let i = 0; i < 3000; i++) {
      rig.put({ [`key-${i % 500}`]: `value ${i}` });
      if (i % 10 === 0) {
        rig.store().commit(rig.store().lastSeq);
        rig.flush();
      }
      if (i % 100 === 0) rig.maintain();
    }
    rig.flush();
    const before = rig.all();
    for (const crash of [undefined, LOSES_EVERYTHING_UNSYNCED]) {
      const again = await rig.reopened(crash);
      expect(again.all()).toEqual(before);
      expect(again.store().digest()).toEqual(rig.store().digest());
      expect(again.damages).toEqual([]);
    }
  });
});
