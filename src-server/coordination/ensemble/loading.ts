/** How a state comes from the disk: a machine for each attempt, and the end of the log for learners that lag a little. */
import { Fifo } from '../../base/fifo.ts';
import type { Zxid } from '../../base/zxid.ts';
import { Reader } from '../../bytes/reader.ts';
import type { Settings } from '../../config/settings.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Platform } from '../../platform/platform.ts';
import type {
  LogEntry,
  Recovered,
  RecoveryTarget,
  SnapshotSink,
  StatedDigest,
} from '../journal/journal.ts';
import { OpCode } from '../model/ops.ts';
import type { Txn } from '../model/txn.ts';
import { Machine } from '../state/machine.ts';
import { readTxn } from '../wire/txns.ts';
import { readView } from '../wire/views.ts';
import type { Proposal } from '../zab/messages.ts';

export interface LoadingOptions {
  readonly settings: Settings;
  readonly hashSeed: number;
  /** Transactions kept from the end of the log. */
  readonly recentMax: number;
}

export class Loading implements RecoveryTarget {
  readonly #options: LoadingOptions;
  readonly #recent = new Fifo<LogEntry>(1024);
  #machine: Machine;
  #snapshotZxid: Zxid | null = null;

  constructor(options: LoadingOptions) {
    this.#options = options;
    this.#machine = newMachine(options.settings, options.hashSeed);
  }

  begin(): SnapshotSink {
    this.#machine = newMachine(this.#options.settings, this.#options.hashSeed);
    return this.#machine.loader();
  }

  loaded(zxid: Zxid, stated: StatedDigest | null): void {
    this.#snapshotZxid = zxid;
    this.#machine.finishLoading(zxid, stated);
  }

  replay(txn: Txn): void {
    this.#machine.apply(txn);
  }

  seen({ zxid, type }: Txn, payload: Buffer): void {
    const { recentMax } = this.#options;
    if (recentMax === 0) return;
    const recent = this.#recent;
    // Behind a gap that only the snapshot covers, what came before it is of no use to a learner.
    const last = recent.at(recent.length - 1)?.zxid;
    const loaded = this.#snapshotZxid;
    if (
      last !== undefined &&
      loaded !== null &&
      last < loaded &&
      zxid > loaded &&
      zxid !== last + 1
    )
      recent.clear();
    if (recent.length === recentMax) recent.shift();
    recent.push({ zxid, type, payload: Buffer.from(payload) });
  }

  /** The state, once everything was read. */
  finish({ snapshotZxid }: Recovered): Machine {
    if (snapshotZxid === null) this.#machine.createSystemNodes();
    return this.#machine;
  }

  /** The end of the log; none where the log does not reach as far as the snapshot. */
  recent({ lastZxid }: Recovered): Proposal[] {
    const recent = this.#recent;
    if (recent.at(recent.length - 1)?.zxid !== lastZxid) return [];
    return Array.from({ length: recent.length }, (_, i) => proposalOf(recent.at(i)!));
  }
}

export function newMachine(settings: Settings, hashSeed: number): Machine {
  return new Machine({
    extendedTypes: settings.extendedTypes,
    skipAcl: settings.skipAcl,
    enforceQuota: settings.enforceQuota,
    reconfigEnabled: settings.reconfigEnabled,
    compat38: settings.compat === '3.8',
    digests: settings.digestEnabled,
    hashSeed,
  });
}

/** Says what was read, and whether it is what its log says that it should be. */
export function noteLoaded(
  machine: Machine,
  { lastZxid, txnsReplayed }: Recovered,
  parts: { readonly metrics: Metrics; readonly platform: Platform; readonly tookMs: number },
): void {
  const { metrics, platform, tookMs } = parts;
  metrics.summary('dbinittime').add(tookMs);
  metrics.summary('startup_txns_loaded').add(txnsReplayed);
  platform.logger.info('database ready', {
    nodes: machine.nodeCount,
    zxid: `0x${lastZxid.toString(16)}`,
    replayed: txnsReplayed,
    ms: Math.round(tookMs),
  });
  if (machine.digestMismatches > 0) {
    platform.logger.error('the tree differs from what the log says it should be', {
      mismatches: machine.digestMismatches,
    });
  }
}

export function proposalOf({ zxid, type, payload }: LogEntry): Proposal {
  const view = type === OpCode.RECONFIG ? viewIn(payload) : null;
  return { kind: 'proposal', zxid, payload, view };
}

function viewIn(payload: Buffer): Proposal['view'] {
  const txn = readTxn(new Reader().reset(payload, 0, payload.length));
  const data = txn?.data ?? null;
  return data === null ? null : readView(Buffer.from(data).toString('utf8'));
}
