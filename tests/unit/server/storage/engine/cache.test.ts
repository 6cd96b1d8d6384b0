/** E10: a cache never touches the disk, never holds more than it may, and keeps what is asked for. */
import { describe, expect, test } from 'vitest';

import { Rig } from './rig.ts';

const CACHE = { mode: 'cache', memoryBytes: 0x40_0000 } as const;
const VALUE = 'x'.repeat(1000);

describe('cache mode', () => {
  test('memory is bounded, the oldest go, what is asked for stays', async () => {
    const rig = await Rig.open(CACHE);
    let seq = 0;
    let residentMost = 0;
    for (let i = 0; i < 20_000; i++) {
      seq = rig.put({ [`key-${i}`]: VALUE });
      rig.store().commit(seq);
      if (i >= 10) expect(rig.get('key-7')).toBe(VALUE);
      expect(rig.flush()).toBeNull();
      residentMost = Math.max(residentMost, rig.engine.stats().residentBytes);
    }
    expect(residentMost).toBeLessThanOrEqual(CACHE.memoryBytes);
    const { keys, evictedKeys, room } = rig.engine.stats();
    expect([keys + evictedKeys, room]).toEqual([20_000, 'ok']);
    expect(keys).toBeGreaterThan(2000);
    expect([rig.get('key-19999'), rig.get('key-0')]).toEqual([VALUE, null]);
    expect(rig.disk.usedBytes).toBe(0);
    expect(Object.keys(rig.all())).toHaveLength(keys);
  });

  test('where everything is asked for, something goes all the same', async () => {
    const rig = await Rig.open(CACHE);
    for (let i = 0; i < 10_000; i++) {
      rig.store().commit(rig.put({ [`key-${i}`]: VALUE }));
      rig.get(`key-${i}`);
      rig.get(`key-${i - 1000}`);
      rig.flush();
    }
    expect(rig.engine.stats().residentBytes).toBeLessThanOrEqual(CACHE.memoryBytes);
    expect(rig.engine.stats().movedBytes).toBeGreaterThan(0);
  });

  test('what is not committed may not go: then there is no room', async () => {
    const rig = await Rig.open(CACHE);
    for (let i = 0; i < 5000; i++) {
      rig.put({ [`key-${i}`]: VALUE });
      rig.flush();
    }
    expect(rig.engine.room).toBe('none');
    rig.store().commit(5000);
    rig.flush();
    expect(rig.engine.room).toBe('ok');
  });

  test('a deleted key does not come back', async () => {
    const rig = await Rig.open(CACHE);
    rig.put({ a: '1' });
    rig.get('a');
    rig.put({ a: null });
    for (let i = 0; i < 10_000; i++) {
      rig.store().commit(rig.put({ [`key-${i}`]: VALUE }));
      rig.flush();
      expect(rig.get('a')).toBeNull();
    }
  });
});
