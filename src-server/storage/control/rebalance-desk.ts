/**
 * Where an operator's rebalance is ordered: started, paused, resumed, cancelled, undone, and made faster or slower.
 *
 * Every order is one conditional transaction on the tree: what the placement should be, and what the rebalance is now, change
 * together or not at all. Whoever controls the ring does the rest, and goes on with it after any crash.
 */
import { ClientError, type Step } from '../../coordination/client/client.ts';
import type { Edit } from '../ring/edits.ts';
import type { Stage } from '../ring/stage.ts';
import { NOBODY } from '../ring/table.ts';
import { historyStep } from './batch.ts';
import type { Membership } from './membership.ts';
import { formatPlacement, type Placement, placementOf, whyImpossible } from './placement-text.ts';
import { placementAfter, placementBefore, placementHere } from './rebalance-placing.ts';
import {
  formatRebalance,
  formatRebalanceState,
  isOpen,
  isRebalanceName,
  numberOfRebalance,
  parseRebalance,
  parseRebalanceState,
  type PlannedFigures,
  type RebalanceRecord,
  type RebalanceState,
} from './rebalance-records.ts';
import { formatHistory, type HistoryKind } from './records.ts';
import { formatConfig, placedNodes, type RingConfig } from './ring-config.ts';
import { isUsable, type RingView } from './view.ts';

/** What a desk needs of a membership. */
export type DeskDoor = Pick<
  Membership,
  'view' | 'paths' | 'transact' | 'settled' | 'childrenOf' | 'textOf' | 'wallMs'
>;

export interface RebalancePace {
  /** For each node, sent and as much taken; null for no bound. */
  readonly bytesPerSecond: number | null;
  readonly transfersPerNode: number;
  readonly isAdaptive: boolean;
}

export interface RebalanceOrder {
  readonly edits: readonly Edit[];
  /** What `stageOf` made of the edits, for the ring's present version. */
  readonly stage: Stage;
  readonly by: string;
  readonly why: string;
  readonly pace: RebalancePace;
  /** How long it was said to take; null where nobody could say. */
  readonly estimate?: { readonly ms: number; readonly errorMs: number } | null;
  /** The ring's own where it is not given. */
  readonly minInSync?: number;
}

/** Why an order cannot be given now, for programs; the words beside it are for people. */
export type DeskRefusal =
  | 'not-connected'
  | 'no-ring'
  | 'forming'
  | 'already-running'
  | 'partitions-differ'
  | 'faulty-edits'
  | 'unplaced'
  | 'min-in-sync'
  | 'node-away'
  | 'nothing-to-do'
  | 'too-large'
  | 'not-running'
  | 'not-paused'
  | 'nothing-to-undo'
  | 'grace-over';

export type DeskOutcome =
  /** @property version of the ring's configuration from now on */
  | { readonly kind: 'ok'; readonly name: string; readonly version: number }
  | { readonly kind: 'refused'; readonly reason: DeskRefusal; readonly why: string }
  /** The ring, or the rebalance, is not as it was looked at: look again. */
  | { readonly kind: 'conflict'; readonly why: string }
  /** Nobody knows whether it was done: the view will show. */
  | { readonly kind: 'lost'; readonly why: string };

/** A rebalance of now or of then, and what became of it. */
export interface PastRebalance {
  readonly record: RebalanceRecord;
  /** Null where nobody wrote it down: its state was deleted. */
  readonly state: RebalanceState | null;
}

/** So many of the newest stay. */
export const REBALANCES_MAX = 50;
/** A transaction has to fit what a server takes, a megabyte unless somebody has changed that. */
const ORDER_BYTES_MAX = 1_000_000;

export class RebalanceDesk {
  readonly #door: DeskDoor;

  constructor(membership: DeskDoor) {
    this.#door = membership;
  }

  /** The one that runs, or that ended last; null before the first. */
  current(): { readonly record: RebalanceRecord; readonly state: RebalanceState } | null {
    const { rebalance, rebalanceRecord } = this.#door.view;
    if (rebalance === null || rebalanceRecord?.name !== rebalance.value.record) return null;
    return { record: rebalanceRecord, state: rebalance.value };
  }

