/** E5, E6: a log cut at every byte, with a bit flipped in every byte, beside hints that lie. */
import { beforeAll, describe, expect, test } from 'vitest';

import { DiskError } from '../../../../../src-server/platform/disk.ts';
import { BodyWriter } from '../../../../../src-server/storage/engine/body.ts';
import { EngineDamage } from '../../../../../src-server/storage/engine/engine.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { SimDisk } from '../../../../sim/disk.ts';
import { FOLDER, Rig, SMALL } from './rig.ts';

const SCRUB_PERIOD_MS = 60_000;
const ONE_SEGMENT = { segmentBytes: 0x2000, reserveBytes: 0 };

/** An engine over these files. */
async function over(files: ReadonlyMap<string, Buffer>, settings = ONE_SEGMENT): Promise<Rig> {
  const clock = new SimClock();
  const disk = new SimDisk({ clock });
  for (const [name, bytes] of files) disk.put(`${FOLDER}/${name}`, bytes);
  return Rig.open(settings, clock, disk);
}

function filesOf(rig: Rig): Map<string, Buffer> {
  return new Map(
    rig.disk.list(FOLDER).map(({ name }) => [name, rig.disk.contents(`${FOLDER}/${name}`)]),
  );
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1 << (at % 8);
  return copy;
}

const contentsOf = (rig: Rig): string =>
  JSON.stringify(rig.engine.partitions().map((partition) => [partition, rig.all(partition)]));

describe('a log of one segment', () => {
  let file: Buffer;
  /** After each record, and how long the log was; the last batch has several of them. */
  const states: { readonly bytes: number; readonly contents: string }[] = [];
  let durableBytes = 0;

  beforeAll(async () => {
    const rig = await Rig.open(ONE_SEGMENT);
    const note = (): unknown =>
      states.push({ bytes: rig.engine.stats().logBytes, contents: contentsOf(rig) });
    note();
    for (let i = 0; i < 12; i++) {
      for (const work of [
        () => rig.store(i % 2),
        () => rig.put({ [`key-${i % 5}`]: 'x'.repeat(i * 3), b: `${i}` }, { partition: i % 2 }),
        () => i % 4 === 3 && rig.put({ 'key-1': null }, { partition: i % 2 }),
      ]) {
        work();
        note();
      }
      if (i < 10) {
        rig.flush();
        durableBytes = rig.engine.stats().logBytes;
      }
    }
    rig.flush();
    const { logBytes, segments } = rig.engine.stats();
    expect(segments).toBe(1);
    const contents = rig.disk.contents(`${FOLDER}/log-0000000001`);
    // Zeros stand ahead of the records: they are no matter of what is cut or damaged.
    expect(contents.subarray(logBytes).every((byte) => byte === 0)).toBe(true);
    file = contents.subarray(0, logBytes);
  });

  /** What a log of so many whole bytes holds. */
  const stateAt = (bytes: number): string =>
    states.findLast((state) => state.bytes <= bytes)?.contents ?? '[]';

  test('cut at every byte, it holds what was whole, and goes on from there', async () => {
    for (let cut = 0; cut <= file.length; cut++) {
      const rig = await over(new Map([['log-0000000001', file.subarray(0, cut)]]));
      expect([cut, contentsOf(rig), rig.damages]).toEqual([cut, stateAt(cut), []]);
      rig.put({ later: 'yes' }, { partition: 1 });
      expect(rig.flush()).toBeNull();
      const again = await rig.reopened();
      expect([cut, contentsOf(again), again.damages]).toEqual([cut, contentsOf(rig), []]);
    }
  });

  test('with a bit flipped anywhere, a partition tells of damage or is whole; only the last batch may be missing', async () => {
    const whole = JSON.parse(stateAt(file.length)) as [number, unknown][];
    const prefixes = new Set(
      states.filter(({ bytes }) => bytes >= durableBytes).map(({ contents }) => contents),
    );
    let told = 0;
    for (let at = 0; at < file.length; at++) {
      const rig = await over(new Map([['log-0000000001', flipped(file, at)]]));
      if (rig.damages.length > 0) told++;
      const isWhole = whole.every(
        ([partition, keys]) =>
          (rig.engine.partition(partition)?.damage ?? null) !== null ||
          JSON.stringify(rig.all(partition)) === JSON.stringify(keys),
      );
      if (!isWhole) {
        expect([at, at >= durableBytes, prefixes.has(contentsOf(rig))]).toEqual([at, true, true]);
      }
    }
    expect(told).toBeGreaterThan(durableBytes / 2);
  });
});

