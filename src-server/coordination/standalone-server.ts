/**
 * Composition of one member: the only file that knows all rooms of coordination.
 *
 *   start:  directories → recover → state → turn → door          stop: the same list backwards
 */
import { limitsFor } from '../config/limits.ts';
import type { Settings } from '../config/settings.ts';
import { Metrics } from '../platform/metrics.ts';
import type { Platform } from '../platform/platform.ts';
import { answerWord } from './admin/words.ts';
import { Standalone } from './ensemble/standalone.ts';
import { Journal, type Recovered, type RecoveryProgress } from './journal/journal.ts';
import { memberFacts } from './member-facts.ts';
import { type NodeKind, ttlOfOwner } from './model/owner.ts';
import { Door } from './serving/door.ts';
import { Reads } from './serving/reads.ts';
import { ServerStats } from './serving/stats.ts';
import { Watches } from './serving/watches.ts';
import { Machine, NO_ROW } from './state/machine.ts';

export interface ServerOptions {
  readonly settings: Settings;
  readonly platform: Platform;
  /** As `srvr` prints it. */
  readonly version: string;
  readonly onProgress: (progress: RecoveryProgress) => void;
  /** The member cannot go on: what is durable is unknown. It has stopped serving. */
  readonly onFatal: (error: Error) => void;
}

export interface Server {
  /** Where clients connect. */
  readonly clientPort: number;
  readonly recovered: Recovered;
  /** What clients cannot see of a node: whether it is a container, or how long it lives. Null where there is none. */
  natureOf(path: string): NodeNature | null;
  stop(): Promise<void>;
}

export interface NodeNature {
  readonly kind: NodeKind;
  readonly ttlMs: number | null;
}

/** @throws JournalError for a data directory that cannot be used, NetError for a port that cannot be had */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { settings, platform } = options;
  const limits = limitsFor(settings);
  const metrics = new Metrics();
  const startedMs = platform.clock.nowMs();
  const journal = new Journal({
    disk: platform.disk,
    clock: platform.clock,
    logger: platform.logger,
    metrics,
    dataDir: settings.dataDir,
    dataLogDir: settings.dataLogDir,
    preallocateBytes: settings.preallocateBytes,
    forceSync: settings.forceSync,
    fsyncWarningMs: settings.fsyncWarningMs,
    recordBytesMax: limits.recordBytesMax,
    snapshotRetainCount: settings.snapRetainCount,
    reserveBytes: settings.diskReserveBytes,
    withDigest: settings.digestEnabled,
    withLastZxid: settings.compat === '3.9',
  });
  const { machine, recovered, orphans } = recover(options, journal, metrics);

  const watches = new Watches({ compat38: settings.compat === '3.8' });
  const stats = new ServerStats(metrics);
  const member = new Standalone({
    settings,
    platform,
    machine,
    journal,
    onFatal: (error) => {
      void door.close();
      options.onFatal(error);
    },
  });
  const facts = memberFacts({
    version: options.version,
    settings,
    platform,
    metrics,
    machine,
    journal,
    member,
    watches,
    stats,
    startedMs,
    door: () => door,
  });
  const door = new Door({
    settings,
    limits,
    clock: platform.clock,
    net: platform.net,
    logger: platform.logger,
    machine,
    watches,
    reads: new Reads({ machine, watches, compat38: settings.compat === '3.8' }),
    writes: member,
    sessions: member,
    words: (word) => answerWord(word, facts, settings.fourLetterWords),
    stats,
  });
  member.listen(door);
  await member.start({
    isNew: recovered.snapshotZxid === null,
    hasChanged: recovered.txnsReplayed > 0 || orphans > 0,
  });
  door.beginService(machine);
  try {
    await door.open();
  } catch (error) {
    await member.stop();
    throw error;
  }
  return {
    clientPort: door.port,
    recovered,
    natureOf: (path) => {
      const row = machine.find(path);
      if (row === NO_ROW) return null;
      const kind = machine.nodes.kind(row);
      return { kind, ttlMs: kind === 'ttl' ? ttlOfOwner(machine.nodes.owner(row)) : null };
    },
    stop: async () => {
      await door.close();
      await member.stop();
    },
  };
}

function recover(
  { settings, platform, onProgress }: ServerOptions,
  journal: Journal,
  metrics: Metrics,
): { readonly machine: Machine; readonly recovered: Recovered; readonly orphans: number } {
  const { clock, logger } = platform;
  const startedMs = clock.nowMs();
  const hashSeed = platform.entropy.uint32();
  const newMachine = (): Machine =>
    new Machine({
      extendedTypes: settings.extendedTypes,
      skipAcl: settings.skipAcl,
      enforceQuota: settings.enforceQuota,
      reconfigEnabled: settings.reconfigEnabled,
      compat38: settings.compat === '3.8',
      digests: settings.digestEnabled,
      hashSeed,
    });
  let machine = newMachine();
  const recovered = journal.recover(
    {
      begin: () => {
        machine = newMachine();
        return machine.loader();
      },
      loaded: (zxid, stated) => machine.finishLoading(zxid, stated),
      replay: (txn) => machine.apply(txn),
    },
    onProgress,
  );
  if (recovered.snapshotZxid === null) machine.createSystemNodes();
  const orphans = machine.removeOrphans();
  if (orphans.length > 0)
    logger.warn('ephemeral nodes of sessions nobody knows are removed', { count: orphans.length });
  if (machine.digestMismatches > 0) {
    logger.error('the tree differs from what the log says it should be', {
      mismatches: machine.digestMismatches,
    });
  }
  const tookMs = clock.nowMs() - startedMs;
  metrics.summary('dbinittime').add(tookMs);
  metrics.summary('startup_txns_loaded').add(recovered.txnsReplayed);
  logger.info('database ready', {
    nodes: machine.nodeCount,
    zxid: `0x${recovered.lastZxid.toString(16)}`,
    replayed: recovered.txnsReplayed,
    ms: Math.round(tookMs),
  });
  return { machine, recovered, orphans: orphans.length };
}
