/**
 * Composition of a member among others: the only file that knows all its rooms.
 *
 *   start:  directories → recover → ports of the ensemble → client port, closed until there is a leader
 *   stop:   the same list backwards
 */
import type { HostPort } from '../config/ensemble-config.ts';
import { EnsembleFiles } from '../config/ensemble-files.ts';
import { limitsFor } from '../config/limits.ts';
import type { Settings } from '../config/settings.ts';
import { Metrics } from '../platform/metrics.ts';
import type { MemberFacts } from './admin/member-facts.ts';
import { answerWord } from './admin/words.ts';
import {
  addressAt,
  type EnsembleOptions,
  natureIn,
  type Server,
  type ServerOptions,
  servingParts,
} from './composition.ts';
import { Links } from './ensemble/links.ts';
import { Member } from './ensemble/member.ts';
import { clientAddressOf } from './ensemble/membership.ts';
import { Storage } from './ensemble/storage.ts';
import { memberFacts, type MemberParts } from './member-facts.ts';
import { peerNet } from './peer-net.ts';
import { quorumFacts } from './quorum-facts.ts';
import { Door } from './serving/door.ts';
import { configOf } from './wire/views.ts';

export async function startEnsembleServer(
  options: ServerOptions & { readonly ensemble: EnsembleOptions },
): Promise<Server> {
  const { settings, platform, ensemble } = options;
  const { config, next, file, faults = null } = ensemble;
  const limits = limitsFor(settings);
  const metrics = new Metrics();
  const startedMs = platform.clock.nowMs();
  const net = peerNet({
    settings,
    platform,
    views: () => [member.peer.view, member.peer.nextView],
  });
  const links: Links = new Links({
    net,
    clock: platform.clock,
    logger: platform.logger,
    limits,
    faults,
    handler: {
      onMessage: (link, message) => member.onMessage(link, message),
      onDown: (link, reason) => member.onDown(link, reason),
    },
    onAccepted: (link) => member.onAccepted(link),
  });
  const storage = Storage.open({
    settings,
    limits,
    platform,
    metrics,
    linkById: (id) => links.byId(id),
    onProgress: options.onProgress,
    requests: () => parts.stats.received,
  });
  const member: Member = new Member({
    settings,
    limits,
    platform,
    net,
    links,
    storage,
    config,
    next,
    files: file === null ? null : new EnsembleFiles({ disk: platform.disk, file }),
    faults,
    onClientAddress: (address) => onClientAddress(address),
    onPhase: (status) => ensemble.onPhase?.(status),
    onFatal: (error) => {
      void door.close();
      options.onFatal(error);
    },
  });
  const parts = servingParts(settings, metrics, storage.machine);
  const facts = memberFacts({
    ...parts,
    version: options.version,
    settings,
    platform,
    machine: () => storage.machine,
    journal: storage.journal,
    mode: () => modeOf(member),
    isServing: () => member.isServing || member.isReadOnly,
    outstanding: () => member.submit.outstanding,
    sessionClock: () => member.sessions.clock,
    localSessions: () => localSessionsOf(member),
    quorum: () => quorumFacts({ settings, platform, member }),
    serverId: settings.serverId,
    startedMs,
    door: () => door,
  });
  const door = new Door({
    ...parts,
    settings,
    clock: platform.clock,
    net: platform.net,
    logger: platform.logger,
    machine: storage.machine,
    writes: member.submit,
    sessions: member.sessions,
    words: (word) => answerWord(word, facts, wordsOf(settings)),
  });
  /** A reconfiguration may say that clients connect elsewhere; those who are here stay. */
  const onClientAddress = (address: HostPort): void => {
    void door.moveTo(clientAddressOf(address)).catch((error: unknown) => {
      platform.logger.error('clients cannot connect where the configuration says', {
        why: error instanceof Error ? error.message : String(error),
      });
    });
  };
  member.listen(door);
  try {
    await door.open();
    await member.start();
  } catch (error) {
    await door.close();
    await member.stop();
    throw error;
  }
  return {
    get clientPort() {
      return door.port;
    },
    recovered: storage.recovered,
    ensemble: {
      get status() {
        return member.status;
      },
      get zxid() {
        return storage.machine.lastZxid;
      },
      get isServing() {
        return member.isServing;
      },
      get config() {
        return configOf(member.peer.view);
      },
      get learners() {
        return member.peer.learners;
      },
      get peers() {
        return member.electionLinks.status;
      },
      timelineSince: (revision) => member.timeline.since(revision),
      restTimeline: () => member.timeline.rest(),
      stepDown: (reason) => member.stepDown(reason),
    },
    natureOf: (path) => natureIn(storage.machine, path),
    addressOf: (sessionId) => addressAt(door, sessionId),
    stop: async () => {
      await door.close();
      await member.stop();
    },
  };
}

/** Clients that accept a server that can only read ask it whether it is one. */
function wordsOf({ fourLetterWords, readOnlyModeEnabled }: Settings): Settings['fourLetterWords'] {
  return fourLetterWords === '*' || !readOnlyModeEnabled
    ? fourLetterWords
    : [...fourLetterWords, 'isro'];
}

function localSessionsOf({ sessions }: Member): ReturnType<MemberParts['localSessions']> {
  const { localClock: clock, localCount: count } = sessions;
  return clock === null ? null : { clock, count };
}

function modeOf({ status, isReadOnly }: Member): MemberFacts['mode'] {
  if (isReadOnly) return 'read-only';
  if (status.role === 'leading') return 'leader';
  return status.role === 'observing' ? 'observer' : 'follower';
}
