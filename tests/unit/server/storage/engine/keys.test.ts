/** The table in the order of hashes, cursors over growth, digests, and keys in the order in which they expire. */
import { describe, expect, test } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { hashOf } from '../../../../../src-server/storage/engine/key-hash.ts';
import { KeyPrinter } from '../../../../../src-server/storage/engine/key-print.ts';
import { KeyTable, type Slot } from '../../../../../src-server/storage/engine/key-table.ts';
import { Rig } from './rig.ts';

const BIG = { segmentBytes: 0x10_0000, reserveBytes: 0 };

function slot(hash: number, offset: number): Slot {
  return {
    hash,
    printHigh: offset * 3,
    printLow: (offset * 0x9e37_79b9) >>> 0,
    crc: offset ^ 7,
    segment: offset & 0xffff,
    offset,
    length: 20 + (offset % 1000),
    seq: 2 ** 40 + offset,
    expiresAtS: offset % 3,
  };
}

describe('the table', () => {
  test('agrees with a map through inserts, replacements and removals, also where hashes meet', () => {
    for (const spread of [0x1_0000_0000, 5000, 40]) {
      const random = new Prng(spread >>> 3);
      const table = new KeyTable();
      const model = new Map<number, Slot>();
      const placeOf = ({ hash, offset, printHigh, printLow }: Slot): number => {
        let at = table.first(hash);
        while (at >= 0 && table.offset(at) !== offset) at = table.sibling(at);
        expect(table.find(hash, printHigh, printLow)).toBe(at);
        return at;
      };
      for (let step = 0; step < 20_000; step++) {
        if (random.chance(step < 12_000 ? 0.7 : 0.3)) {
          const hash = Math.floor((random.next() / 0x1_0000_0000) * spread);
          const made = slot(hash, step + 1);
          table.insert(made);
          model.set(made.offset, made);
        } else {
          const gone = 1 + random.below(step + 1);
          const old = model.get(gone);
          if (old === undefined) continue;
          table.remove(placeOf(old));
          model.delete(gone);
        }
        if (step % 4000 === 0)
          for (const one of model.values()) expect(table.slot(placeOf(one))).toEqual(one);
      }
      expect(table.count).toBe(model.size);
      const walked: Slot[] = [];
      for (let at = table.from(0); at >= 0; at = table.after(at)) walked.push(table.slot(at));
      expect(walked.map(({ hash }) => hash)).toEqual(
        walked.map(({ hash }) => hash).sort((a, b) => a - b),
      );
      expect(new Set(walked.map(({ offset }) => offset))).toEqual(new Set(model.keys()));
    }
  });

  test('takes at most 60 bytes a key, whatever their number', () => {
    const table = new KeyTable();
    let most = 0;
    for (let i = 0; i < 300_000; i++) {
      table.insert(slot(hashOf(Buffer.from(`key-${i}`)), i + 1));
      if (i > 5000) most = Math.max(most, table.memoryBytes / table.count);
    }
    expect(most).toBeLessThan(60);
  });
});

describe('hashes', () => {
  test('are MurmurHash3 with the seed 0', () => {
    const of = (text: string): number => hashOf(Buffer.from(text));
    expect([of(''), of('a'), of('ab'), of('abc'), of('abcd'), of('Hello, world!')]).toEqual([
      0, 0x3c2569b2, 0x9bbfd75f, 0xb3dd93fa, 0x43ed676a, 0xc0363e43,
    ]);
  });
});

/** Pairs of keys whose hashes meet. */
function pairsThatMeet(count: number): [string, string][] {
  const known = new Map<number, string>();
  const pairs: [string, string][] = [];
  for (let i = 0; pairs.length < count; i++) {
    const key = `key-${i}`;
    const hash = hashOf(Buffer.from(key));
    const other = known.get(hash);
    if (other !== undefined) pairs.push([other, key]);
    known.set(hash, key);
  }
  return pairs;
}

