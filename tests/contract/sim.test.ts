/** The contracts in the simulated world. */
import { expect, test } from 'vitest';

import { until } from '../peers/wait.ts';
import { SimClock } from '../sim/clock.ts';
import { LOSES_EVERYTHING_UNSYNCED, SECTOR_BYTES, SimDisk } from '../sim/disk.ts';
import { clockSuite } from './clock.suite.ts';
import { diskSuite } from './disk.suite.ts';

diskSuite('simulated', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/folder');
  // The suite waits in real time, so somebody has to turn the virtual clock.
  const turning = setInterval(() => clock.settle(), 1);
  return { disk, folder: '/folder', [Symbol.dispose]: () => clearInterval(turning) };
});

clockSuite('simulated', () => {
  const clock = new SimClock();
  return {
    clock,
    until: async (fact) => {
      await until('the clock brings it', () => {
        if (!fact()) clock.advance(1);
        return fact();
      });
    },
  };
});

test('after a crash, only what was synced is left', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/d');
  const file = disk.open('/d/a', 'create');
  disk.syncDirectory('/d');
  file.write(Buffer.from('kept'), 0);
  file.sync(() => undefined);
  file.write(Buffer.from('lost'), 4);
  clock.settle();
  file.write(Buffer.from('LOST'), 0);
  disk.open('/d/b', 'create').close();
  disk.rename('/d/a', '/d/c');

  const found = disk.afterCrash(LOSES_EVERYTHING_UNSYNCED);
  expect(found.list('/d').map(({ name }) => name)).toEqual(['a']);
  expect(found.contents('/d/a').toString('latin1')).toBe('kept');
  expect(disk.copy().contents('/d/c').toString('latin1')).toBe('LOSTlost');
});

test('after a crash, each unsynced sector is the old or the new one, as the crash chooses', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/d');
  const file = disk.open('/d/a', 'create');
  file.write(Buffer.alloc(4 * SECTOR_BYTES, 'o'), 0);
  file.syncNow();
  disk.syncDirectory('/d');
  file.write(Buffer.alloc(5 * SECTOR_BYTES, 'n'), 0);
  const found = disk.afterCrash({
    keepsSector: (_path, sector) => sector % 2 === 0,
    size: (_path, _durable, latest) => latest,
    changesKept: () => 0,
  });
  const sectors = Array.from({ length: 5 }, (_, i) => found.contents('/d/a')[i * SECTOR_BYTES]);
  expect(String.fromCharCode(...sectors.map((byte) => byte ?? 0))).toBe('nonon');
});

test('a sync of a directory that ends late does not undo what a quicker one made durable', () => {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  disk.makeDirectory('/d');
  disk.open('/d/a', 'create').close();
  disk.remove('/d/a');
  disk.syncDirectory('/d', () => undefined);
  disk.open('/d/a', 'create').close();
  disk.syncDirectory('/d');
  clock.settle();
  expect(disk.afterCrash(LOSES_EVERYTHING_UNSYNCED).exists('/d/a')).toBe(true);
});

test('a full disk takes what fits and says so; what is written over has its place', () => {
  const disk = new SimDisk({ clock: new SimClock(), capacityBytes: 10 });
  disk.makeDirectory('/d');
  const file = disk.open('/d/a', 'create');
  file.write(Buffer.alloc(8, 'a'), 0);
  expect(() => file.write(Buffer.alloc(4, 'b'), 8)).toThrow('no space left');
  expect(disk.freeBytes()).toBe(0);
  file.write(Buffer.alloc(10, 'c'), 0);
  file.truncate(5);
  expect(disk.freeBytes()).toBe(5);
});
