/** The ring as it is, the rebalance that runs and those that ran, for people and for programs. */
import { type PastRebalance, whyNotUndone } from '../storage/control/rebalance-desk.ts';
import type { RebalanceProgress } from '../storage/control/rebalance-progress.ts';
import type { RebalanceRecord, RebalanceState } from '../storage/control/rebalance-records.ts';
import { layoutOf, type RingConfig } from '../storage/control/ring-config.ts';
import { controllerOf, isUsable, type RingView } from '../storage/control/view.ts';
import { unsettledOf } from '../storage/planning/ring-now.ts';
import type { Sizes } from '../storage/planning/sizes.ts';
import { figuresOf } from '../storage/ring/figures.ts';
import { bytesText, countText, momentText, percentText, tableLines, timeText } from './words.ts';

export interface StatusParts {
  readonly view: RingView;
  readonly config: RingConfig;
  readonly sizes: Sizes;
  readonly silent: ReadonlyMap<string, string>;
}

export function ringLines({ view, config, sizes, silent }: StatusParts): string[] {
  const { table, version, changed, out } = config;
  const unsettled = unsettledOf(view, config);
  const figures = figuresOf(table, layoutOf(config).topology, sizes.measured.bytes);
  const rows = figures.nodes.map(({ id, held, led, bytes }) => {
    const node = config.nodes.find((one) => one.id === id)!;
    const isThere = isUsable(view, id);
    return [
      `  ${id}`,
      `${node.region}/${node.zone}`,
      String(node.weight),
      String(held),
      String(led),
      bytesText(sizes.known === 0 ? null : bytes),
      node.capBytes === null ? '' : bytesText(node.capBytes),
      out.includes(id) ? 'out' : isThere ? (silent.get(id) ?? 'there') : 'away',
    ];
  });
  const heads = ['  Node', 'Zone', 'Weight', 'Copies', 'Leads', 'Holds', 'Cap', ''];
  const form = `${countText(table.partitionCount)} partitions, ${table.replicaCount} copies`;
  const controller = controllerOf(view) ?? 'nobody at present';
  return [
    `Ring version ${version}: ${form}, ${config.strategy}; decided by ${controller}`,
    `Changed ${momentText(changed.atMs)} by ${changed.by}${reason(changed.why)}`,
    unsettled === 0
      ? 'Everything is where it is wanted.'
      : `${countText(unsettled)} partitions are not where they are wanted yet.`,
    '',
    ...tableLines(heads, rows, { right: [2, 3, 4, 5, 6] }),
    ...strangerLines(view, config),
  ];
}

/** Nodes that run, and that nobody has added to the ring yet. */
function strangerLines(view: RingView, { nodes }: RingConfig): string[] {
  const known = new Set(nodes.map(({ id }) => id));
  const strangers = [...view.nodes.keys()].filter((id) => !known.has(id)).sort();
  return strangers.length === 0
    ? []
    : [`  There, and no part of the ring: ${strangers.join(', ')}`];
}

export function ringJson({ view, config, sizes, silent }: StatusParts): object {
  const { table, version, changed, out, strategy } = config;
  const figures = figuresOf(table, layoutOf(config).topology, sizes.measured.bytes);
  return {
    version,
    changed,
    partitionCount: table.partitionCount,
    replicaCount: table.replicaCount,
    strategy,
    controller: controllerOf(view),
    unsettledPartitions: unsettledOf(view, config),
    nodes: figures.nodes.map(({ id, held, led, bytes }) => ({
      ...config.nodes.find((one) => one.id === id)!,
      held,
      led,
      bytes: sizes.known === 0 ? null : bytes,
      isAlive: isUsable(view, id),
      isOut: out.includes(id),
      silent: silent.get(id) ?? null,
    })),
  };
}

export interface RunParts {
  readonly record: RebalanceRecord;
  readonly state: RebalanceState;
  readonly progress: RebalanceProgress;
  readonly wallMs: number;
}