  /** The newest first. Those that cannot be read are left out. @throws ClientError */
  async history(): Promise<PastRebalance[]> {
    const { paths, view } = this.#door;
    const names = (await this.#names()).reverse();
    const past = await Promise.all(
      names.map(async (name): Promise<PastRebalance | null> => {
        const text = await this.#door.textOf(paths.rebalanceRecord(name));
        const record = text === null ? null : parseRebalance(text);
        if (record?.ok !== true) return null;
        const present = view.rebalance?.value;
        if (present?.record === name) return { record: record.value, state: present };
        const end = await this.#door.textOf(paths.rebalanceEnd(name));
        const state = end === null ? null : parseRebalanceState(end);
        return { record: record.value, state: state?.ok === true ? state.value : null };
      }),
    );
    return past.filter((one) => one !== null);
  }

  /** From now on the ring is to be as the stage has it. */
  async start(order: RebalanceOrder): Promise<DeskOutcome> {
    const { view, paths } = this.#door;
    const refusal = whyNotStarted(view, order);
    if (refusal !== null) return refusal;
    const { value: config, version: configVersion } = view.config!;
    const last = view.rebalance;
    const names = await this.#namesIfThere();
    if (names === null) return refused('not-connected', 'the ensemble does not answer');
    const name = `b-${numberOf(names.at(-1) ?? last?.value.record) + 1}`;
    const { by, why, pace } = order;
    const atMs = this.#door.wallMs;
    const after = placementAfter(config, order);
    const problem = whyImpossible(after);
    if (problem !== null) return refused('unplaced', problem);
    const record: RebalanceRecord = {
      name,
      before: { version: config.version, ...placementOf(config) },
      after,
      edits: order.edits,
      by,
      why,
      atMs,
      planned: plannedFigures(order),
    };
    const state: RebalanceState = {
      record: name,
      phase: 'running',
      goal: 'after',
      by,
      why,
      startedAtMs: atMs,
      changedAtMs: atMs,
      pausedMs: 0,
      ...pace,
      graceUntilMs: null,
      outcome: null,
      verified: 0,
    };
    const next = { ...config, ...after, version: config.version + 1, changed: { atMs, by, why } };
    const recordText = formatRebalance(record);
    const configText = formatConfig(next);
    if (recordText.length + configText.length > ORDER_BYTES_MAX) {
      const words =
        'it moves more at once than fits into one write to the ensemble: do it in parts';
      return refused('too-large', words);
    }
    const steps: Step[] = [
      { kind: 'set', path: paths.config, data: Buffer.from(configText), version: configVersion },
      this.#stateStep(state),
      { kind: 'create', path: paths.rebalanceRecord(name), data: Buffer.from(recordText) },
      // What became of the last one is written down before its place is taken.
      ...(last === null
        ? []
        : [
            {
              kind: 'create' as const,
              path: paths.rebalanceEnd(last.value.record),
              data: Buffer.from(formatRebalanceState(last.value)),
            },
          ]),
      this.#historyStep('rebalance-started', name, by, why, next.version),
    ];
    const outcome = await this.#order(name, steps);
    if (outcome.kind === 'ok') await this.#forgetOldest(names);
    return outcome;
  }

  /** No copy goes on and no leader moves until it is resumed; what was copied so far is kept. */
  async pause(by: string, why: string): Promise<DeskOutcome> {
    return this.#change('rebalance-paused', by, why, (state) =>
      state.phase === 'running'
        ? { ...state, phase: 'paused' }
        : refused('not-running', `it is ${state.phase}`),
    );
  }

