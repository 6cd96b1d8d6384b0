/** Somebody who changes a ring's placement: plans from what its nodes say, orders, and watches what comes of it. */
import type { RebalancePace } from '../../../src-server/storage/control/rebalance-desk.ts';
import { RebalanceDesk } from '../../../src-server/storage/control/rebalance-desk.ts';
import type {
  RebalancePhase,
  RebalanceState,
} from '../../../src-server/storage/control/rebalance-records.ts';
import type { Wait } from '../../../src-server/storage/control/round.ts';
import { copiesOf, holdingsOf, waitsOf } from '../../../src-server/storage/planning/answers.ts';
import { describedNode } from '../../../src-server/storage/planning/ring-now.ts';
import { Sizes } from '../../../src-server/storage/planning/sizes.ts';
import { type Staged, staged } from '../../../src-server/storage/planning/staging.ts';
import type { Edit } from '../../../src-server/storage/ring/edits.ts';
import { nodeId } from '../../../src-server/storage/ring/topology.ts';
import { until } from '../../peers/wait.ts';
import { askAt } from './ring-eyes.ts';
import type { RingStage } from './ring-stage.ts';

/** As fast as it goes, with the ring's own limits. */
const PACE: RebalancePace = { bytesPerSecond: null, transfersPerNode: 2, isAdaptive: false };
const LATE_MS = 110_000;

export class RingOperator {
  readonly desk: RebalanceDesk;
  readonly #stage: RingStage;

  constructor(stage: RingStage) {
    this.#stage = stage;
    this.desk = new RebalanceDesk(stage.eyes.membership);
  }

  /** What would come of the edits, as the ring is now. */
  async plan(edits: readonly Edit[], pace = PACE): Promise<Staged> {
    const { view } = this.#stage.eyes.membership;
    const sizes = new Sizes(view.config!.value.table.partitionCount);
    for (const node of this.#alive()) {
      const reply = await askAt(node, 'RING.STATUS', 'PARTITIONS');
      sizes.take(holdingsOf(reply), performance.now());
    }
    const found = staged({ view, sizes, pace, former: [] }, edits);
    if (found === null) throw new Error('there is no ring yet');
    return found;
  }

  /** @returns the plan that is carried out from now on */
  async start(edits: readonly Edit[], pace: Partial<RebalancePace> = {}): Promise<Staged> {
    const wanted = { ...PACE, ...pace };
    await until('the ensemble answers', () => this.#stage.eyes.membership.view.isConnected);
    const plan = await this.plan(edits, wanted);
    const outcome = await this.desk.start({
      edits,
      stage: plan.stage,
      by: 'the test',
      why: 'to see it',
      pace: wanted,
    });
    if (outcome.kind !== 'ok') throw new Error(`not started: ${JSON.stringify(outcome)}`);
    return plan;
  }

  /** A node that registered, but has no place yet. */
  async adding(id: string): Promise<Edit> {
    const { view } = this.#stage.eyes.membership;
    const node = await until(
      `${id} is in the tree`,
      () => describedNode(view, nodeId(id)),
      LATE_MS,
    );
    return { kind: 'addNode', node };
  }

  draining(id: string): Edit {
    return { kind: 'drainNode', id: nodeId(id) };
  }

  get state(): RebalanceState | null {
    return this.desk.current()?.state ?? null;
  }

  async isAt(...phases: readonly RebalancePhase[]): Promise<RebalanceState> {
    return until(
      `the rebalance is ${phases.join(' or ')}`,
      () => {
        const { state } = this;
        if (state?.phase === 'failed' && !phases.includes('failed')) throw new Error(state.why);
        return state !== null && phases.includes(state.phase) ? state : null;
      },
      LATE_MS,
    ).catch(async (error: unknown) => {
      const waits = JSON.stringify(await this.waits(), null, 1);
      throw new Error(`it is ${this.state?.phase ?? 'none'}; it waits for ${waits}`, {
        cause: error,
      });
    });
  }

  /** What whoever controls the ring says that it waits for. */
  async waits(): Promise<readonly Wait[]> {
    for (const node of this.#alive()) {
      try {
        return waitsOf(await askAt(node, 'RING.WAITS'));
      } catch {
        // Another node controls it, or this one is just being started.
      }
    }
    return [];
  }

  /** Copies that are being made, as their givers tell. */
  async copies(): Promise<ReturnType<typeof copiesOf>> {
    const all = await Promise.all(
      this.#alive().map((node) =>
        askAt(node, 'RING.COPIES').then(
          (reply) => copiesOf(reply).filter(({ from }) => from === node.id),
          () => [],
        ),
      ),
    );
    return all.flat();
  }

  #alive(): RingStage['ring']['nodes'] {
    return this.#stage.ring.nodes.filter(({ pid }) => pid > 0);
  }
}