test('a record within a value is none, not even where a damaged header makes recovery look for the next one', async () => {
  const rig = await Rig.open(ONE_SEGMENT);
  rig.store();
  const from = rig.engine.stats().logBytes;
  rig.put({ a: '1' });
  rig.flush();
  const to = rig.engine.stats().logBytes;
  const path = `${FOLDER}/log-0000000001`;
  const record = rig.disk.contents(path).subarray(from, to);
  rig.put({ a: '2' });
  const at = rig.engine.stats().logBytes;
  const body = new BodyWriter();
  // At every place against the multiples of eight.
  for (let shift = 0; shift < 8; shift++)
    body.put(Buffer.from(`b${shift}`), Buffer.concat([Buffer.alloc(shift), record]));
  rig.store().append({ epoch: 1, seq: 3, body: body.view() });
  rig.flush();
  rig.put({ c: '3' });
  rig.flush();
  const again = await over(new Map([['log-0000000001', flipped(rig.disk.contents(path), at)]]));
  expect([again.get('a'), again.get('c'), again.damages.length]).toEqual(['2', '3', 1]);
});

describe('bytes that change while the engine runs', () => {
  async function many(): Promise<Rig> {
    const rig = await Rig.open({ ...SMALL, scrubPeriodMs: SCRUB_PERIOD_MS });
    for (let i = 0; i < 200; i++) rig.put({ [`key-${i}`]: `value ${i}` }, { partition: i % 3 });
    for (const partition of [0, 1, 2]) rig.store(partition).commit(rig.store(partition).lastSeq);
    rig.flush();
    return rig.reopened();
  }

  /** Flips a bit in the value of a key, in the file. */
  function spoil(rig: Rig, value: string): void {
    for (const { name } of rig.disk.list(FOLDER)) {
      const path = `${FOLDER}/${name}`;
      const at = rig.disk.contents(path).indexOf(value);
      if (at < 0 || !name.startsWith('log-')) continue;
      const file = rig.disk.open(path, 'edit');
      file.write(Buffer.from('V'), at);
      file.close();
    }
  }

  test('a damaged value is never returned, copied or sent; what is sound is', async () => {
    const rig = await many();
    spoil(rig, 'value 100');
    const store = rig.store(1);
    store.commit(store.lastSeq);
    expect(() => store.get(Buffer.from('key-100'))).toThrow(EngineDamage);
    expect(rig.get('key-103', 1)).toBe('value 103');
    expect(store.copy(0, 1e6)).toBeNull();
    expect(store.read(1, 1e6)).toBe('gone');
    expect(store.scan(0, 1000).keys).toHaveLength(store.count);
    spoil(rig, 'key-103');
    expect(store.scan(0, 1000).keys).toHaveLength(store.count - 1);
    expect(rig.damages.map(({ partition }) => partition)).toEqual([1]);
    expect(rig.engine.stats().damaged).toHaveLength(1);
  });

  test('a sector that cannot be read is damage of who has bytes there, and of nobody else', async () => {
    const rig = await many();
    const path = `${FOLDER}/log-0000000001`;
    const at = rig.disk.contents(path).indexOf('value 50');
    const disk = rig.disk.copy({ clock: rig.clock });
    const open = disk.open.bind(disk);
    disk.open = (name, mode) => {
      const file = open(name, mode);
      const read = file.read.bind(file);
      file.read = (into, from) => {
        if (name === path && from <= at && at < from + into.length)
          throw new DiskError('io', name, 'reading');
        return read(into, from);
      };
      return file;
    };
    const again = await Rig.open(SMALL, rig.clock, disk);
    expect(again.damages.length).toBeGreaterThan(0);
    expect(rig.get('key-50', 50 % 3)).toBe('value 50');
    for (let i = 150; i < 200; i++) expect(again.get(`key-${i}`, i % 3)).toBe(`value ${i}`);
  });

  test('the scrub finds it within its period, and tells whose it is', async () => {
    const rig = await many();
    const total = rig.engine.stats().logBytes;
    spoil(rig, 'value 100');
    for (let part = 0; part < 11; part++) {
      rig.clock.advance(SCRUB_PERIOD_MS / 10);
      rig.maintain();
      expect(rig.engine.stats().scrub.bytes).toBeLessThanOrEqual(total);
    }
    expect(rig.damages.map(({ partition }) => partition)).toEqual([1]);
    expect(rig.engine.stats().scrub.endedMs).toBeGreaterThan(0);
  });

  test('what is damaged heals by an installation, and stays whole over restarts', async () => {
    const rig = await many();
    spoil(rig, 'value 100');
    expect(() => rig.get('key-100', 1)).toThrow(EngineDamage);
    const store = rig.store(1);
    store.beginInstall({ baseSeq: 9, baseEpoch: 1, epochs: [{ epoch: 1, startSeq: 1 }] });
    expect(store.damage).toBeNull();
    store.endInstall();
    rig.flush();
    const again = await rig.reopened();
    expect([again.store(1).lastSeq, again.all(1), again.store(1).damage]).toEqual([9, {}, null]);
    expect(again.get('key-99', 0)).toBe('value 99');
  });

  test('damage is remembered when its segment has left the log', async () => {
    const rig = await many();
    spoil(rig, 'value 100');
    expect(() => rig.get('key-100', 1)).toThrow(EngineDamage);
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 200; i++) rig.put({ [`key-${i}`]: `${round}` }, { partition: i % 3 });
      for (const partition of [0, 1, 2]) rig.store(partition).commit(rig.store(partition).lastSeq);
      rig.flush();
      rig.maintain();
    }
    expect(rig.disk.exists(`${FOLDER}/log-0000000001`)).toBe(false);
    const again = await rig.reopened();
    expect(again.damages.map(({ partition }) => partition)).toEqual([1]);
  });
});