export function runLines({ record, state, progress, wallMs }: RunParts): string[] {
  const { bytesPerSecond, transfersPerNode, isAdaptive, graceUntilMs } = state;
  const canUndo = whyNotUndone(state, wallMs) === null;
  const limit = bytesPerSecond === null ? 'no limit' : `${bytesText(bytesPerSecond)} a second`;
  const lines = [
    `Rebalance ${record.name} by ${record.by}, ${momentText(record.atMs)}${reason(record.why)}`,
    `It is ${phaseText(state)}${reason(state.why)}; ${limit}, ${transfersPerNode} copies at a time${isAdaptive ? ', adaptive' : ''}`,
    progressText({ record, state, progress, wallMs }),
  ];
  if (canUndo && graceUntilMs !== null)
    lines.push(`For ${timeText(graceUntilMs - wallMs)} undoing it copies only what came in since.`);
  if (state.outcome !== null) lines.push(outcomeText(state));
  const rows = progress.pairs
    .filter((pair) => pair.partitionsDone < pair.partitionsTotal)
    .map(({ from, to, bytesDone, bytesTotal, partitionsDone, partitionsTotal }) => [
      `  ${from}`,
      to,
      `${partitionsDone} of ${partitionsTotal}`,
      `${bytesText(bytesDone)} of ${bytesText(bytesTotal)}`,
    ]);
  const heads = ['  From', 'To', 'Partitions', 'Bytes'];
  if (rows.length > 0) lines.push('', ...tableLines(heads, rows));
  if (progress.waits.length > 0)
    lines.push('', ...progress.waits.map(({ words, znode }) => `Waits: ${words} (${znode})`));
  return lines;
}

/**
 * One line that says how far it is.
 * @param isStill whether nothing has moved since the last one: what it waits for is of interest then, and passes by itself else
 */
export function progressText({ state, progress, record }: RunParts, isStill = false): string {
  const { partitionsDone, partitionsTotal, bytesDone, bytesTotal, bytesPerSecond, leftMs } =
    progress;
  const part = bytesTotal === 0 ? 1 : bytesDone / bytesTotal;
  const words = [
    `${record.name} ${phaseText(state)}`,
    percentText(part),
    `${countText(partitionsDone)} of ${countText(partitionsTotal)} partitions`,
    `${bytesText(bytesDone)} of ${bytesText(bytesTotal)}`,
  ];
  if (bytesPerSecond > 0) words.push(`${bytesText(bytesPerSecond)} a second`);
  if (leftMs !== null) words.push(`${timeText(leftMs)} left`);
  if (state.phase === 'settling') words.push(`${countText(state.verified)} compared`);
  const [wait] = progress.waits;
  if (isStill && wait !== undefined) words.push(`waits: ${wait.words}`);
  return words.join(' · ');
}

function phaseText({ phase, goal }: RebalanceState): string {
  return goal === 'before' && phase !== 'undone' ? `${phase} back` : phase;
}

export function outcomeText({ phase, outcome, why }: RebalanceState): string {
  if (outcome === null) return `It is ${phase}.`;
  const { bytesMoved, partitionsMoved, tookMs, digestsEqual } = outcome;
  const moved = `Moved ${bytesText(bytesMoved)}, ${countText(partitionsMoved)} partitions, in ${timeText(tookMs)}`;
  // Copies of a cache are not compared, and others may differ: the controller says which.
  return `${moved}; ${digestsEqual ? 'all copies hold the same' : why}.`;
}

function reason(why: string): string {
  return why === '' ? '' : ` (${why})`;
}

export function historyLines(past: readonly PastRebalance[]): string[] {
  if (past.length === 0) return ['There was no rebalance yet.'];
  const rows = past.map(({ record, state }) => [
    record.name,
    momentText(record.atMs),
    state === null ? 'unknown' : phaseText(state),
    `${record.planned.movedReplicas} copies, ${bytesText(record.planned.bytes)}`,
    state === null || state.outcome === null
      ? ''
      : `${bytesText(state.outcome.bytesMoved)} in ${timeText(state.outcome.tookMs)}`,
    record.by,
    record.why,
  ]);
  return tableLines(['Name', 'Started', 'Ended as', 'Planned', 'Moved', 'By', 'Why'], rows);
}

export function pastJson({ record, state }: PastRebalance): object {
  const { name, by, why, atMs, edits, before, planned } = record;
  const figures = { ...planned, moves: undefined };
  return { name, version: before.version, by, why, atMs, edits, planned: figures, state };
}