describe('prints', () => {
  const printOf = (printer: KeyPrinter, key: Uint8Array): string => {
    printer.print(key, 0, key.length);
    return `${printer.high} ${printer.low}`;
  };
  const printerOf = (seed: number): KeyPrinter => {
    const random = new Prng(seed);
    return new KeyPrinter({ uint32: () => random.next() });
  };

  test('tell keys apart, whatever their lengths and ends, and differ with the secret', () => {
    const printer = printerOf(1);
    const keys = Array.from({ length: 50_000 }, (_, i) => Buffer.from(`${i}`));
    for (let length = 0; length < 300; length++) keys.push(Buffer.alloc(length, 0));
    for (let bit = 0; bit < 128; bit++) {
      const key = Buffer.alloc(16, 7);
      key[bit >> 3]! ^= 1 << (bit & 7);
      keys.push(key);
    }
    const prints = new Set(keys.map((key) => printOf(printer, key)));
    expect(prints.size).toBe(keys.length);
    const others = new Set(keys.map((key) => printOf(printerOf(2), key)));
    expect([...others].filter((print) => prints.has(print))).toEqual([]);
  });

  test('each half depends on every bit of a key, with half of its bits on average', () => {
    const printer = printerOf(3);
    for (const length of [1, 3, 4, 16, 33]) {
      const key = Buffer.alloc(length, 0x5a);
      printer.print(key, 0, length);
      const before = [printer.high, printer.low];
      for (const half of [0, 1]) {
        let flips = 0;
        for (let bit = 0; bit < length * 8; bit++) {
          key[bit >> 3]! ^= 1 << (bit & 7);
          printer.print(key, 0, length);
          key[bit >> 3]! ^= 1 << (bit & 7);
          let changed = ([printer.high, printer.low][half]! ^ before[half]!) >>> 0;
          expect(changed).not.toBe(0);
          for (; changed !== 0; changed &= changed - 1) flips++;
        }
        expect(Math.abs(flips / (length * 8) - 16)).toBeLessThan(4);
      }
    }
  });

  test('where hashes meet, keys are written and deleted apart, also after a restart', async () => {
    const rig = await Rig.open(BIG);
    const pairs = pairsThatMeet(5);
    for (const [one] of pairs) rig.put({ [one]: 'one' });
    for (const [, other] of pairs) rig.put({ [other]: 'other' });
    const valueOf = (again: Rig, key: string): string | null => {
      const found = again.store().get(Buffer.from(key));
      return found === null ? null : Buffer.from(found.value).toString();
    };
    for (const [one, other] of pairs)
      expect([valueOf(rig, one), valueOf(rig, other)]).toEqual(['one', 'other']);
    for (const [one] of pairs) rig.put({ [one]: null });
    for (const [, other] of pairs) rig.put({ [other]: 'again' });
    rig.flush();
    for (const again of [rig, await rig.reopened()]) {
      expect(again.store().count).toBe(pairs.length);
      for (const [one, other] of pairs)
        expect([valueOf(again, one), valueOf(again, other)]).toEqual([null, 'again']);
    }
  });
});

describe('scans', () => {
  test('show every key that stays, though the table grows and shrinks meanwhile', async () => {
    const rig = await Rig.open(BIG);
    for (let i = 0; i < 500; i++) rig.put({ [`stays-${i}`]: '1', [`goes-${i}`]: '1' });
    const store = rig.store();
    const seen = new Set<string>();
    let cursor = 0;
    let round = 0;
    do {
      const scan = store.scan(cursor, 10);
      for (const key of scan.keys) seen.add(Buffer.from(key).toString());
      cursor = scan.cursor;
      for (let i = 0; i < 40; i++) rig.put({ [`new-${round}-${i}`]: '1' });
      if (round === 30) for (let i = 0; i < 500; i++) rig.put({ [`goes-${i}`]: null });
      round++;
    } while (cursor !== 0);
    for (let i = 0; i < 500; i++) expect(seen.has(`stays-${i}`)).toBe(true);
  });
});

describe('digests', () => {
  test('do not depend on the way, and tell where replicas differ', async () => {
    const one = await Rig.open(BIG);
    const other = await Rig.open(BIG);
    for (let i = 0; i < 300; i++) one.put({ [`key-${i}`]: `${i}` });
    for (let i = 299; i >= 0; i--) other.put({ [`key-${i}`]: 'old', [`gone-${i}`]: 'x' });
    for (let i = 0; i < 300; i++) other.put({ [`gone-${i}`]: null, [`key-${i}`]: `${i}` });
    expect(other.store().digest()).toEqual(one.store().digest());
    other.put({ 'key-77': 'differs' });
    const [here, there] = [one.store().digest(), other.store().digest()];
    expect(here.sum).not.toBe(there.sum);
    const differing = [...here.buckets].flatMap((word, i) =>
      word === there.buckets[i] ? [] : [i >> 1],
    );
    expect(new Set(differing)).toEqual(new Set([hashOf(Buffer.from('key-77')) >>> 24]));
  });
});

describe('keys that expire', () => {
  test('are offered when their time has come, soonest first, until they are deleted', async () => {
    const rig = await Rig.open(BIG);
    const random = new Prng(5);
    const dueMs = new Map<string, number>();
    for (let i = 0; i < 3000; i++) {
      const key = `key-${random.below(400)}`;
      const expiresAtMs = random.chance(0.2)
        ? 0
        : 1000 * random.between(1, 10_000) - random.below(1000);
      rig.put({ [key]: 'x' }, { expiresAtMs });
      dueMs.delete(key);
      if (expiresAtMs > 0) dueMs.set(key, expiresAtMs);
    }
    rig.flush();
    for (const again of [rig, await rig.reopened()]) {
      expect(again.store().due(0, 10)).toEqual([]);
      const left = new Map(dueMs);
      let soonest = 0;
      for (let nowMs = 0; left.size > 0; nowMs += 50_000) {
        for (
          let keys = again.store().due(nowMs, 7);
          keys.length > 0;
          keys = again.store().due(nowMs, 7)
        ) {
          for (const bytes of keys) {
            const key = Buffer.from(bytes).toString();
            const expiresAtMs = left.get(key)!;
            expect(expiresAtMs).toBeLessThanOrEqual(nowMs);
            expect(Math.ceil(expiresAtMs / 1000)).toBeGreaterThanOrEqual(soonest);
            soonest = Math.ceil(expiresAtMs / 1000);
            expect(again.store().get(bytes)!.expiresAtMs).toBe(expiresAtMs);
            left.delete(key);
            again.put({ [key]: null });
          }
        }
        for (const expiresAtMs of left.values()) expect(expiresAtMs).toBeGreaterThan(nowMs - 1000);
      }
    }
  });
});
