/**
 * The one view of the ring that a process keeps: records go in as they are read, listeners hear what became different.
 *
 * It outlives sessions. What is missing after a gap, or cannot be read, is told as a problem and takes nothing away but what may
 * go by itself: nodes that are dead, candidates, orders that were carried out.
 */
import type { Result } from '../../base/result.ts';
import type { NodeId } from '../ring/topology.ts';
import type { Place, RingPaths } from './paths.ts';
import {
  numberOfRebalance,
  parseRebalance,
  parseRebalanceState,
  type RebalanceRecord,
  type RebalanceState,
} from './rebalance-records.ts';
import {
  type ControllerEpochRecord,
  type ForceRecord,
  type NodeRecord,
  parseCandidate,
  parseControllerEpoch,
  parseForce,
  parseNode,
  parsePartition,
  type PartitionState,
} from './records.ts';
import { parseConfig, type RingConfig } from './ring-config.ts';
import type { Candidate, RingView, Versioned, ViewChange } from './view.ts';

/** A znode as it was read. */
export interface Znode {
  readonly text: string;
  readonly version: number;
  readonly createdZxid: number;
  /** Of its last change: an answer that is late does not undo a later one. */
  readonly zxid: number;
  readonly changedAtMs: number;
  /** The session it ends with; sixteen zeros for one that lasts. */
  readonly session: string;
}

export type ViewListener = (change: ViewChange) => void;

const GONE = 'somebody deleted it: what it said last still holds';

export class KeptView implements RingView {
  readonly #paths: RingPaths;
  readonly #listeners = new Set<ViewListener>();
  readonly #partitions = new Map<number, Versioned<PartitionState>>();
  readonly #nodes = new Map<NodeId, NodeRecord>();
  readonly #members = new Map<NodeId, NodeRecord>();
  readonly #forces = new Map<number, Versioned<ForceRecord>>();
  readonly #problems = new Map<string, string>();
  readonly #zxids = new Map<string, number>();
  readonly #changedPartitions = new Set<number>();
  #candidates: Candidate[] = [];
  #config: Versioned<RingConfig> | null = null;
  #controllerEpoch: Versioned<ControllerEpochRecord> | null = null;
  #rebalance: Versioned<RebalanceState> | null = null;
  #rebalanceRecord: RebalanceRecord | null = null;
  #isConnected = false;
  #change = NO_CHANGE;
  #isChanged = false;

  constructor(paths: RingPaths) {
    this.#paths = paths;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get config(): Versioned<RingConfig> | null {
    return this.#config;
  }

  get partitions(): ReadonlyMap<number, Versioned<PartitionState>> {
    return this.#partitions;
  }

  get nodes(): ReadonlyMap<NodeId, NodeRecord> {
    return this.#nodes;
  }

  get members(): ReadonlyMap<NodeId, NodeRecord> {
    return this.#members;
  }

  get candidates(): readonly Candidate[] {
    return this.#candidates;
  }

  get controllerEpoch(): Versioned<ControllerEpochRecord> | null {
    return this.#controllerEpoch;
  }

  get forces(): ReadonlyMap<number, Versioned<ForceRecord>> {
    return this.#forces;
  }

  get rebalance(): Versioned<RebalanceState> | null {
    return this.#rebalance;
  }

  get rebalanceRecord(): RebalanceRecord | null {
    return this.#rebalanceRecord;
  }

  get problems(): ReadonlyMap<string, string> {
    return this.#problems;
  }