  async resume(by: string, why = ''): Promise<DeskOutcome> {
    return this.#change('rebalance-resumed', by, why, (state, nowMs) =>
      state.phase === 'paused'
        ? { ...state, phase: 'running', pausedMs: state.pausedMs + nowMs - state.changedAtMs }
        : refused('not-paused', `it is ${state.phase}`),
    );
  }

  /** Nothing moves any more: partitions that were switched stay, all others are as they were. */
  async cancel(by: string, why: string): Promise<DeskOutcome> {
    const { view } = this.#door;
    const current = this.current();
    const config = view.config;
    if (current === null || config === null) return refused('not-running', 'nothing runs');
    if (!isOpen(current.state)) return refused('not-running', `it is ${current.state.phase}`);
    const here = placementHere(view, config.value, current.record);
    return this.#change(
      'rebalance-cancelled',
      by,
      why,
      (state, nowMs) => ({
        ...state,
        phase: 'cancelled',
        graceUntilMs: nowMs + config.value.graceMs,
      }),
      here,
    );
  }

  /** Back to the placement before, from what the old holders still have as far as that goes. */
  async undo(by: string, why: string): Promise<DeskOutcome> {
    const { view } = this.#door;
    const current = this.current();
    const config = view.config;
    if (current === null || config === null)
      return refused('nothing-to-undo', 'there was no rebalance yet');
    const { record, state } = current;
    const refusal = whyNotUndone(state, this.#door.wallMs);
    if (refusal !== null) return refusal;
    const before = placementBefore(config.value, record);
    return this.#change(
      'rebalance-undone',
      by,
      why,
      (known, nowMs) => ({
        ...known,
        phase: 'running',
        goal: 'before',
        startedAtMs: nowMs,
        pausedMs: 0,
        graceUntilMs: null,
        outcome: null,
        verified: 0,
      }),
      before,
    );
  }

  /** From now on: of the rebalance while one is open, else what the ring keeps for repairs and for rebalances to come. */
  async setPace(
    { bytesPerSecond, transfersPerNode, isAdaptive }: RebalancePace,
    by = '',
  ): Promise<DeskOutcome> {
    const { view, paths } = this.#door;
    if (view.rebalance !== null && isOpen(view.rebalance.value)) {
      return this.#change(
        'pace-changed',
        by,
        paceWords(bytesPerSecond, transfersPerNode),
        (state) => ({
          ...state,
          bytesPerSecond,
          transfersPerNode,
          isAdaptive,
        }),
      );
    }
    if (view.config === null) return refused('no-ring', 'there is no ring yet');
    const { value: config, version } = view.config;
    // Where copies are wanted stays as it is, and so does the version that plans are made for.
    const next: RingConfig = {
      ...config,
      transferBytesPerSecond: bytesPerSecond,
      isThrottleAdaptive: isAdaptive,
      backfillsPerNode: transfersPerNode,
    };
    const words = paceWords(bytesPerSecond, transfersPerNode);
    return this.#order('', [
      { kind: 'set', path: paths.config, data: Buffer.from(formatConfig(next)), version },
      this.#historyStep('pace-changed', '', by, words, config.version),
    ]);
  }

  async #change(
    kind: HistoryKind,
    by: string,
    why: string,
    changed: (state: RebalanceState, nowMs: number) => RebalanceState | DeskOutcome,
    placement: Placement | null = null,
  ): Promise<DeskOutcome> {
    const { view, paths, wallMs } = this.#door;
    const { rebalance: known, config } = view;
    if (known === null || config === null) return refused('not-running', 'nothing runs');
    const next = changed(known.value, wallMs);
    if ('kind' in next) return next;
    const isOther = next.phase !== known.value.phase || next.goal !== known.value.goal;
    const state = isOther ? { ...next, by, why, changedAtMs: wallMs } : next;
    const steps: Step[] = [];
    let version = config.value.version;
    if (placement !== null) {
      version += 1;
      const changes = { version, changed: { atMs: wallMs, by, why } };
      const data = Buffer.from(formatConfig({ ...config.value, ...placement, ...changes }));
      steps.push({ kind: 'set', path: paths.config, data, version: config.version });
    }
    const { record: name } = state;
    steps.push(this.#stateStep(state), this.#historyStep(kind, name, by, why, version));
    return this.#order(name, steps, version);
  }

  #stateStep(state: RebalanceState): Step {
    const { view, paths } = this.#door;
    const path = paths.rebalance;
    const data = Buffer.from(formatRebalanceState(state));
    return view.rebalance === null
      ? { kind: 'create', path, data }
      : { kind: 'set', path, data, version: view.rebalance.version };
  }

  #historyStep(
    kind: HistoryKind,
    name: string,
    by: string,
    why: string,
    ringVersion: number,
  ): Step {
    const { view, paths, wallMs: atMs } = this.#door;
    const controllerEpoch = view.controllerEpoch?.value.epoch ?? 0;
    const words = [name, why].filter((word) => word !== '').join(': ');
    const entries = [{ kind, partition: null, node: null, epoch: null, words }];
    return historyStep(paths, formatHistory({ atMs, by, controllerEpoch, ringVersion, entries }));
  }

  async #order(name: string, steps: readonly Step[], version?: number): Promise<DeskOutcome> {
    try {
      const outcome = await this.#door.transact(steps);
      if (outcome.kind !== 'ok') return outcome;
      await this.#door.settled();
      const { config } = this.#door.view;
      return { kind: 'ok', name, version: version ?? config?.value.version ?? 0 };
    } catch (error) {
      // The ensemble has answered, so it is certain that nothing was changed.
      if (error instanceof ClientError) return { kind: 'conflict', why: error.message };
      throw error;
    }
  }

  /** Of the records, the oldest first. */
  async #names(): Promise<string[]> {
    const names = await this.#door.childrenOf(this.#door.paths.rebalances);
    return names
      .filter(isRebalanceName)
      .sort((a, b) => numberOfRebalance(a) - numberOfRebalance(b));
  }

  /** Null while the ensemble does not say. */
  async #namesIfThere(): Promise<string[] | null> {
    try {
      return await this.#names();
    } catch (error) {
      if (error instanceof ClientError) return null;
      throw error;
    }
  }

  /** Where it cannot be done now, the next one does it. @param names of those before the newest */
  async #forgetOldest(names: readonly string[]): Promise<void> {
    const { paths } = this.#door;
    try {
      for (const name of names.slice(0, Math.max(0, names.length + 1 - REBALANCES_MAX))) {
        const end = paths.rebalanceEnd(name);
        const hasEnd = (await this.#door.textOf(end)) !== null;
        const gone = [paths.rebalanceRecord(name), ...(hasEnd ? [end] : [])];
        const steps = gone.map((path): Step => ({ kind: 'delete', path, version: -1 }));
        await this.#door.transact(steps);
      }
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
    }
  }
}

