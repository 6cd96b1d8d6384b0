/**
 * The ring as the ensemble's tree tells of it: what everybody who decides, serves or shows something looks at.
 *
 * It stays as it was while the ensemble is away, and a record that cannot be read leaves the last one that could in its place:
 * whatever happens to the tree, nobody forgets who leads what.
 */
import type { NodeId } from '../ring/topology.ts';
import type { RebalanceRecord, RebalanceState } from './rebalance-records.ts';
import type {
  CandidateRecord,
  ControllerEpochRecord,
  ForceRecord,
  NodeRecord,
  PartitionState,
} from './records.ts';
import type { RingConfig } from './ring-config.ts';

/** A record, and the version of its znode: what a change must name to be made. */
export interface Versioned<T> {
  readonly value: T;
  readonly version: number;
  /** Wall time of the member of the ensemble that took the change. */
  readonly changedAtMs: number;
}

export interface Candidate extends CandidateRecord {
  /** Of its znode: the lowest decides. */
  readonly name: string;
  /** Sixteen hexadecimal digits: the session it ends with. */
  readonly session: string;
}

export interface RingView {
  /** Whether what stands here is being kept up with the ensemble; false: it is how things were then. */
  readonly isConnected: boolean;
  /** Null before there is a ring. */
  readonly config: Versioned<RingConfig> | null;
  readonly partitions: ReadonlyMap<number, Versioned<PartitionState>>;
  /** Those that are alive, as far as the ensemble knows. */
  readonly nodes: ReadonlyMap<NodeId, NodeRecord>;
  /** All that were ever here. */
  readonly members: ReadonlyMap<NodeId, NodeRecord>;
  /** The first one is the controller. */
  readonly candidates: readonly Candidate[];
  readonly controllerEpoch: Versioned<ControllerEpochRecord> | null;
  readonly forces: ReadonlyMap<number, Versioned<ForceRecord>>;
  /** The one that runs, or that ended last; null before the first. */
  readonly rebalance: Versioned<RebalanceState> | null;
  /** The newest that is known: of another name than the state's only for a moment. */
  readonly rebalanceRecord: RebalanceRecord | null;
  /** By path: what is wrong with a record there. The last one that could be read holds. */
  readonly problems: ReadonlyMap<string, string>;
}

/** What differs from what a listener was told before. */
export interface ViewChange {
  /** All was read anew, after a time in which changes may have been missed. */
  readonly isWhole: boolean;
  readonly isConnectionChanged: boolean;
  /** What is wanted, or how fast: the configuration, or the rebalance. */
  readonly isConfigChanged: boolean;
  readonly areNodesChanged: boolean;
  readonly partitions: readonly number[];
}

/** Which of the nodes runs the controller, null while nobody does. */
export function controllerOf(view: RingView): NodeId | null {
  return view.candidates[0]?.node ?? null;
}

/** Alive, and not with a folder of another ring. */
export function isUsable(view: RingView, id: NodeId): boolean {
  const node = view.nodes.get(id);
  if (node === undefined) return false;
  return node.ringId === null || node.ringId === view.config?.value.ringId;
}
