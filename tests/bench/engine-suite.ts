/** Our storage engine beside LevelDB (classic-level), in this process; each name begins with `engine`. */
import { ClassicLevel } from 'classic-level';

import { SILENT } from '../../src-server/platform/logger.ts';
import { NodeClock } from '../../src-server/platform/node/clock.ts';
import { NodeDisk } from '../../src-server/platform/node/disk.ts';
import { NodeEntropy } from '../../src-server/platform/node/entropy.ts';
import { BodyWriter } from '../../src-server/storage/engine/body.ts';
import { Engine, type Store } from '../../src-server/storage/engine/engine.ts';
import { inFolder } from './folder.ts';
import type { Report } from './report.ts';

const WRITERS = 50;
const KEYS = 100_000;
const MANY_KEYS = 1_000_000;
const PARTITIONS = 64;
const VALUE = Buffer.alloc(1024);
for (let i = 0; i < VALUE.length; i++) VALUE[i] = (i * 2_654_435_761) >>> 24;
const SMALL_VALUE = VALUE.subarray(0, 100);

/** What both can do. A put is over when it is durable. */
interface KeyStore {
  put(key: Buffer, value: Buffer): Promise<void>;
  /** Bytes of the value. */
  get(key: Buffer): number;
  /** Puts many, and waits once. */
  fill(count: number, value: Buffer): Promise<void>;
  close(): Promise<void>;
}

export async function measureEngine(report: Report, forMs: number): Promise<void> {
  const puts = {
    name: 'engine: durable puts, 50 writers',
    unit: '/s',
    goal: { oursAtLeast: 45_000 },
  };
  const gets = { name: 'engine: gets', unit: '/s', goal: { oursAtLeast: 250_000 } };
  const memory = { name: 'engine: memory a key', unit: 'B', goal: { oursAtMost: 60 } };
  if (report.isWanted(puts) || report.isWanted(gets)) {
    await inFolder((ourFolder) =>
      inFolder(async (theirFolder) => {
        const ours = await OurStore.open(ourFolder);
        const theirs = await LevelStore.open(theirFolder);
        for (const store of [ours, theirs]) await store.fill(KEYS, VALUE);
        await report.pairs(puts, {
          ours: () => putRate(ours, forMs),
          theirs: () => putRate(theirs, forMs),
        });
        await report.pairs(gets, {
          ours: () => Promise.resolve(getRate(ours, forMs)),
          theirs: () => Promise.resolve(getRate(theirs, forMs)),
        });
        await ours.close();
        await theirs.close();
      }),
    );
  }
  if (report.isWanted(memory))
    await inFolder(async (folder) => {
      const store = await OurStore.open(folder);
      await store.fill(MANY_KEYS, SMALL_VALUE);
      const { tableBytes, keys } = store.engine.stats();
      report.add({ ...memory, ours: [tableBytes / keys], theirs: [mapBytesPerKey()] });
      await store.close();
    });
}

/** Writers that each put one key after the other. */
async function putRate(store: KeyStore, forMs: number): Promise<number> {
  const endMs = performance.now() + forMs;
  let count = 0;
  const writer = async (number: number): Promise<void> => {
    for (let i = number; performance.now() < endMs; i += WRITERS) {
      await store.put(keyOf((i * 7919) % KEYS), VALUE);
      count++;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)));
  return (count * 1000) / forMs;
}

function getRate(store: KeyStore, forMs: number): number {
  const endMs = performance.now() + forMs;
  let count = 0;
  let bytes = 0;
  while (performance.now() < endMs) {
    for (let i = 0; i < 100; i++) bytes += store.get(keyOf((count++ * 7919) % KEYS));
  }
  if (bytes !== count * VALUE.length) throw new Error('a value is missing');
  return (count * 1000) / forMs;
}

function keyOf(number: number): Buffer {
  return Buffer.from(`key-${String(number).padStart(12, '0')}`, 'latin1');
}

/** As a storage node uses it: everything put in one turn shares a flush, and is committed when that is done. */
class OurStore implements KeyStore {
  readonly engine: Engine;
  readonly #clock: NodeClock;
  readonly #stores: readonly Store[];
  readonly #body = new BodyWriter();
  #turn: (() => void)[] = [];

  private constructor(engine: Engine, clock: NodeClock) {
    this.engine = engine;
    this.#clock = clock;
    this.#stores = Array.from({ length: PARTITIONS }, (_, partition) => engine.create(partition));
  }

  static async open(directory: string): Promise<OurStore> {
    const clock = new NodeClock();
    const platform = { disk: new NodeDisk(), clock, entropy: new NodeEntropy(), logger: SILENT };
    return new OurStore(await Engine.open({ platform, directory }), clock);
  }

  put(key: Buffer, value: Buffer): Promise<void> {
    const store = this.#storeOf(key);
    const seq = this.#append(store, key, value);
    return new Promise((resolve) => {
      if (this.#turn.length === 0) this.#clock.defer(() => this.#endTurn());
      this.#turn.push(() => {
        store.commit(seq);
        resolve();
      });
    });
  }

  get(key: Buffer): number {
    return this.#storeOf(key).get(key)?.value.length ?? 0;
  }

  async fill(count: number, value: Buffer): Promise<void> {
    for (let i = 0; i < count; i++) {
      const key = keyOf(i);
      const store = this.#storeOf(key);
      store.commit(this.#append(store, key, value));
      if (i % 1000 === 999) await this.#flush();
    }
    await this.#flush();
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  #storeOf(key: Buffer): Store {
    return this.#stores[key[key.length - 1]! % PARTITIONS]!;
  }

  #append(store: Store, key: Buffer, value: Buffer): number {
    const seq = store.lastSeq + 1;
    this.#body.clear();
    this.#body.put(key, value);
    store.append({ epoch: 1, seq, body: this.#body.view() });
    return seq;
  }

  #endTurn(): void {
    const turn = this.#turn;
    this.#turn = [];
    this.engine.flush((error) => {
      if (error !== null) throw error;
      for (const done of turn) done();
    });
  }

  #flush(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.engine.flush((error) => (error === null ? resolve() : reject(error))),
    );
  }
}

class LevelStore implements KeyStore {
  readonly #level: ClassicLevel<Buffer, Buffer>;

  private constructor(level: ClassicLevel<Buffer, Buffer>) {
    this.#level = level;
  }

  static async open(directory: string): Promise<LevelStore> {
    const level = new ClassicLevel<Buffer, Buffer>(directory, {
      keyEncoding: 'buffer',
      valueEncoding: 'buffer',
      compression: false,
    });
    await level.open();
    return new LevelStore(level);
  }

  put(key: Buffer, value: Buffer): Promise<void> {
    return this.#level.put(key, value, { sync: true });
  }

  get(key: Buffer): number {
    return this.#level.getSync(key)?.length ?? 0;
  }

  async fill(count: number, value: Buffer): Promise<void> {
    for (let from = 0; from < count; from += 1000) {
      await this.#level.batch(
        Array.from({ length: 1000 }, (_, i) => ({ type: 'put', key: keyOf(from + i), value })),
      );
    }
  }

  close(): Promise<void> {
    return this.#level.close();
  }
}

/** What the plain way takes: a Map from key to where it lies. */
function mapBytesPerKey(): number {
  const before = process.memoryUsage().heapUsed;
  const map = new Map<string, object>();
  for (let i = 0; i < MANY_KEYS; i++)
    map.set(keyOf(i).toString('latin1'), { segment: i, offset: i * 8, length: 100, seq: i });
  return (process.memoryUsage().heapUsed - before) / map.size;
}