/** Null for one that can be undone; otherwise why not. */
export function whyNotUndone(
  state: RebalanceState,
  wallMs: number,
): Extract<DeskOutcome, { kind: 'refused' }> | null {
  const { phase, goal, graceUntilMs } = state;
  if (goal === 'before') return refused('nothing-to-undo', 'it was undone already');
  if (phase === 'failed') return refused('nothing-to-undo', 'copies differ: they come first');
  if (graceUntilMs !== null && wallMs >= graceUntilMs)
    return refused('grace-over', 'what it moved away is not kept any more: plan the way back');
  return null;
}

function whyNotStarted(view: RingView, order: RebalanceOrder): DeskOutcome | null {
  const { config, rebalance } = view;
  const { stage, minInSync } = order;
  if (!view.isConnected) return refused('not-connected', 'the ensemble does not answer');
  if (config === null) return refused('no-ring', 'there is no ring yet');
  const { value } = config;
  if (value.phase === 'forming') return refused('forming', 'the ring is still being formed');
  if (rebalance !== null && isOpen(rebalance.value)) {
    const { record, phase } = rebalance.value;
    return refused('already-running', `${record} is ${phase}: one at a time`);
  }
  if (stage.layout.partitionCount !== value.table.partitionCount) {
    const words = 'partitions of a ring with data are not split or joined yet';
    return refused('partitions-differ', words);
  }
  if (stage.plan.ringVersion !== value.version) {
    const why = `the plan is for version ${stage.plan.ringVersion} of the ring, which is ${value.version} now`;
    return { kind: 'conflict', why };
  }
  const faulty = stage.faults.findIndex((fault) => fault !== null);
  if (faulty >= 0) return refused('faulty-edits', `edit ${faulty + 1} cannot be done`);
  // Copies without a place would keep those they are to follow, and the rebalance would never end.
  const unplaced = stage.table.cells.filter((cell) => cell === NOBODY).length;
  if (unplaced > 0)
    return refused('unplaced', `${unplaced} copies find no node that can take them`);
  const { replicaCount } = stage.table;
  const least = minInSync ?? value.minInSync;
  if (least > replicaCount) {
    const words = `a write needs ${least} copies, and there would be ${replicaCount}`;
    return refused('min-in-sync', words);
  }
  const held = new Set(value.nodes.map(({ id }) => id));
  for (const id of placedNodes(stage)) {
    if (value.out.includes(id)) return refused('node-away', `${id} is away, and out`);
    if (!held.has(id) && !isUsable(view, id)) return refused('node-away', `${id} is not there`);
  }
  const { minInSync: now } = value;
  const isSame = formatsEqual(placementOf(value), placementAfter(value, order));
  if (isSame && least === now) return refused('nothing-to-do', 'nothing would be different');
  return null;
}

function formatsEqual(a: Placement, b: Placement): boolean {
  return JSON.stringify(formatPlacement(a)) === JSON.stringify(formatPlacement(b));
}

function plannedFigures({ stage, estimate }: RebalanceOrder): PlannedFigures {
  const { plan, least } = stage;
  return {
    bytes: plan.bytes,
    keys: plan.keys,
    movedReplicas: plan.movedReplicas,
    leastReplicas: least.replicas,
    leastBytes: least.bytes,
    leadersChanged: plan.leadersChanged,
    crossZoneBytes: plan.crossZoneBytes,
    estimateMs: estimate?.ms ?? null,
    errorMs: estimate?.errorMs ?? null,
    pairs: plan.streams.map(({ from, to, bytes, partitions }) => ({ from, to, bytes, partitions })),
    peaks: plan.nodes.map(({ id, peakBytes, capBytes }) => ({
      node: id,
      bytes: peakBytes,
      capBytes,
    })),
    steps: plan.steps.length,
    moves: plan.steps.flatMap(({ moves }, step) =>
      moves.map(({ partition, to, from, source, bytes }) => ({
        step,
        partition,
        to,
        from,
        source,
        bytes,
      })),
    ),
  };
}

function paceWords(bytesPerSecond: number | null, transfersPerNode: number): string {
  const speed = bytesPerSecond === null ? 'as fast as it goes' : `${bytesPerSecond} bytes a second`;
  return `${speed}, ${transfersPerNode} copies at a time`;
}

function refused(
  reason: DeskRefusal,
  why: string,
): { readonly kind: 'refused'; readonly reason: DeskRefusal; readonly why: string } {
  return { kind: 'refused', reason, why };
}

function numberOf(name: string | undefined): number {
  return name === undefined ? 0 : numberOfRebalance(name);
}
