/** Why a stage cannot be carried out as it is, for people and for programs. */
import { isOpen } from '../control/rebalance-records.ts';
import type { RingConfig } from '../control/ring-config.ts';
import { isUsable, type RingView } from '../control/view.ts';
import type { Ring, Stage } from '../ring/stage.ts';
import { isSamePlacement } from '../ring/table.ts';
import type { NodeId } from '../ring/topology.ts';

export interface Obstacle {
  readonly kind:
    | 'nothing-to-do'
    | 'faulty-edits'
    | 'partitions-change'
    | 'rebalance-running'
    | 'over-cap'
    | 'unplaced'
    | 'too-few-replicas'
    | 'node-away'
    | 'sizes-unknown'
    | 'ring-forming'
    | 'not-connected';
  readonly node: NodeId | null;
  readonly words: string;
}

export interface ObstacleParts {
  readonly view: RingView;
  readonly config: RingConfig;
  readonly ring: Ring;
  readonly stage: Stage;
  /** Of the plan's partitions, which sizes are known. */
  readonly isKnown: Uint8Array;
}

export function obstaclesOf(parts: ObstacleParts): Obstacle[] {
  return [...ofTheRing(parts), ...ofTheStage(parts), ...ofNodes(parts)];
}

function ofTheRing({ view, config }: ObstacleParts): Obstacle[] {
  const obstacles: Obstacle[] = [];
  if (!view.isConnected)
    obstacles.push(plain('not-connected', 'there is no connection with the ensemble'));
  if (config.phase === 'forming')
    obstacles.push(plain('ring-forming', 'the ring is still being formed'));
  const { rebalance } = view;
  if (rebalance !== null && isOpen(rebalance.value)) {
    const { record, phase } = rebalance.value;
    obstacles.push(plain('rebalance-running', `${record} is ${phase}: one at a time`));
  }
  return obstacles;
}

function ofTheStage({ config, ring, stage }: ObstacleParts): Obstacle[] {
  const { faults, layout, table, unplaced } = stage;
  const obstacles: Obstacle[] = [];
  const faulty = faults.filter((fault) => fault !== null).length;
  if (faulty > 0)
    obstacles.push(plain('faulty-edits', `${faulty} of ${faults.length} edits cannot be done`));
  if (layout.partitionCount !== ring.layout.partitionCount) {
    const words = 'partitions of a ring with data are not split or joined yet';
    obstacles.push(plain('partitions-change', words));
  }
  if (unplaced > 0)
    obstacles.push(plain('unplaced', `${unplaced} copies find no node that can take them`));
  if (table.replicaCount < config.minInSync) {
    const words = `a write needs ${config.minInSync} copies, and there would be ${table.replicaCount}`;
    obstacles.push(plain('too-few-replicas', words));
  }
  if (faulty === 0 && isSamePlacement(ring.table, table) && isSameLayout(ring, stage))
    obstacles.push(plain('nothing-to-do', 'nothing would be different'));
  return obstacles;
}

function ofNodes({ view, config, stage, isKnown }: ObstacleParts): Obstacle[] {
  const obstacles: Obstacle[] = [];
  const takers = new Set<NodeId>();
  const blind = new Map<NodeId, number>();
  for (const { moves } of stage.plan.steps) {
    for (const { to, partition } of moves) {
      if (to === null) continue;
      takers.add(to);
      if (isKnown[partition] === 0) blind.set(to, (blind.get(to) ?? 0) + 1);
    }
  }
  for (const { id, peakBytes, bytesBefore, capBytes } of stage.plan.nodes) {
    if (takers.has(id) && (!isUsable(view, id) || config.out.includes(id))) {
      obstacles.push({
        kind: 'node-away',
        node: id,
        words: `${id} would take copies, and is away`,
      });
    }
    if (capBytes === null) continue;
    // Whoever is over the cap already, and takes nothing, only gets emptier.
    if (peakBytes > capBytes && peakBytes > bytesBefore) {
      const words = `${id} would hold ${peakBytes} bytes, and may hold ${capBytes}`;
      obstacles.push({ kind: 'over-cap', node: id, words });
    } else if (blind.has(id)) {
      const words = `nobody told the sizes of ${blind.get(id)} partitions that ${id} would take, and it has a cap`;
      obstacles.push({ kind: 'sizes-unknown', node: id, words });
    }
  }
  return obstacles;
}

function isSameLayout(ring: Ring, stage: Stage): boolean {
  return JSON.stringify(ring.layout) === JSON.stringify(stage.layout);
}

function plain(kind: Obstacle['kind'], words: string): Obstacle {
  return { kind, node: null, words };
}
