/**
 * Limits that follow from settings or guard memory. Each is a place where we push back instead of growing.
 */
import { assert } from '../base/assert.ts';
import type { Settings } from './settings.ts';

export interface Limits {
  /** A log record or proposal wraps a request of the largest size in more bytes, and a group may repeat its paths. */
  readonly recordBytesMax: number;
  /** Requests of one connection that wait behind its own writes; then it is not read until half are answered. */
  readonly laneLengthMax: number;
  /** Unsent replies of one connection, bytes; then it is not read until they have left. */
  readonly unsentBytesSoft: number;
  /** Unsent bytes above which a connection that takes nothing is closed: events would pile up for it without end. */
  readonly unsentBytesHard: number;
  /**
   * Bytes sent to a learner and not taken by the system. One that lags further is dropped and brought up to date afresh:
   * the leader keeps nothing twice for somebody who is slower than the ensemble.
   */
  readonly learnerUnsentBytesMax: number;
  /** A leader's proposals that are not decided; what is asked for beyond that waits for its turn. */
  readonly proposalsMax: number;
  /**
   * Requests that wait at the leader. A learner's clients are held back by the learner, so that more than this comes only
   * from one that does not know the rules; it is dropped.
   */
  readonly submissionsMax: number;
  /**
   * Sessions whose end the leader remembers, where learners have sessions that it does not know: requests on their way when
   * a session ended are younger than so many ends.
   */
  readonly endedSessionsMax: number;
}

export function limitsFor(settings: Settings): Limits {
  // As Apache: jute.maxbuffer.extrasize is as large as jute.maxbuffer.
  const recordBytesMax = Math.min(0x7fff_ffff, settings.requestBytesMax * 2 + 1024);
  const limits: Limits = {
    recordBytesMax,
    laneLengthMax: 1024,
    unsentBytesSoft: 0x10_0000,
    unsentBytesHard: 0x400_0000,
    // Some seconds of a busy ensemble, and never so little that a few of the largest transactions could not wait.
    learnerUnsentBytesMax: Math.max(0x400_0000, recordBytesMax * 4),
    // Clients of one member are held back at the global limit, and then each may still have one request under way.
    proposalsMax: Math.max(4096, settings.globalOutstandingLimit * 4),
    submissionsMax: Math.max(0x4_0000, settings.globalOutstandingLimit * 64),
    endedSessionsMax: 0x1_0000,
  };
  assert(
    settings.minSessionTimeoutMs <= settings.maxSessionTimeoutMs,
    'the least session timeout is not above the greatest',
  );
  assert(settings.tickTimeMs > 0, 'tickTime is above 0');
  assert(settings.snapCount >= 2, 'snapCount is 2 or more');
  assert(
    settings.serverId >= 0 && settings.serverId <= (settings.extendedTypes ? 254 : 255),
    'the server id fits its byte',
  );
  assert(
    limits.unsentBytesSoft < limits.unsentBytesHard,
    'a slow reader is slowed before it is dropped',
  );
  return limits;
}
