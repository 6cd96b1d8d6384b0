/**
 * What a member keeps: its state, the log and the snapshots behind it, its epochs. Carries out the core's effects on them and
 * reports what came of it, each report in a turn of its own.
 */
import { assert } from '../../base/assert.ts';
import type { Zxid } from '../../base/zxid.ts';
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Journal, Recovered, RecoveryProgress } from '../journal/journal.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Txn } from '../model/txn.ts';
import type { Machine } from '../state/machine.ts';
import type { Effect } from '../zab/effects.ts';
import type { Event, LinkId } from '../zab/events.ts';
import type { Proposal } from '../zab/messages.ts';
import type { Link } from './link.ts';

/** What of the core's wishes is this room's. */
export type StorageEffect = Extract<
  Effect,
  {
    readonly kind:
      | 'settle'
      | 'append'
      | 'commit'
      | 'apply'
      | 'storeAcceptedEpoch'
      | 'storeCurrentEpoch'
      | 'truncate'
      | 'receiveSnapshot'
      | 'saveSnapshot'
      | 'sendSnapshot'
      | 'readLog';
  }
>;

export interface StorageListener {
  /**
   * For the core, in a turn of its own: the ends of what was carried out, and `linkDown` for a link that was closed here
   * because the image on it did not come or could not be read.
   */
  event(event: Event): void;
  /** A transaction was applied by `commit` or `apply`. */
  applied(txn: Txn, outcome: Outcome): void;
  /** Another machine took the place of the one before: read from the disk again, or received. */
  replaced(machine: Machine): void;
  /** Nobody knows what is durable any more: the member must stop. */
  fatal(error: Error): void;
}

export interface StorageParts {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly platform: Platform;
  readonly metrics: Metrics;
  /** Null for a link that is closed. */
  readonly linkById: (id: LinkId) => Link | null;
  readonly onProgress: (progress: RecoveryProgress) => void;
}

export class Storage {
  /** @throws JournalError for a data directory that cannot be used */
  static open(_parts: StorageParts): Storage {
    return new Storage();
  }

  listen(_listener: StorageListener): void {
    return later();
  }

  get machine(): Machine {
    return later();
  }

  get journal(): Journal {
    return later();
  }

  get recovered(): Recovered {
    return later();
  }

  get acceptedEpoch(): number {
    return later();
  }

  get currentEpoch(): number {
    return later();
  }

  /** The end of the log. */
  get lastZxid(): Zxid {
    return later();
  }

  /** The end of the log as recovery saw it. */
  get recent(): readonly Proposal[] {
    return later();
  }

  /** Snapshots now and then, from here on or not: in broadcast only, or what they hold might yet be cut. */
  set mayTakeSnapshots(_may: boolean) {
    later();
  }

  /** Encodes a transaction prepared here: its record in the log and its payload for the peers. */
  prepared(_txn: Txn): Uint8Array {
    return later();
  }

  carryOut(_effect: StorageEffect): void {
    return later();
  }

  /** Waits for what is under way, as far as the disk takes it; nothing is reported any more. */
  close(): Promise<void> {
    return later();
  }
}

function later(): never {
  assert(false, 'the storage of a member is being written');
}
