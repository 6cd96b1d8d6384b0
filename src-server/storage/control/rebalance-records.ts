/**
 * What the znodes of a rebalance hold: the record, which never changes, and the state, which says how far it is.
 *
 *   running ⇄ paused              copies are made, and taken in; leaders move once
 *      └─▶ settling ─▶ done       everything is where it should be, and digests of all copies are compared
 *      └─▶ cancelled              what was moved stays, what was not is left as it is
 *   undone                        as done, towards the placement before
 *   failed                        copies of a partition differ: somebody has to look
 *
 * Both are written together with the placement they are about, in one transaction, so any controller finds out from them what is
 * left to do. What a closed rebalance moved away is kept until `graceUntilMs`.
 */
import type { Result } from '../../base/result.ts';
import type { Edit } from '../ring/edits.ts';
import type { NodeId } from '../ring/topology.ts';
import { readEdit } from './edit-text.ts';
import { type Fields, formatRecord, parseRecord } from './fields.ts';
import { formatPlacement, type Placement, readPlacement, whyImpossible } from './placement-text.ts';

// --- rebalances/b-<n> ---

/** An operator's rebalance, as it was decided upon. */
export interface RebalanceRecord {
  /** `b-` and a number. */
  readonly name: string;
  readonly before: Placement & { readonly version: number };
  readonly after: Placement;
  readonly edits: readonly Edit[];
  readonly by: string;
  readonly why: string;
  /** Wall time. */
  readonly atMs: number;
  readonly planned: PlannedFigures;
}

/** What the operator was shown. */
export interface PlannedFigures {
  readonly bytes: number;
  readonly keys: number;
  readonly movedReplicas: number;
  /** The least that any plan could have moved. */
  readonly leastReplicas: number;
  readonly leastBytes: number;
  readonly leadersChanged: number;
  readonly crossZoneBytes: number;
  /** Null where nobody could say. */
  readonly estimateMs: number | null;
  /** How far the estimate may be off, to either side. */
  readonly errorMs: number | null;
  readonly pairs: readonly PlannedPair[];
  readonly peaks: readonly PlannedPeak[];
  /** Number of steps. */
  readonly steps: number;
  /** In the order of the steps, and in each of them the most urgent first. */
  readonly moves: readonly PlannedMove[];
}

/** What goes from one node to another over the network. */
export interface PlannedPair {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytes: number;
  readonly partitions: number;
}

/** The most that a node holds at any time. */
export interface PlannedPeak {
  readonly node: NodeId;
  readonly bytes: number;
  readonly capBytes: number | null;
}

export interface PlannedMove {
  readonly step: number;
  readonly partition: number;
  /** Who takes a copy; null where only one is given up, or the lead alone. */
  readonly to: NodeId | null;
  /** Who hands over; null for one copy more. */
  readonly from: NodeId | null;
  /** Who sends it, as the plan has it. */
  readonly source: NodeId | null;
  readonly bytes: number;
}

export function formatRebalance(record: RebalanceRecord): string {
  const { name, before, after, edits, by, why, atMs, planned } = record;
  const { moves, ...figures } = planned;
  const nodes = [...new Set(moves.flatMap(({ to, from, source }) => [to, from, source]))]
    .filter((id) => id !== null)
    .sort();
  const place = (id: NodeId | null): number => (id === null ? -1 : nodes.indexOf(id));
  return formatRecord({
    name,
    before: { version: before.version, ...formatPlacement(before) },
    after: formatPlacement(after),
    edits,
    by,
    why,
    atMs,
    planned: {
      ...figures,
      nodes,
      moves: moves.map(({ step, partition, to, from, source, bytes }) => [
        step,
        partition,
        place(to),
        place(from),
        place(source),
        Math.round(bytes),
      ]),
    },
  });
}

export function parseRebalance(text: string): Result<RebalanceRecord, string> {
  return parseRecord(text, (fields) => {
    const record: RebalanceRecord = {
      name: readName(fields, 'name'),
      before: fields.object('before', (before) => ({
        version: before.integer('version', { min: 1 }),
        ...readPossible(before),
      })),
      after: fields.object('after', readPossible),
      edits: fields.objects('edits', readEdit),
      by: fields.text('by'),
      why: fields.text('why'),
      atMs: fields.number('atMs', { min: 0 }),
      planned: fields.object('planned', readFigures),
    };
    const { before, after } = record;
    if (before.table.partitionCount !== after.table.partitionCount)
      fields.fail('before and after have different numbers of partitions');
    return record;
  });
}

function readPossible(fields: Fields): Placement {
  const placement = readPlacement(fields);
  const problem = fields.problem === null ? whyImpossible(placement) : null;
  if (problem !== null) fields.fail(problem);
  return placement;
}

