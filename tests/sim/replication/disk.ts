/** The disk of a node: one sequence of operations on all its partitions, of which a crash leaves what was synced, and maybe more. */
import type { Prng } from '../../../src-server/base/prng.ts';
import { SimStore, type StoreOperation } from './store.ts';

interface Operation {
  readonly partition: number;
  /** Null: the store is dropped. */
  readonly change: StoreOperation | { readonly kind: 'create' } | null;
}

type Stores = Map<number, SimStore>;

export class SimDisk {
  /** As the process sees it. */
  #live: Stores = new Map();
  /** As a power failure would leave it. */
  readonly durable: Stores = new Map();
  readonly #unsynced: Operation[] = [];
  #done = 0;

  get(partition: number): SimStore | null {
    return this.#live.get(partition) ?? null;
  }

  get partitions(): number[] {
    return [...this.#live.keys()];
  }

  change(partition: number, change: Operation['change']): void {
    const operation = { partition, change };
    carryOut(this.#live, operation);
    this.#unsynced.push(operation);
  }

  /** How many operations there have been. */
  get mark(): number {
    return this.#done + this.#unsynced.length;
  }

  /** A sync that began then has ended. */
  onSynced(mark: number): void {
    const count = mark - this.#done;
    if (count <= 0) return;
    for (const operation of this.#unsynced.splice(0, count)) carryOut(this.durable, operation);
    this.#done = mark;
  }

  /** What was not synced is gone, but for a beginning of it; what is left is read, and synced. */
  crash(prng: Prng): void {
    const survives = prng.chance(0.5) ? 0 : prng.below(this.#unsynced.length + 1);
    this.onSynced(this.#done + survives);
    this.#unsynced.length = 0;
    this.#live = new Map();
    for (const [partition, store] of this.durable) this.#live.set(partition, copyOf(store));
  }
}

function carryOut(stores: Stores, { partition, change }: Operation): void {
  if (change === null) stores.delete(partition);
  else if (change.kind === 'create') stores.set(partition, new SimStore());
  else stores.get(partition)!.apply(change);
}

function copyOf(store: SimStore): SimStore {
  const copy = new SimStore();
  copy.entries = [...store.entries];
  copy.baseSeq = store.baseSeq;
  copy.committedSeq = store.committedSeq;
  copy.epochs = [...store.epochs];
  copy.installing = store.installing;
  for (const [key, id] of store.keys) copy.keys.set(key, id);
  return copy;
}
