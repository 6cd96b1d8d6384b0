/**
 * Somebody who stands beside every node and writes down what is committed there.
 *
 *   I2 an epoch of a partition has one leader that commits     I3 at one place everybody commits the same
 */
import { crc32c } from '../../../src-server/bytes/checksum.ts';
import { PartitionStore } from '../../../src-server/storage/engine/partition-store.ts';
import type { Entry, Store } from '../../../src-server/storage/engine/store.ts';
import { Partition } from '../../../src-server/storage/partition.ts';
import { Failure } from '../failure.ts';
import type { Probes } from '../probes.ts';
import type { World } from '../world.ts';

/** What stands at a place. */
interface Mark {
  readonly epoch: number;
  readonly sum: number;
}

export class Witness {
  commits = 0;
  readonly #world: World;
  readonly #probes: Probes;
  /** By partition and place. */
  readonly #committed = new Map<number, Map<number, Mark>>();
  /** By partition and epoch: the process that leads it. */
  readonly #leaders = new Map<string, string>();
  readonly #appended = new WeakMap<Store, Map<number, Mark>>();

  constructor(world: World, probes: Probes) {
    this.#world = world;
    this.#probes = probes;
  }

  /** @returns how to leave again */
  attend(): () => void {
    const onAppend = (store: Store, entry: Entry): void => this.#onAppend(store, entry);
    const onCommit = (store: Store, before: number): void => this.#onCommit(store, before);
    const onLed = (partition: Partition): void => this.#onLed(partition);
    const { append, commit } = PartitionStore.prototype;
    const { onCommitted } = Partition.prototype;
    PartitionStore.prototype.append = function (entry): void {
      append.call(this, entry);
      onAppend(this, entry);
    };
    PartitionStore.prototype.commit = function (seq): void {
      const before = this.committedSeq;
      commit.call(this, seq);
      onCommit(this, before);
    };
    Partition.prototype.onCommitted = function (): void {
      onLed(this);
      onCommitted.call(this);
    };
    return () => {
      PartitionStore.prototype.append = append;
      PartitionStore.prototype.commit = commit;
      Partition.prototype.onCommitted = onCommitted;
    };
  }

  /** An operator has given up what was committed. */
  forget(): void {
    this.#committed.clear();
  }

  #onAppend(store: Store, { epoch, seq, body }: Entry): void {
    let marks = this.#appended.get(store);
    if (marks === undefined) this.#appended.set(store, (marks = new Map<number, Mark>()));
    marks.set(seq, { epoch, sum: crc32c(body, 0, body.length) });
  }

  #onCommit(store: Store, before: number): void {
    const { partition, committedSeq } = store;
    const marks = this.#appended.get(store);
    if (marks === undefined) return;
    let committed = this.#committed.get(partition);
    if (committed === undefined)
      this.#committed.set(partition, (committed = new Map<number, Mark>()));
    for (let seq = before + 1; seq <= committedSeq; seq++) {
      const mark = marks.get(seq);
      marks.delete(seq);
      if (mark === undefined) continue;
      const known = committed.get(seq);
      if (known === undefined) {
        committed.set(seq, mark);
        this.commits++;
      } else if (known.epoch !== mark.epoch || known.sum !== mark.sum) {
        const words = `${this.#who} commits ${mark.epoch}:${seq} of partition ${partition}`;
        this.#world.fail(
          new Failure('epochs', `${words}, where somebody else committed ${known.epoch}:${seq}`),
        );
      }
    }
  }

  #onLed({ number, replica }: Partition): void {
    if (replica.role !== 'leader') return;
    const key = `${number} ${replica.epoch}`;
    const known = this.#leaders.get(key);
    if (known === undefined) {
      this.#leaders.set(key, this.#who);
      this.#probes.hit('an epoch had a leader that committed');
    } else if (known !== this.#who) {
      const words = `epoch ${replica.epoch} of partition ${number}`;
      this.#world.fail(new Failure('epochs', `${words} is led by ${known} and by ${this.#who}`));
    }
  }

  /** A process, not only a node: another start is another leader. */
  get #who(): string {
    const { running } = this.#world;
    return running === null ? 'nobody' : `${running.name}#${running.id}`;
  }
}
