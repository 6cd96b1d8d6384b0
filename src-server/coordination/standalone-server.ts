/**
 * Composition of a server on its own: nobody to agree with.
 *
 *   start:  directories → recover → state → door → turn → service          stop: the door, then the turn
 */
import { limitsFor } from '../config/limits.ts';
import { Metrics } from '../platform/metrics.ts';
import { answerWord } from './admin/words.ts';
import {
  addressAt,
  natureIn,
  type Server,
  type ServerOptions,
  servingParts,
} from './composition.ts';
import { journalOptions } from './ensemble/journal-options.ts';
import { newMachine } from './ensemble/loading.ts';
import { Standalone } from './ensemble/standalone.ts';
import { Journal, type Recovered } from './journal/journal.ts';
import { memberFacts } from './member-facts.ts';
import { Door } from './serving/door.ts';
import type { Machine } from './state/machine.ts';

/** A server on its own calls itself 0 in its configuration, whatever its session ids say. */
const STANDALONE_ID = 0;

export async function startStandaloneServer(options: ServerOptions): Promise<Server> {
  const { settings, platform } = options;
  const limits = limitsFor(settings);
  const metrics = new Metrics();
  const startedMs = platform.clock.nowMs();
  const journal = new Journal(journalOptions({ settings, limits, platform, metrics }));
  const { machine, recovered, orphans } = recover(options, journal, metrics);

  const parts = servingParts(settings, metrics, machine);
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
    ...parts,
    version: options.version,
    settings,
    platform,
    machine: () => machine,
    journal,
    mode: () => 'standalone',
    isServing: () => door.service === 'full',
    outstanding: () => member.outstanding,
    sessionClock: () => member.sessionClock,
    localSessions: () => null,
    quorum: () => null,
    serverId: STANDALONE_ID,
    startedMs,
    door: () => door,
  });
  const door = new Door({
    ...parts,
    settings,
    clock: platform.clock,
    net: platform.net,
    logger: platform.logger,
    machine,
    writes: member,
    sessions: member,
    words: (word) => answerWord(word, facts, settings.fourLetterWords),
  });
  member.listen(door);
  try {
    // First the door: from the member's start on, sessions that survived have their timeout to come back in.
    await door.open();
    await member.start({
      isNew: recovered.snapshotZxid === null,
      hasChanged: recovered.txnsReplayed > 0 || orphans > 0,
    });
  } catch (error) {
    await door.close();
    await member.stop();
    throw error;
  }
  door.beginService(machine, 'full');
  return {
    clientPort: door.port,
    recovered,
    ensemble: null,
    natureOf: (path) => natureIn(machine, path),
    addressOf: (sessionId) => addressAt(door, sessionId),
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
  let machine = newMachine(settings, hashSeed);
  const recovered = journal.recover(
    {
      begin: () => {
        machine = newMachine(settings, hashSeed);
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