  /** @returns how to stop listening */
  onChange(listener: ViewListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tells the listeners what has changed since they were told last. */
  tell(): void {
    if (!this.#isChanged) return;
    const change = { ...this.#change, partitions: [...this.#changedPartitions] };
    this.#change = NO_CHANGE;
    this.#isChanged = false;
    this.#changedPartitions.clear();
    for (const listener of [...this.#listeners]) listener(change);
  }

  setConnected(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    this.#note({ isConnectionChanged: true });
  }

  /** Everything there is, after a time in which changes may have been missed. */
  renew(znodes: ReadonlyMap<string, Znode>): void {
    for (const path of this.#zxids.keys()) if (!znodes.has(path)) this.take(path, null);
    for (const [path, znode] of znodes) this.take(path, znode);
    this.#note({ isWhole: true });
  }

  /** One znode as it is now; null when it is not there. */
  take(path: string, znode: Znode | null): void {
    const place = this.#paths.placeOf(path);
    if (place === null || place.kind === 'history') return;
    const known = this.#zxids.get(path);
    if (znode === null) {
      if (known === undefined) return;
      this.#zxids.delete(path);
      this.#remove(path, place);
    } else if (known === undefined || znode.zxid > known) {
      this.#zxids.set(path, znode.zxid);
      this.#put(path, place, znode);
    }
  }

  /** Somebody keeps this session from reading it. */
  refuse(path: string, why: string): void {
    this.#problem(path, why);
  }

  #put(path: string, place: Place, znode: Znode): void {
    switch (place.kind) {
      case 'config':
        this.#believe(path, znode, parseConfig, (config) => {
          this.#forgetOtherRing(config.value, znode.createdZxid);
          this.#config = config;
          this.#note({ isConfigChanged: true });
        });
        return;
      case 'controller-epoch':
        this.#believe(path, znode, parseControllerEpoch, (epoch) => {
          this.#controllerEpoch = epoch;
        });
        return;
      case 'rebalance':
        this.#believe(path, znode, parseRebalanceState, (rebalance) => {
          this.#rebalance = rebalance;
          this.#note({ isConfigChanged: true });
        });
        return;
      case 'rebalance-record':
        this.#believe(path, znode, parseRebalance, ({ value }) => {
          const known = this.#rebalanceRecord;
          if (known !== null && numberOfRebalance(known.name) > numberOfRebalance(value.name))
            return;
          this.#rebalanceRecord = value;
          this.#note({ isConfigChanged: true });
        });
        return;
      case 'partition':
        this.#believe(path, znode, parsePartition, (state) => {
          this.#partitions.set(place.partition, state);
          this.#changedPartitions.add(place.partition);
        });
        return;
      case 'force':
        this.#believe(path, znode, parseForce, (force) => {
          this.#forces.set(place.partition, force);
        });
        return;
      case 'node':
        this.#believe(path, znode, parseNode, ({ value }) => {
          this.#nodes.set(place.id, value);
          this.#note({ areNodesChanged: true });
        });
        return;
      case 'member':
        this.#believe(path, znode, parseNode, ({ value }) => {
          this.#members.set(place.id, value);
          this.#note({ areNodesChanged: true });
        });
        return;
      case 'candidate':
        this.#believe(path, znode, parseCandidate, ({ value }) => {
          const others = this.#candidates.filter(({ name }) => name !== place.name);
          const candidate = { name: place.name, ...value, session: znode.session };
          this.#candidates = [...others, candidate].sort(bySequence);
        });
        return;
      case 'history':
        return;
    }
  }

  #believe<T>(
    path: string,
    { text, version, changedAtMs }: Znode,
    parse: (text: string) => Result<T, string>,
    keep: (record: Versioned<T>) => void,
  ): void {
    const parsed = parse(text);
    if (parsed.ok) keep({ value: parsed.value, version, changedAtMs });
    this.#problem(path, parsed.ok ? null : parsed.error);
    this.#note({});
  }

  /** Another ring in the same place has nothing to do with the partitions of the one before. */
  #forgetOtherRing(config: RingConfig, createdZxid: number): void {
    if (this.#config === null || this.#config.value.ringId === config.ringId) return;
    for (const partition of this.#partitions.keys()) {
      const path = this.#paths.partition(partition);
      if ((this.#zxids.get(path) ?? 0) > createdZxid) continue;
      this.#zxids.delete(path);
      this.#partitions.delete(partition);
      this.#changedPartitions.add(partition);
      this.#problem(path, null);
    }
  }

  #remove(path: string, place: Place): void {
    switch (place.kind) {
      case 'config':
      case 'partition':
      case 'controller-epoch':
      case 'rebalance':
        this.#problem(path, GONE);
        return;
      case 'rebalance-record':
        // The oldest go when there are many; the one that counts was read.
        return;
      case 'force':
        this.#forces.delete(place.partition);
        break;
      case 'node':
        this.#nodes.delete(place.id);
        break;
      case 'member':
        this.#members.delete(place.id);
        break;
      case 'candidate':
        this.#candidates = this.#candidates.filter(({ name }) => name !== place.name);
        break;
      case 'history':
        return;
    }
    this.#problem(path, null);
    this.#note({ areNodesChanged: place.kind === 'node' || place.kind === 'member' });
  }

  #problem(path: string, why: string | null): void {
    if ((this.#problems.get(path) ?? null) === why) return;
    if (why === null) this.#problems.delete(path);
    else this.#problems.set(path, why);
    this.#note({});
  }

  #note(change: Partial<ViewChange>): void {
    this.#isChanged = true;
    const { isWhole, isConnectionChanged, isConfigChanged, areNodesChanged } = this.#change;
    this.#change = {
      isWhole: isWhole || change.isWhole === true,
      isConnectionChanged: isConnectionChanged || change.isConnectionChanged === true,
      isConfigChanged: isConfigChanged || change.isConfigChanged === true,
      areNodesChanged: areNodesChanged || change.areNodesChanged === true,
      partitions: [],
    };
  }
}

const NO_CHANGE: ViewChange = {
  isWhole: false,
  isConnectionChanged: false,
  isConfigChanged: false,
  areNodesChanged: false,
  partitions: [],
};

/** Candidates decide in the order in which they came: by the number behind the hyphen. */
function bySequence(a: Candidate, b: Candidate): number {
  return sequenceOf(a.name) - sequenceOf(b.name);
}

function sequenceOf(name: string): number {
  return Number(name.slice(name.lastIndexOf('-') + 1));
}
