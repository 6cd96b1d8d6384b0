/** What a plan is made of: moves of one partition each, and steps in which several happen together. */
import type { NodeId } from './topology.ts';

export interface Move {
  readonly partition: number;
  /** Who takes a copy; null when only a copy or the lead is given up. */
  readonly to: NodeId | null;
  /** Who hands over; null for one copy more. */
  readonly from: NodeId | null;
  /** Who sends the copy: the leader, or whoever lives. */
  readonly source: NodeId | null;
  readonly bytes: number;
  readonly keys: number;
  /** Who leads from then on, when that changes. */
  readonly newLeader: NodeId | null;
}

export interface PlanStep {
  readonly moves: readonly Move[];
  readonly bytes: number;
  /** The most that one node takes or gives in this step: what its time depends on. */
  readonly busiestBytes: number;
}