function readFigures(fields: Fields): PlannedFigures {
  const figure = (name: string): number => fields.number(name, { min: 0 });
  const nodes = fields.nodeIds('nodes');
  return {
    bytes: figure('bytes'),
    keys: figure('keys'),
    movedReplicas: figure('movedReplicas'),
    leastReplicas: figure('leastReplicas'),
    leastBytes: figure('leastBytes'),
    leadersChanged: figure('leadersChanged'),
    crossZoneBytes: figure('crossZoneBytes'),
    estimateMs: fields.nullable('estimateMs', () => figure('estimateMs')),
    errorMs: fields.nullable('errorMs', () => figure('errorMs')),
    pairs: fields.objects('pairs', (pair) => ({
      from: pair.nodeId('from'),
      to: pair.nodeId('to'),
      bytes: pair.number('bytes', { min: 0 }),
      partitions: pair.integer('partitions'),
    })),
    peaks: fields.objects('peaks', (peak) => ({
      node: peak.nodeId('node'),
      bytes: peak.number('bytes', { min: 0 }),
      capBytes: peak.nullable('capBytes', () => peak.integer('capBytes', { min: 1 })),
    })),
    steps: fields.integer('steps'),
    moves: readMoves(fields, nodes),
  };
}

/** Six numbers each: step, partition, and who takes, hands over and sends it as places in the list of nodes, bytes. */
function readMoves(fields: Fields, nodes: readonly NodeId[]): PlannedMove[] {
  return fields.rows('moves', 6).map(([step, partition, to, from, source, bytes]) => {
    const nodeAt = (place: number): NodeId | null => {
      const node = place === -1 ? null : nodes[place];
      if (node === undefined) fields.fail(`moves names node ${place} of ${nodes.length}`);
      return node ?? null;
    };
    return {
      step: step!,
      partition: partition!,
      to: nodeAt(to!),
      from: nodeAt(from!),
      source: nodeAt(source!),
      bytes: bytes!,
    };
  });
}

// --- rebalance ---

export const REBALANCE_PHASES = [
  'running',
  'paused',
  'settling',
  'done',
  'cancelled',
  'undone',
  'failed',
] as const;
export type RebalancePhase = (typeof REBALANCE_PHASES)[number];

/** How far a rebalance is: small, and written with each change of it. */
export interface RebalanceState {
  /** Of the record it is about. */
  readonly record: string;
  readonly phase: RebalancePhase;
  /** Which placement of the record it goes to: `before` once somebody undoes it. */
  readonly goal: 'after' | 'before';
  /** Who brought it into this phase, and why. */
  readonly by: string;
  readonly why: string;
  /** Wall time, of this goal. */
  readonly startedAtMs: number;
  readonly changedAtMs: number;
  /** So long it stood still, without the present pause. */
  readonly pausedMs: number;
  /** For each node, sent and as much taken; null for no bound. */
  readonly bytesPerSecond: number | null;
  readonly isAdaptive: boolean;
  /** Copies that one node gives, and as many that it takes, at the same time. */
  readonly transfersPerNode: number;
  /** Wall time until which it can be undone from what old holders still have; null while it is open. */
  readonly graceUntilMs: number | null;
  /** Null while it is open, and for one that was cancelled before anything was compared. */
  readonly outcome: RebalanceOutcome | null;
  /** Moved partitions of which all copies were found equal so far. */
  readonly verified: number;
}

export interface RebalanceOutcome {
  /** What new copies took over the network. */
  readonly bytesMoved: number;
  readonly partitionsMoved: number;
  /** Without pauses. */
  readonly tookMs: number;
  readonly digestsEqual: boolean;
}

/** Copies are being made or compared: nothing else can be started. */
export function isOpen({ phase }: RebalanceState): boolean {
  return phase === 'running' || phase === 'paused' || phase === 'settling';
}

export function formatRebalanceState(state: RebalanceState): string {
  return formatRecord({ ...state });
}

export function parseRebalanceState(text: string): Result<RebalanceState, string> {
  return parseRecord(text, (fields) => {
    const state: RebalanceState = {
      record: readName(fields, 'record'),
      phase: fields.oneOf('phase', REBALANCE_PHASES),
      goal: fields.oneOf('goal', ['after', 'before'] as const),
      by: fields.text('by'),
      why: fields.text('why'),
      startedAtMs: fields.number('startedAtMs', { min: 0 }),
      changedAtMs: fields.number('changedAtMs', { min: 0 }),
      pausedMs: fields.number('pausedMs', { min: 0 }),
      bytesPerSecond: fields.nullable('bytesPerSecond', () =>
        fields.integer('bytesPerSecond', { min: 1 }),
      ),
      isAdaptive: fields.flag('isAdaptive'),
      transfersPerNode: fields.integer('transfersPerNode', { min: 1 }),
      graceUntilMs: fields.nullable('graceUntilMs', () => fields.number('graceUntilMs')),
      outcome: fields.nullable('outcome', () =>
        fields.object('outcome', (outcome) => ({
          bytesMoved: outcome.number('bytesMoved', { min: 0 }),
          partitionsMoved: outcome.integer('partitionsMoved'),
          tookMs: outcome.number('tookMs', { min: 0 }),
          digestsEqual: outcome.flag('digestsEqual'),
        })),
      ),
      verified: fields.integer('verified'),
    };
    if (isOpen(state) !== (state.graceUntilMs === null))
      fields.fail(`it is ${state.phase}, and its grace does not fit that`);
    return state;
  });
}

const NAME = /^b-(?:0|[1-9][0-9]{0,8})$/;

export function isRebalanceName(name: string): boolean {
  return NAME.test(name);
}

/** Rebalances are numbered in the order in which they began. */
export function numberOfRebalance(name: string): number {
  return Number(name.slice(2));
}

function readName(fields: Fields, field: string): string {
  const name = fields.text(field);
  if (!isRebalanceName(name)) fields.fail(`${field} is not b- and a number`);
  return name;
}
