/** Bugs made on purpose, in storage nodes: the checkers must find each of them. */
import type { Step } from '../../../src-server/coordination/client/client.ts';
import { Membership } from '../../../src-server/storage/control/membership.ts';
import { PartitionStore } from '../../../src-server/storage/engine/partition-store.ts';
import type { Chunk } from '../../../src-server/storage/engine/store.ts';
import { Forwards } from '../../../src-server/storage/forwards.ts';
import { InSync, type InSyncChange } from '../../../src-server/storage/replication/in-sync.ts';
import { Leases } from '../../../src-server/storage/replication/leases.ts';
import type { LogFacts } from '../../../src-server/storage/replication/messages.ts';
import { PartitionReplica } from '../../../src-server/storage/replication/partition.ts';
import { ReplicaLog } from '../../../src-server/storage/replication/replica-log.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import { KeyTransaction } from '../../../src-server/storage/transaction.ts';
import { disguised, planted } from '../sabotage.ts';
import type { Sabotage } from './ring.ts';
import { DATA_DIR } from './ring.ts';

/** What is told durable lies in the memory of the system. */
export const LYING_SYNCS: Sabotage = {
  platform: (platform) => ({
    ...platform,
    disk: disguised(platform, (path) => path.startsWith(`${DATA_DIR}/log/`)),
  }),
};

/** A leader answers reads whoever has granted it time. */
export const READS_WITHOUT_LEASE: Sabotage = {
  plant: () => planted(Leases.prototype, 'heldUntilMs', { value: () => Infinity }),
};

/** A member that fell silent is not waited for, whatever the record says. */
export const COMMITS_WITHOUT_THE_RECORD: Sabotage = {
  plant: () => {
    const asked = new WeakMap<InSync, InSyncChange>();
    const ask = methodOf(InSync.prototype, 'ask') as InSync['ask'];
    const needed = Object.getOwnPropertyDescriptor(InSync.prototype, 'needed')!.get!;
    const uproot = [
      planted(InSync.prototype, 'ask', {
        value(this: InSync, change: InSyncChange) {
          asked.set(this, change);
          ask.call(this, change);
        },
      }),
      planted(InSync.prototype, 'needed', {
        get(this: InSync) {
          const change = asked.get(this);
          const isOpen = change?.expectedVersion === this.record.version;
          return isOpen ? change.inSync : (needed.call(this) as NodeId[]);
        },
      }),
    ];
    return () => {
      for (const undo of uproot) undo();
    };
  },
};

/** Logs are compared by their length alone. */
export const COMPARED_BY_LENGTH: Sabotage = {
  plant: () =>
    planted(ReplicaLog.prototype, 'sharedWith', {
      value(this: ReplicaLog, other: LogFacts) {
        return Math.min(this.lastSeq, other.lastSeq);
      },
    }),
};

/** A controller writes whatever it decided, though others have written since, or decide now. */
export const UNFENCED_CONTROLLER: Sabotage = {
  plant: () => {
    const transact = methodOf(Membership.prototype, 'transact') as Membership['transact'];
    return planted(Membership.prototype, 'transact', {
      value(this: Membership, steps: readonly Step[]) {
        const fence = this.paths.controllerEpoch;
        const unfenced = steps.map((step): Step => {
          if (step.kind === 'check' && step.path === fence)
            return { ...step, path: this.paths.root };
          return step.kind === 'set' ? { ...step, version: -1 } : step;
        });
        const checked = unfenced.map((step) =>
          step.kind === 'check' ? { ...step, version: -1 } : step,
        );
        return transact.call(this, checked);
      },
    });
  },
};

/** The last part of a copy is said to be there. */
export const COPIES_WITHOUT_END: Sabotage = {
  plant: () => {
    const install = methodOf(
      PartitionStore.prototype,
      'installChunk',
    ) as PartitionStore['installChunk'];
    return planted(PartitionStore.prototype, 'installChunk', {
      value(this: PartitionStore, chunk: Chunk) {
        const isLast = chunk.cursor === 0;
        return install.call(this, isLast ? { ...chunk, bytes: new Uint8Array(0) } : chunk);
      },
    });
  },
};

/** A write whose answer was lost on its way between two nodes is asked for again. */
export const REPEATED_ERRANDS: Sabotage = {
  plant: () => {
    const send = methodOf(Forwards.prototype, 'send') as Forwards['send'];
    return planted(Forwards.prototype, 'send', {
      value(this: Forwards, ...[node, errand, answer]: Parameters<Forwards['send']>) {
        send.call(this, node, errand, (outcome) =>
          answer(outcome.kind === 'lost' ? { kind: 'unsent', why: outcome.why } : outcome),
        );
      },
    });
  },
};

/** A new disk says that it is the old one. */
export const BELIEVED_DISKS: Sabotage = {
  platform: (platform) => ({
    ...platform,
    entropy: {
      ...platform.entropy,
      bytes: (count: number) =>
        count === FOLDER_NAME_BYTES ? Buffer.alloc(count, 7) : platform.entropy.bytes(count),
      uint32: () => platform.entropy.uint32(),
    },
  }),
};
const FOLDER_NAME_BYTES = 20;

/** A follower answers whoever does not mind old answers, whatever it last heard. */
export const BOUNDLESS_STALENESS: Sabotage = {
  plant: () => planted(PartitionReplica.prototype, 'staleMs', { get: () => 0 }),
};

/** Keys that were to live for a while live for ever. */
export const IMMORTAL_KEYS: Sabotage = {
  plant: () => {
    const put = methodOf(KeyTransaction.prototype, 'put') as KeyTransaction['put'];
    return planted(KeyTransaction.prototype, 'put', {
      value(this: KeyTransaction, key: Uint8Array, value: Uint8Array) {
        put.call(this, key, value, 0);
      },
    });
  },
};

function methodOf(prototype: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(prototype, name)!.value;
}
