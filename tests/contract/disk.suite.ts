/** What every Disk promises. Run on the machine's and on the simulated one. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import {
  type Disk,
  DiskError,
  type DiskFile,
  readWhole,
  writeWhole,
} from '../../src-server/platform/disk.ts';

export interface DiskUnderTest extends Disposable {
  readonly disk: Disk;
  /** An empty directory for the test. */
  readonly folder: string;
}

export function diskSuite(name: string, make: () => DiskUnderTest): void {
  describe(`disk contract: ${name}`, () => {
    let subject: DiskUnderTest;
    let disk: Disk;
    const at = (...parts: string[]): string => disk.join(subject.folder, ...parts);
    const withFile = (
      path: string,
      mode: 'read' | 'edit' | 'create' | 'replace',
      work: (file: DiskFile) => void,
    ): void => {
      const file = disk.open(path, mode);
      try {
        work(file);
      } finally {
        file.close();
      }
    };
    const put = (path: string, text: string): void =>
      withFile(path, 'replace', (file) => file.write(Buffer.from(text), 0));
    const get = (path: string): string | undefined => readWhole(disk, path)?.toString('latin1');
    const refusal = (work: () => void): string => {
      try {
        work();
      } catch (error) {
        if (error instanceof DiskError) return error.code;
        throw error;
      }
      return 'nothing was refused';
    };

    beforeEach(() => {
      subject = make();
      disk = subject.disk;
    });
    afterEach(() => subject[Symbol.dispose]());

    test('reads back what was written, at any offset', () => {
      withFile(at('a'), 'create', (file) => {
        file.write(Buffer.from('hello'), 0);
        file.write(Buffer.from('there'), 10);
        file.write(Buffer.from('J'), 0);
        expect(file.size()).toBe(15);
        const whole = Buffer.alloc(15, 0xff);
        expect(file.read(whole, 0)).toBe(15);
        expect(whole.toString('latin1')).toBe('Jello\0\0\0\0\0there');
      });
    });

    test('a read at the end gives fewer bytes, behind it none', () => {
      put(at('a'), 'hello');
      withFile(at('a'), 'read', (file) => {
        const some = Buffer.alloc(10);
        expect(file.read(some, 3)).toBe(2);
        expect(some.toString('latin1', 0, 2)).toBe('lo');
        expect(file.read(some, 5)).toBe(0);
        expect(file.read(some, 500)).toBe(0);
      });
    });

    test('truncate cuts, and extends with zeros', () => {
      withFile(at('a'), 'create', (file) => {
        file.write(Buffer.from('abcdef'), 0);
        file.truncate(3);
        file.truncate(6);
        const whole = Buffer.alloc(6, 0xff);
        expect(file.read(whole, 0)).toBe(6);
        expect(whole.toString('latin1')).toBe('abc\0\0\0');
        expect(file.size()).toBe(6);
      });
    });

    test('open: create refuses what exists, edit and read refuse what does not, replace empties', () => {
      put(at('a'), 'old');
      expect(refusal(() => disk.open(at('a'), 'create'))).toBe('exists');
      expect(refusal(() => disk.open(at('b'), 'edit'))).toBe('not-found');
      expect(refusal(() => disk.open(at('b'), 'read'))).toBe('not-found');
      withFile(at('a'), 'edit', (file) => file.write(Buffer.from('O'), 0));
      expect(get(at('a'))).toBe('Old');
      put(at('a'), '');
      expect(get(at('a'))).toBe('');
    });

    test('a file opened for reading cannot be written', () => {
      put(at('a'), 'old');
      withFile(at('a'), 'read', (file) => {
        expect(refusal(() => file.write(Buffer.from('new'), 0))).toBe('io');
      });
      expect(get(at('a'))).toBe('old');
    });

    test('list: plain files by name, with their sizes; nothing where there is no directory', () => {
      disk.makeDirectory(at('sub', 'deeper'));
      put(at('b'), '12');
      put(at('a'), '1');
      put(at('sub', 'c'), '');
      expect(disk.list(subject.folder).map(({ name, bytes }) => [name, bytes])).toEqual([
        ['a', 1],
        ['b', 2],
      ]);
      expect(disk.list(at('sub')).map((file) => file.name)).toEqual(['c']);
      expect(disk.list(at('nowhere'))).toEqual([]);
    });

    test('making a directory that is there is fine', () => {
      disk.makeDirectory(at('sub'));
      disk.makeDirectory(at('sub'));
      expect(disk.exists(at('sub'))).toBe(true);
    });

    test('exists: files and directories, until they are removed', () => {
      expect(disk.exists(at('a'))).toBe(false);
      put(at('a'), '');
      expect(disk.exists(at('a'))).toBe(true);
      disk.remove(at('a'));
      expect(disk.exists(at('a'))).toBe(false);
      disk.remove(at('a'));
    });

    test('a file can be removed in the background, also one that is not there', async () => {
      put(at('a'), 'large');
      for (let i = 0; i < 2; i++) {
        let isLater = false;
        const error = await new Promise((resolve) => {
          disk.remove(at('a'), resolve);
          isLater = true;
        });
        expect([error, isLater, disk.exists(at('a'))]).toEqual([null, true, false]);
      }
    });

    test('rename replaces, and takes the old name away', () => {
      put(at('new'), 'new');
      put(at('old'), 'old');
      disk.rename(at('new'), at('old'));
      expect(get(at('old'))).toBe('new');
      expect(disk.exists(at('new'))).toBe(false);
      expect(refusal(() => disk.rename(at('new'), at('old')))).toBe('not-found');
    });

    test('a file that is removed or renamed while open goes on under its handle', () => {
      const file = disk.open(at('a'), 'create');
      file.write(Buffer.from('abc'), 0);
      disk.rename(at('a'), at('b'));
      file.write(Buffer.from('d'), 3);
      expect(get(at('b'))).toBe('abcd');
      disk.remove(at('b'));
      const bytes = Buffer.alloc(4);
      expect(file.read(bytes, 0)).toBe(4);
      file.close();
      expect(disk.exists(at('b'))).toBe(false);
    });

    test('syncs are reported later, in the order they were asked for', async () => {
      const file = disk.open(at('a'), 'create');
      const order: number[] = [];
      file.write(Buffer.from('abc'), 0);
      await new Promise<void>((resolve) => {
        file.sync((error) => {
          expect(error).toBeNull();
          order.push(1);
          file.sync((second) => {
            expect(second).toBeNull();
            order.push(2);
            resolve();
          });
        });
        order.push(0);
      });
      expect(order).toEqual([0, 1, 2]);
      file.syncNow();
      file.close();
    });

    test('so are syncs that are under way together', async () => {
      const file = disk.open(at('a'), 'create');
      const order: number[] = [];
      await new Promise<void>((resolve) => {
        for (let i = 0; i < 20; i++) {
          file.write(Buffer.alloc(1000), i * 1000);
          file.sync(() => {
            order.push(i);
            if (order.length === 20) resolve();
          });
        }
      });
      expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
      file.close();
    });

    test('a directory can be synced, at once or in the background', async () => {
      put(at('a'), '');
      disk.syncDirectory(subject.folder);
      let isLater = false;
      const error = await new Promise((resolve) => {
        disk.syncDirectory(subject.folder, resolve);
        isLater = true;
      });
      expect(error).toBeNull();
      expect(isLater).toBe(true);
    });

    test('there is room, and it is a number of bytes', () => {
      expect(disk.freeBytes(subject.folder)).toBeGreaterThan(0);
      const total = disk.totalBytes(subject.folder);
      expect(total).toBeGreaterThanOrEqual(disk.freeBytes(subject.folder));
    });

    test('writeWhole replaces a small file and leaves nothing beside it', () => {
      writeWhole(disk, subject.folder, 'epoch', Buffer.from('1'));
      writeWhole(disk, subject.folder, 'epoch', Buffer.from('12'));
      expect(get(at('epoch'))).toBe('12');
      expect(disk.list(subject.folder).map((file) => file.name)).toEqual(['epoch']);
      expect(readWhole(disk, at('nothing'))).toBeNull();
    });

    test('an error names the path and what was being done', () => {
      expect(() => disk.open(at('b'), 'read')).toThrow(/opening .*b: no such file or directory/);
    });
  });
}
