/** An engine on a simulated disk, with the few words that tests of it need. */
import { Prng } from '../../../../../src-server/base/prng.ts';
import { SILENT } from '../../../../../src-server/platform/logger.ts';
import { BodyWriter } from '../../../../../src-server/storage/engine/body.ts';
import {
  type Damage,
  Engine,
  type EngineSettings,
  type Store,
} from '../../../../../src-server/storage/engine/engine.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { type Crash, SimDisk } from '../../../../sim/disk.ts';

export const FOLDER = '/data';

/** Small, so that a test sees many segments. */
export const SMALL: Partial<EngineSettings> = { segmentBytes: 8192, reserveBytes: 0 };

export class Rig {
  readonly clock: SimClock;
  readonly disk: SimDisk;
  readonly engine: Engine;
  readonly damages: Damage[];
  readonly #settings: Partial<EngineSettings>;
  readonly #writer = new BodyWriter();

  private constructor(
    disk: SimDisk,
    clock: SimClock,
    engine: Engine,
    damages: Damage[],
    settings: Partial<EngineSettings>,
  ) {
    this.disk = disk;
    this.clock = clock;
    this.engine = engine;
    this.damages = damages;
    this.#settings = settings;
  }

  static async open(
    settings: Partial<EngineSettings> = SMALL,
    clock = new SimClock(),
    disk = new SimDisk({ clock }),
  ): Promise<Rig> {
    const damages: Damage[] = [];
    const random = new Prng(1);
    const opening = Engine.open({
      platform: {
        disk,
        clock,
        logger: SILENT,
        entropy: {
          bytes: (count) => Uint8Array.from({ length: count }, () => random.below(256)),
          uint32: () => random.next(),
        },
      },
      directory: FOLDER,
      settings,
      onDamage: (damage) => damages.push(damage),
    });
    let isOpening = true;
    const ended = (): void => {
      isOpening = false;
    };
    opening.then(ended, ended);
    // What is opened is durable before anybody is told of it.
    while (isOpening) {
      await Promise.resolve();
      clock.settle();
    }
    const engine = await opening;
    return new Rig(disk, clock, engine, damages, settings);
  }

  /** The next process, on what this one left: everything written, or what a crash leaves of it. */
  async reopened(crash?: Crash): Promise<Rig> {
    const clock = new SimClock({ nowMs: this.clock.nowMs() });
    const disk =
      crash === undefined ? this.disk.copy({ clock }) : this.disk.afterCrash(crash, { clock });
    return Rig.open(this.#settings, clock, disk);
  }

  store(partition = 1): Store {
    return this.engine.partition(partition) ?? this.engine.create(partition);
  }

  /** Appends one entry that puts these keys; null deletes. */
  put(
    changes: Record<string, string | null>,
    { partition = 1, epoch = 1, expiresAtMs = 0 } = {},
  ): number {
    const store = this.store(partition);
    const writer = this.#writer;
    writer.clear();
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) writer.delete(Buffer.from(key));
      else writer.put(Buffer.from(key), Buffer.from(value), expiresAtMs);
    }
    const seq = store.lastSeq + 1;
    store.append({ epoch, seq, body: writer.view() });
    return seq;
  }

  get(key: string, partition = 1): string | null {
    const found = this.engine.partition(partition)?.get(Buffer.from(key)) ?? null;
    return found === null ? null : Buffer.from(found.value).toString();
  }

  /** Everything, sorted by key. */
  all(partition = 1): Record<string, string> {
    const store = this.engine.partition(partition);
    const found: [string, string][] = [];
    let cursor = 0;
    do {
      const scan = store?.scan(cursor, 7) ?? { cursor: 0, keys: [] };
      for (const key of scan.keys)
        found.push([
          Buffer.from(key).toString(),
          this.get(Buffer.from(key).toString(), partition)!,
        ]);
      cursor = scan.cursor;
    } while (cursor !== 0);
    return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Ends the turn and waits until everything is durable. */
  flush(): Error | null | undefined {
    let outcome: Error | null | undefined;
    this.engine.flush((error) => (outcome = error));
    this.clock.settle();
    return outcome;
  }

  async close(): Promise<void> {
    const closed = this.engine.close();
    this.clock.settle();
    await closed;
  }

  /** Lets compaction, hints and scrub do all there is to do now. */
  maintain(): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      const isBusy = this.engine.maintain(1000);
      this.clock.settle();
      if (!isBusy) return;
    }
    throw new Error('maintenance does not end');
  }
}
