/**
 * Random histories of an engine beside a plain model of it, with crashes in between.
 *
 * The log has one order, so whatever a crash leaves is the state after some step of the history, for all partitions at once; and
 * that step is not before the last one that was reported durable.
 */
import { expect } from 'vitest';

import { Prng } from '../../../../../src-server/base/prng.ts';
import { readBody } from '../../../../../src-server/storage/engine/body.ts';
import type { EngineSettings } from '../../../../../src-server/storage/engine/engine.ts';
import type { Crash } from '../../../../sim/disk.ts';
import { FOLDER, Rig } from './rig.ts';

const PARTITIONS = 3;
const KEYS = 24;

interface ModelEntry {
  readonly epoch: number;
  readonly changes: Record<string, string | null>;
}

/** A partition as a list of entries over what a copy began with. */
interface ModelPartition {
  readonly base: Record<string, string>;
  readonly baseSeq: number;
  readonly baseEpoch: number;
  readonly entries: ModelEntry[];
  committedSeq: number;
}

function contents(
  { base, entries }: ModelPartition,
  count = entries.length,
): Record<string, string> {
  const keys = new Map(Object.entries(base));
  for (const { changes } of entries.slice(0, count)) {
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) keys.delete(key);
      else keys.set(key, value);
    }
  }
  return Object.fromEntries([...keys].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export interface HistoryOptions {
  readonly seed: number;
  readonly steps: number;
  readonly settings: Partial<EngineSettings>;
}

export class History {
  readonly #random: Prng;
  readonly #steps: number;
  #rig: Rig;
  readonly #model = new Map<number, ModelPartition>();
  /** What was seen after each step since the last one known to be durable; that one first. */
  #states: string[] = ['[]'];
  #models: Map<number, ModelPartition>[] = [new Map<number, ModelPartition>()];
  #flushed = 0;
  /** What the run has been through, so that a campaign can tell that it saw everything. */
  readonly seen = {
    crashes: 0,
    lost: 0,
    truncations: 0,
    installs: 0,
    compactions: 0,
    moved: 0,
    hints: 0,
    squeezes: 0,
  };

  private constructor(random: Prng, steps: number, rig: Rig) {
    this.#random = random;
    this.#steps = steps;
    this.#rig = rig;
  }

  static async run({ seed, steps, settings }: HistoryOptions): Promise<History['seen']> {
    const history = new History(new Prng(seed), steps, await Rig.open(settings));
    await history.#run();
    return history.seen;
  }

  async #run(): Promise<void> {
    for (let step = 0; step < this.#steps; step++) {
      const dice = this.#random.below(100);
      if (dice < 60) this.#append();
      else if (dice < 72) this.#commit();
      else if (dice < 75) this.#truncate();
      else if (dice < 76) this.#drop();
      else if (dice < 77) this.#install();
      else if (dice < 90) this.#flush();
      else if (dice < 97) this.#maintain();
      else if (dice < 99) await this.#crash();
      else if (this.#random.chance(0.5)) this.#squeeze();
      else this.#checkAll();
    }
    this.#makeRoom();
    this.#rig.flush();
    this.#checkAll();
    await this.#rig.close();
  }

  #pick(): [number, ModelPartition] {
    const partition = this.#random.below(PARTITIONS);
    const known = this.#model.get(partition);
    if (known !== undefined) return [partition, known];
    const made: ModelPartition = {
      base: {},
      baseSeq: 0,
      baseEpoch: 0,
      entries: [],
      committedSeq: 0,
    };
    this.#rig.engine.create(partition);
    this.#model.set(partition, made);
    this.#note();
    return [partition, made];
  }

  #append(): void {
    const [partition, model] = this.#pick();
    const changes: Record<string, string | null> = {};
    for (let i = this.#random.between(1, this.#random.chance(0.1) ? 6 : 1); i > 0; i--) {
      const key = `key-${this.#random.below(KEYS)}`;
      const length = this.#random.chance(0.05) ? 3000 : this.#random.below(120);
      changes[key] = this.#random.chance(0.25)
        ? null
        : `${this.#random.next()}`.padEnd(length, '.');
    }
    // No two entries look alike, so that what a crash leaves is one state only.
    if (Object.values(changes).every((value) => value === null))
      changes[`key-${KEYS}`] = `${this.#random.next()}`;
    const last = model.entries.at(-1)?.epoch ?? model.baseEpoch;
    const epoch = Math.max(1, last + (this.#random.chance(0.03) ? 1 : 0));
    this.#rig.put(changes, { partition, epoch });
    model.entries.push({ epoch, changes });
    this.#note();
  }

  #commit(): void {
    const [partition, model] = this.#pick();
    const last = model.baseSeq + model.entries.length;
    model.committedSeq = this.#random.between(model.committedSeq, last);
    this.#rig.engine.partition(partition)!.commit(model.committedSeq);
  }

  #truncate(): void {
    const [partition, model] = this.#pick();
    const last = model.baseSeq + model.entries.length;
    const seq = this.#random.between(Math.max(model.committedSeq, last - 8), last);
    this.#rig.engine.partition(partition)!.truncate(seq);
    model.entries.length = seq - model.baseSeq;
    this.seen.truncations++;
    this.#note();
  }

  #drop(): void {
    const [partition] = this.#pick();
    this.#rig.engine.drop(partition);
    this.#model.delete(partition);
    this.#note();
  }

  /** A copy of one partition becomes another, in pieces. */
  #install(): void {
    const [from, source] = this.#pick();
    const [to] = this.#pick();
    if (from === to) return;
    this.#makeRoom();
    const { engine } = this.#rig;
    const [origin, target] = [engine.partition(from)!, engine.partition(to)!];
    const { committedSeq } = source;
    const base = contents(source, committedSeq - source.baseSeq);
    const baseEpoch = source.entries[committedSeq - source.baseSeq - 1]?.epoch ?? source.baseEpoch;
    const epochs = this.#random.chance(0.5)
      ? origin.epochs.filter(({ startSeq }) => startSeq <= committedSeq)
      : [];
    target.beginInstall({ baseSeq: committedSeq, baseEpoch, epochs });
    let cursor = 0;
    do {
      const chunk = origin.copy(cursor, 400)!;
      expect(target.installChunk(chunk)).toBe(true);
      cursor = chunk.cursor;
      if (this.#random.chance(0.2)) this.#rig.maintain();
    } while (cursor !== 0);
    target.endInstall();
    this.#model.set(to, { base, baseSeq: committedSeq, baseEpoch, entries: [], committedSeq });
    this.seen.installs++;
    // What lies within an installation is a state of its own, which the model has no word for: it becomes durable as a whole.
    this.#flush(true);
  }

  #flush(isSettled = this.#random.chance(0.7)): void {
    this.#note();
    const upTo = this.#flushed + this.#states.length - 1;
    this.#rig.engine.flush((error) => {
      expect(error).toBeNull();
      const done = upTo - this.#flushed;
      this.#states = this.#states.slice(done);
      this.#models = this.#models.slice(done);
      this.#flushed = upTo;
    });
    if (isSettled) this.#rig.clock.settle();
    else this.#rig.clock.turn();
  }

  #maintain(): void {
    const before = this.#rig.engine.stats();
    if (this.#random.chance(0.3)) this.#rig.clock.advance(this.#random.below(20_000));
    else this.#rig.maintain();
    if (this.#rig.engine.stats().logBytes < before.logBytes) this.seen.compactions++;
    this.seen.moved += this.#rig.engine.stats().movedBytes - before.movedBytes;
    this.seen.hints = Math.max(
      this.seen.hints,
      this.#rig.disk.list(FOLDER).filter(({ name }) => name.startsWith('hint-')).length,
    );
  }

  /** The disk is nearly full for a while, or no longer. */
  #squeeze(): void {
    const { disk } = this.#rig;
    const isOver = this.#random.chance(0.5);
    disk.capacityBytes = isOver ? 1e9 : disk.usedBytes + this.#random.below(30_000);
    this.seen.squeezes++;
  }

  /** And what found none is tried again. */
  #makeRoom(): void {
    this.#rig.disk.capacityBytes = 1e9;
    this.#rig.clock.advance(1000);
  }

  async #crash(): Promise<void> {
    const random = this.#random;
    const losesPower = random.chance(0.7);
    const keeps = random.below(101) / 100;
    const crash: Crash = {
      keepsSector: () => random.chance(keeps),
      size: (_path, durable, latest) => random.between(durable, latest),
      changesKept: (_directory, changes) => random.between(0, changes),
    };
    this.#rig = await this.#rig.reopened(losesPower ? crash : undefined);
    this.seen.crashes++;
    expect(this.#rig.damages).toEqual([]);
    const found = this.#found();
    const step = this.#states.lastIndexOf(found);
    if (step < 0) expect(found).toBe(this.#states.at(-1));
    if (step < this.#states.length - 1) this.seen.lost++;
    this.#model.clear();
    for (const [partition, model] of this.#models[step]!)
      this.#model.set(partition, { ...model, entries: [...model.entries] });
    // What was committed is known again as far as the log tells, at least as far as it does not say too much.
    for (const [partition, model] of this.#model) {
      const store = this.#rig.engine.partition(partition)!;
      model.committedSeq = store.committedSeq;
    }
    this.#states = [found];
    this.#models = [copyOf(this.#model)];
    this.#flushed = 0;
  }

  #note(): void {
    this.#states.push(this.#expected());
    this.#models.push(copyOf(this.#model));
  }

  #expected(): string {
    const partitions = [...this.#model].sort(([a], [b]) => a - b);
    return JSON.stringify(
      partitions.map(([partition, model]) => [
        partition,
        model.baseSeq + model.entries.length,
        model.entries.at(-1)?.epoch ?? model.baseEpoch,
        contents(model),
      ]),
    );
  }

  #found(): string {
    const { engine } = this.#rig;
    return JSON.stringify(
      engine.partitions().map((partition) => {
        const store = engine.partition(partition)!;
        return [partition, store.lastSeq, store.lastEpoch, this.#rig.all(partition)];
      }),
    );
  }

  #checkAll(): void {
    expect(this.#found()).toBe(this.#expected());
    const { engine } = this.#rig;
    for (const [partition, model] of this.#model) {
      const store = engine.partition(partition)!;
      const last = model.baseSeq + model.entries.length;
      const from = Math.max(model.baseSeq + 1, last - 3);
      const read = store.read(from, 1e9);
      if (read !== 'gone') expect(read.map(({ seq }) => seq)).toEqual(range(from, last));
      expect(copied(store)).toEqual(contents(model, model.committedSeq - model.baseSeq));
      expect(store.count).toBe(Object.keys(contents(model)).length);
      for (let i = 0; i <= KEYS; i++) {
        const key = `key-${i}`;
        const at = model.entries.findLastIndex(({ changes }) => key in changes);
        const seq = model.baseSeq + at + 1;
        const pending = at >= 0 && seq > model.committedSeq ? seq : 0;
        expect(store.pendingSeq(Buffer.from(key))).toBe(pending);
      }
    }
  }
}

function copied(store: ReturnType<Rig['store']>): Record<string, string> {
  const found: Record<string, string> = {};
  let cursor = 0;
  do {
    const chunk = store.copy(cursor, 300)!;
    readBody(chunk.bytes, {
      put: (key, value) => (found[Buffer.from(key).toString()] = Buffer.from(value).toString()),
      delete: () => expect.unreachable('a copy holds no deletions'),
    });
    cursor = chunk.cursor;
  } while (cursor !== 0);
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function copyOf(model: ReadonlyMap<number, ModelPartition>): Map<number, ModelPartition> {
  return new Map(
    [...model].map(([partition, one]) => [partition, { ...one, entries: [...one.entries] }]),
  );
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
