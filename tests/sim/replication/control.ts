/**
 * The ensemble and the ring's controller, as a model: the records of partitions with their versions, who is alive, and somebody
 * who elects leaders, hands over, and replaces replicas. Each write names the version it was decided at.
 */
import { assert } from '../../../src-server/base/assert.ts';
import type { Prng } from '../../../src-server/base/prng.ts';
import type { PartitionState } from '../../../src-server/storage/replication/events.ts';
import type { InSyncChange } from '../../../src-server/storage/replication/in-sync.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import type { Agenda } from '../zab/agenda.ts';

export interface Znode {
  readonly state: PartitionState;
  readonly version: number;
}

export interface ControlListener {
  onRecord(partition: number, znode: Znode): void;
}

interface Registered {
  readonly incarnation: number;
  readonly listener: ControlListener;
  isReachable: boolean;
  /** Null while its session lives. */
  goneSinceMs: number | null;
  /** What it was told last, by partition. */
  readonly told: Map<number, number>;
}

export const SESSION_MS = 4000;
const REPLICAS = 3;

export class SimControl {
  readonly #agenda: Agenda;
  readonly #prng: Prng;
  readonly #znodes = new Map<number, Znode>();
  readonly #nodes = new Map<NodeId, Registered>();
  readonly #wanted = new Map<number, { readonly version: number; readonly why: string }>();
  readonly #onChange: (partition: number, before: Znode | null, znode: Znode) => void;
  /** The whole ensemble. */
  isUp = true;
  /** Nothing is moved, and leaders are only changed where there is none. */
  isCalm = false;
  answersLost = 0;

  constructor(parts: {
    readonly agenda: Agenda;
    readonly prng: Prng;
    readonly onChange: (partition: number, before: Znode | null, znode: Znode) => void;
  }) {
    this.#agenda = parts.agenda;
    this.#prng = parts.prng;
    this.#onChange = parts.onChange;
  }

  form(partition: number, replicas: readonly NodeId[]): void {
    const leader = replicas[0]!;
    const { incarnation } = this.#nodes.get(leader)!;
    const led = { epoch: 1, leader, leaderIncarnation: incarnation, forcedEpoch: 0 };
    const state = { ...led, inSync: replicas, replicas, learners: [] };
    this.#write(partition, { state, version: 0 });
  }

  get partitions(): ReadonlyMap<number, Znode> {
    return this.#znodes;
  }

  isReachable(node: NodeId): boolean {
    return this.isUp && this.#nodes.get(node)?.isReachable === true;
  }

  // --- sessions ---

  register(node: NodeId, incarnation: number, listener: ControlListener): void {
    const isReachable = this.#nodes.get(node)?.isReachable ?? true;
    const told = new Map<number, number>();
    this.#nodes.set(node, { incarnation, listener, isReachable, goneSinceMs: null, told });
    this.#tellAll(node);
  }

  /** Its process has ended; its session lives on for a while. */
  onProcessEnd(node: NodeId): void {
    const registered = this.#nodes.get(node)!;
    registered.goneSinceMs ??= this.#agenda.nowMs;
  }

  setReachable(node: NodeId, isReachable: boolean): void {
    const registered = this.#nodes.get(node);
    if (registered === undefined || registered.isReachable === isReachable) return;
    registered.isReachable = isReachable;
    registered.goneSinceMs = isReachable ? null : this.#agenda.nowMs;
    if (isReachable) this.#tellAll(node);
  }

  setUp(isUp: boolean): void {
    this.isUp = isUp;
    if (!isUp) return;
    for (const node of this.#nodes.keys()) this.#tellAll(node);
  }

  #isAlive(node: NodeId): boolean {
    const registered = this.#nodes.get(node);
    if (registered === undefined) return false;
    const { goneSinceMs } = registered;
    return goneSinceMs === null || this.#agenda.nowMs - goneSinceMs < SESSION_MS;
  }

  // --- records ---

  #write(partition: number, znode: Znode): void {
    const before = this.#znodes.get(partition) ?? null;
    this.#znodes.set(partition, znode);
    this.#onChange(partition, before, znode);
    for (const node of this.#nodes.keys()) this.#tell(node, partition);
  }

  #tellAll(node: NodeId): void {
    for (const partition of this.#znodes.keys()) this.#tell(node, partition);
  }

