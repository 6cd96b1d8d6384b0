/**
 * A controller's changes as transactions: each begins with the check that it still is the controller, holds as many changes as
 * one write may, and ends with what history says of them.
 *
 *    check controllerEpoch │ set p/0 │ set p/3 │ delete force/3 │ … │ create history/h-
 */
import type { Step } from '../../coordination/client/client.ts';
import type { NodeId } from '../ring/topology.ts';
import type { RingPaths } from './paths.ts';
import { formatRebalanceState } from './rebalance-records.ts';
import { formatHistory, formatPartition } from './records.ts';
import { formatConfig } from './ring-config.ts';
import type { Change, Write } from './round.ts';
import { STEPS_MAX } from './transaction.ts';

/** Who writes, and against which version of the controller's epoch. */
export interface Pen {
  readonly paths: RingPaths;
  readonly by: NodeId;
  readonly controllerEpoch: number;
  readonly fenceVersion: number;
}

/** Steps beside those of the changes: the check, and history. */
const FRAME_STEPS = 2;

/** Changes in portions that are written one after the other, in their order; what belongs together stays together. */
export function portionsOf(changes: readonly Change[]): Change[][] {
  const portions: Change[][] = [];
  let room = 0;
  for (const change of changes) {
    room -= change.writes.length;
    if (room < 0) {
      portions.push([]);
      room = STEPS_MAX - FRAME_STEPS - change.writes.length;
    }
    portions.at(-1)!.push(change);
  }
  return portions;
}

export function stepsOf(
  pen: Pen,
  changes: readonly Change[],
  { wallMs, ringVersion }: { readonly wallMs: number; readonly ringVersion: number },
): Step[] {
  const { paths, by, controllerEpoch, fenceVersion } = pen;
  const entries = changes.map(({ entry }) => entry).filter((entry) => entry !== null);
  const history = formatHistory({ atMs: wallMs, by, controllerEpoch, ringVersion, entries });
  return [
    { kind: 'check', path: paths.controllerEpoch, version: fenceVersion },
    ...changes.flatMap(({ writes }) => writes.map((write) => stepOf(paths, write))),
    ...(entries.length > 0 ? [historyStep(paths, history)] : []),
  ];
}

/** The change that a step belongs to; null for the check and for history. */
export function changeAt(changes: readonly Change[], step: number): Change | null {
  let end = 1;
  for (const change of changes) {
    end += change.writes.length;
    if (step >= 1 && step < end) return change;
  }
  return null;
}

/** A line of history, as part of the write that it tells of. */
export function historyStep(paths: RingPaths, text: string): Step {
  return {
    kind: 'create',
    path: `${paths.history}/h-`,
    data: Buffer.from(text),
    options: { mode: 'persistent-sequential' },
  };
}

function stepOf(paths: RingPaths, write: Write): Step {
  switch (write.kind) {
    case 'config': {
      const { config, expectedVersion } = write;
      return put(paths.config, formatConfig(config), expectedVersion);
    }
    case 'partition': {
      const { partition, state, expectedVersion } = write;
      return put(paths.partition(partition), formatPartition(state), expectedVersion);
    }
    case 'rebalance': {
      const { state, expectedVersion } = write;
      return put(paths.rebalance, formatRebalanceState(state), expectedVersion);
    }
    case 'force-done':
      return {
        kind: 'delete',
        path: paths.force(write.partition),
        version: write.expectedVersion,
      };
  }
}

function put(path: string, text: string, expectedVersion: number | null): Step {
  const data = Buffer.from(text);
  return expectedVersion === null
    ? { kind: 'create', path, data }
    : { kind: 'set', path, data, version: expectedVersion };
}
