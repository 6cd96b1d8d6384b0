/** What a member needs of whoever serves clients from the state that members agree on. */
import type { Outcome } from '../model/outcome.ts';
import type { Txn } from '../model/txn.ts';
import type { Machine } from '../state/machine.ts';
import type { Waiter } from './submit.ts';

export interface Service {
  beginService(machine: Machine, service: 'full' | 'read-only'): void;
  endService(): void;
  /** A session ended without a transaction. */
  dismiss(sessionId: bigint): void;
  onApplied(txn: Txn, outcome: Outcome, waiter: Waiter | null): void;
  /** The end of a turn. */
  flush(): void;
}

export const NO_SERVICE: Service = {
  beginService: () => undefined,
  endService: () => undefined,
  dismiss: () => undefined,
  onApplied: () => undefined,
  flush: () => undefined,
};
