/** The judge finds what is broken on purpose: a simulation that passes everything says nothing. */
import { expect, test, vi } from 'vitest';

import { InSync, type InSyncChange } from '../../../src-server/storage/replication/in-sync.ts';
import { Leases } from '../../../src-server/storage/replication/leases.ts';
import { Lent } from '../../../src-server/storage/replication/lent.ts';
import type { LogFacts } from '../../../src-server/storage/replication/messages.ts';
import { ReplicaLog } from '../../../src-server/storage/replication/replica-log.ts';
import { Self } from '../../../src-server/storage/replication/self.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import { type Sabotage, Swarm } from './swarm.ts';

const SEEDS_MAX = 300;

interface Mutant {
  readonly name: string;
  readonly sabotage?: Sabotage;
  /** Changes the core until the mocks are restored. */
  readonly plant?: () => void;
}

const MUTANTS: readonly Mutant[] = [
  {
    name: 'members that acknowledge before their disks have it',
    sabotage: { acknowledgesUnsynced: true },
  },
  {
    name: 'a new leader that takes the logs of others for its own, unasked',
    plant: () => {
      vi.spyOn(ReplicaLog.prototype, 'sharedWith').mockImplementation(function (this: ReplicaLog) {
        return this.lastSeq;
      });
    },
  },
  {
    name: 'logs that are compared by their length alone',
    plant: () => {
      const shorter = function (this: ReplicaLog, other: LogFacts): number {
        return Math.min(this.lastSeq, other.lastSeq);
      };
      vi.spyOn(ReplicaLog.prototype, 'sharedWith').mockImplementation(shorter);
    },
  },
  {
    name: 'a leader that commits without a member before the record says so',
    plant: () => {
      const asked = new WeakMap<InSync, InSyncChange>();
      const ask = Object.getOwnPropertyDescriptor(InSync.prototype, 'ask')!.value as InSync['ask'];
      vi.spyOn(InSync.prototype, 'ask').mockImplementation(function (this: InSync, change) {
        asked.set(this, change);
        ask.call(this, change);
      });
      const needed = Object.getOwnPropertyDescriptor(InSync.prototype, 'needed')!.get!;
      vi.spyOn(InSync.prototype, 'needed', 'get').mockImplementation(function (this: InSync) {
        const change = asked.get(this);
        const isOpen = change?.expectedVersion === this.record.version;
        return isOpen ? change.inSync : (needed.call(this) as NodeId[]);
      });
    },
  },
  {
    name: 'a leader for whom a member counts only when the record says so, not when it was asked',
    plant: () => {
      vi.spyOn(InSync.prototype, 'needed', 'get').mockImplementation(function (this: InSync) {
        return this.record.state.inSync;
      });
    },
  },
  {
    name: 'a new leader that does not wait for what it granted',
    plant: () => {
      vi.spyOn(Lent.prototype, 'untilMs', 'get').mockReturnValue(-Infinity);
    },
  },
  {
    name: 'a leader that takes its lease to last for ever',
    plant: () => {
      vi.spyOn(Leases.prototype, 'heldUntilMs').mockReturnValue(Infinity);
    },
  },
  {
    name: 'grants that count although who gave them has left',
    plant: () => {
      const send = Object.getOwnPropertyDescriptor(Self.prototype, 'send')!.value as Self['send'];
      vi.spyOn(Self.prototype, 'send').mockImplementation(function (this: Self, to, message) {
        const isToFormer = message.kind === 'lead' && this.lent.holders(this.nowMs).includes(to);
        if (message.kind !== 'fenced' && !isToFormer) send.call(this, to, message);
      });
    },
  },
];

test.each(MUTANTS)('$name', { timeout: 600_000 }, ({ sabotage = {}, plant }) => {
  plant?.();
  try {
    expect(firstFailure(sabotage)).not.toBeNull();
  } finally {
    vi.restoreAllMocks();
  }
});

function firstFailure(sabotage: Sabotage): string | null {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    try {
      new Swarm(seed, { sabotage }).run();
    } catch (error) {
      return `seed ${seed}: ${String(error)}`;
    }
  }
  return null;
}