describe('hints', () => {
  async function hinted(): Promise<Rig> {
    const rig = await Rig.open({ ...SMALL, segmentBytes: 4096 });
    for (let i = 0; i < 60; i++) {
      rig.put({ [`key-${i % 20}`]: 'v'.repeat(i), [`gone-${i}`]: 'x' });
      rig.put({ [`gone-${i}`]: null });
    }
    rig.flush();
    rig.maintain();
    return rig;
  }

  test('a restart by hints is a restart by segments', async () => {
    const rig = await hinted();
    const files = filesOf(rig);
    const hints = [...files.keys()].filter((name) => name.startsWith('hint-'));
    expect(hints.length).toBeGreaterThan(2);
    const byHints = await over(files);
    for (const name of hints) files.delete(name);
    const bySegments = await over(files);
    for (const again of [byHints, bySegments]) {
      expect(again.all()).toEqual(rig.all());
      expect(again.store().digest()).toEqual(rig.store().digest());
      expect(again.store().bytes).toBe(rig.store().bytes);
      expect(again.damages).toEqual([]);
    }
  });

  test('one that is damaged anywhere, or speaks of another segment, is ignored', async () => {
    const rig = await hinted();
    const files = filesOf(rig);
    const name = 'hint-0000000002';
    const hint = files.get(name)!;
    const lies = [
      ...Array.from({ length: hint.length }, (_, at) => flipped(hint, at)),
      ...Array.from({ length: 40 }, (_, i) => hint.subarray(0, Math.floor((hint.length * i) / 40))),
      files.get('hint-0000000001')!,
    ];
    for (const lie of lies) {
      const again = await over(new Map([...files, [name, lie]]));
      expect(again.all()).toEqual(rig.all());
      expect(again.damages).toEqual([]);
    }
  });
});