  #tell(node: NodeId, partition: number): void {
    const registered = this.#nodes.get(node)!;
    this.#agenda.after(this.#prng.between(1, this.#prng.chance(0.1) ? 400 : 20), () => {
      if (!this.isReachable(node) || this.#nodes.get(node) !== registered) return;
      const znode = this.#znodes.get(partition)!;
      if ((registered.told.get(partition) ?? -1) >= znode.version) return;
      registered.told.set(partition, znode.version);
      registered.listener.onRecord(partition, znode);
    });
  }

  /** A leader's change. It may be made although nobody learns of it, also after who asked has ended. */
  changeInSync(
    node: NodeId,
    partition: number,
    change: InSyncChange,
    answer: (outcome: 'changed' | 'conflict' | 'lost') => void,
  ): void {
    const leavesMs = this.#prng.between(1, this.#prng.chance(0.1) ? 600 : 10);
    const isLost = this.#prng.chance(0.1);
    const arrives = this.isReachable(node);
    this.#agenda.after(leavesMs, () => {
      if (!arrives || !this.isUp) {
        this.#agenda.after(300, () => answer('lost'));
        return;
      }
      const { state, version } = this.#znodes.get(partition)!;
      const isFresh = version === change.expectedVersion;
      if (isFresh) {
        const { inSync, learners } = change;
        const replicas = [...new Set([...state.replicas, ...inSync])];
        this.#write(partition, {
          state: { ...state, inSync, learners, replicas },
          version: version + 1,
        });
      }
      const outcome = isLost ? 'lost' : isFresh ? 'changed' : 'conflict';
      if (isLost) this.answersLost++;
      this.#agenda.after(isLost ? 300 : this.#prng.between(1, 10), () => answer(outcome));
    });
  }

  /** A leader says that it cannot be one. */
  wantEpoch(node: NodeId, partition: number, expectedVersion: number, why: string): void {
    if (!this.isReachable(node)) return;
    this.#agenda.after(this.#prng.between(1, 20), () => {
      const { state, version } = this.#znodes.get(partition)!;
      if (state.leader === node) this.#wanted.set(partition, { version: expectedVersion, why });
      const inSync = state.inSync.filter((id) => id !== node);
      if (!this.isUp || state.leader === node || version !== expectedVersion) return;
      if (inSync.length > 0)
        this.#write(partition, { state: { ...state, inSync }, version: version + 1 });
    });
  }

  // --- the controller ---

  start(): void {
    this.#agenda.after(this.#prng.between(100, 300), () => {
      if (this.isUp) for (const partition of this.#znodes.keys()) this.#decide(partition);
      this.start();
    });
  }

  #decide(partition: number): void {
    const seen = this.#znodes.get(partition)!;
    const state = this.#next(partition, seen);
    if (state === null) return;
    // Between the decision and the write others write.
    this.#agenda.after(this.#prng.between(1, 30), () => {
      if (this.isUp && this.#znodes.get(partition)!.version === seen.version) {
        this.#write(partition, { state, version: seen.version + 1 });
      }
    });
  }

  #next(partition: number, { state, version }: Znode): PartitionState | null {
    const { leader } = state;
    const wanted = this.#wanted.get(partition);
    const isWanted = wanted?.version === version;
    const isStranger =
      leader !== null && this.#nodes.get(leader)!.incarnation !== state.leaderIncarnation;
    if (leader === null || !this.#isAlive(leader) || isStranger || isWanted) {
      return this.#elect(state, isWanted && wanted.why === 'unfit' ? leader : null);
    }
    if (this.isCalm) return null;
    if (this.#prng.chance(0.04)) return this.#elect(state, leader);
    return this.#prng.chance(0.1) ? this.#move(state) : null;
  }

  /** Another one leads from now on, if there is one, and who led is not in sync any more. */
  handOver(partition: number): void {
    const { state, version } = this.#znodes.get(partition)!;
    const next = this.#elect(state, state.leader);
    if (next === null || !this.isUp) return;
    const inSync = next.inSync.filter((node) => node !== state.leader);
    this.#write(partition, { state: { ...next, inSync }, version: version + 1 });
  }

  #elect(state: PartitionState, not: NodeId | null): PartitionState | null {
    const able = state.inSync.filter((node) => node !== not && this.#isAlive(node));
    if (able.length === 0) return null;
    const leader = this.#prng.pick(able);
    const leaderIncarnation = this.#nodes.get(leader)!.incarnation;
    const isThorough = this.#prng.chance(0.5);
    const inSync = isThorough ? state.inSync.filter((node) => this.#isAlive(node)) : state.inSync;
    return { ...state, epoch: state.epoch + 1, leader, leaderIncarnation, inSync };
  }

  /** Adds a learner, or drops a replica that is one too many. */
  #move(state: PartitionState): PartitionState | null {
    const { replicas, learners, inSync, leader } = state;
    if (learners.length > 0 && this.#prng.chance(0.1)) return { ...state, learners: [] };
    if (replicas.length + learners.length <= REPLICAS) {
      const others = [...this.#nodes.keys()].filter(
        (node) => !replicas.includes(node) && !learners.includes(node) && this.#isAlive(node),
      );
      return others.length === 0
        ? null
        : { ...state, learners: [...learners, this.#prng.pick(others)] };
    }
    if (replicas.length <= REPLICAS || inSync.length < REPLICAS) return null;
    const dropped = this.#prng.pick(replicas.filter((node) => node !== leader));
    const without = (nodes: readonly NodeId[]): NodeId[] =>
      nodes.filter((node) => node !== dropped);
    const next = { ...state, replicas: without(replicas), inSync: without(inSync) };
    assert(next.inSync.length > 0, 'a controller leaves somebody in sync');
    return next;
  }
}
