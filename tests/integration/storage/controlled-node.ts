/**
 * A node that knows nothing but control: registered, a candidate for the controller, and, where it leads, it says at once that
 * everybody who is there has caught up. A leader with data would take longer over it, and say the same.
 */
import {
  Controller,
  type ControllerOptions,
  type RingDoor,
} from '../../../src-server/storage/control/controller.ts';
import type {
  Membership,
  MembershipOptions,
  NodeRecord,
} from '../../../src-server/storage/control/membership.ts';
import { type ControlTerms, DEFAULT_TERMS } from '../../../src-server/storage/control/round.ts';
import { isUsable } from '../../../src-server/storage/control/view.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import { membershipAt, nodeRecord, PLATFORM } from './control-stage.ts';

export interface ControlledNodeOptions {
  readonly port: number;
  readonly root: string;
  readonly id: string;
  readonly record?: Partial<NodeRecord>;
  readonly terms?: Partial<ControlTerms>;
  readonly membership?: Partial<MembershipOptions>;
  /** What the controller gets instead of the membership. */
  readonly door?: (membership: Membership) => RingDoor;
  /** Whether its copies, and those it leads, ever catch up. */
  readonly isIdle?: boolean;
}

export const QUICK_TERMS: ControlTerms = {
  ...DEFAULT_TERMS,
  partitionCount: 16,
  downOutMs: 500,
  settleMs: 3000,
  steadyMs: 100,
  handOverEveryMs: 100,
  farewellMs: 100,
};

export class ControlledNode {
  readonly id: NodeId;
  readonly membership: Membership;
  readonly controller: Controller;
  #isBusy = false;
  #isAsked = false;
  #isClosed = false;

  constructor({ port, root, id, door, isIdle = false, ...more }: ControlledNodeOptions) {
    const record = nodeRecord(id, more.record);
    this.id = record.id;
    this.membership = membershipAt(port, { root, ...more.membership });
    this.membership.register(record);
    const options: ControllerOptions = {
      door: door?.(this.membership) ?? this.membership,
      platform: PLATFORM,
      node: record.id,
      incarnation: () => record.incarnation,
      terms: { ...QUICK_TERMS, ...more.terms },
      // These nodes hold nothing.
      compare: () => Promise.resolve({ kind: 'equal', words: '', copiedBytes: new Map() }),
    };
    this.controller = new Controller(options);
    if (!isIdle) this.membership.onChange(() => void this.#lead());
  }

  /** As a process that is gone, for the ensemble. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.controller.close();
    await this.membership.close();
  }

  async #lead(): Promise<void> {
    this.#isAsked = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    while (this.#isAsked) {
      this.#isAsked = false;
      await this.#takeEverybodyIn();
    }
    this.#isBusy = false;
  }

  async #takeEverybodyIn(): Promise<void> {
    const { view } = this.membership;
    for (const [partition, { value, version }] of [...view.partitions]) {
      if (this.#isClosed || value.leader !== this.id) continue;
      const there = [...value.replicas, ...value.learners].filter((id) => isUsable(view, id));
      const isRight = there.length === value.inSync.length && value.learners.length === 0;
      if (isRight || there.length === 0) continue;
      await this.membership.changeInSync(partition, { inSync: there }, version);
      await this.membership.settled();
    }
  }
}
