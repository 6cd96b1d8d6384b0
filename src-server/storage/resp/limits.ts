/** Where the doors push back instead of growing. */
import { assert } from '../../base/assert.ts';

export interface RespLimits {
  /** Of one key: what the engine can tell. */
  readonly keyBytesMax: number;
  /** Of one key, value or other word. */
  readonly bulkBytesMax: number;
  /** Of one command with all its words. */
  readonly commandBytesMax: number;
  /** Commands of one connection that wait for their answers; then it is not read. */
  readonly unansweredMax: number;
  /** Replies of one connection that have not left, bytes; then it is not read. */
  readonly unsentBytesSoft: number;
  /** A connection with so many is closed at once. */
  readonly unsentBytesHard: number;
  /** A connection that is not read because it takes nothing is closed after this, ms. */
  readonly unreadTimeoutMs: number;
  /** Commands queued by one MULTI, and their bytes. */
  readonly queuedCommandsMax: number;
  readonly queuedBytesMax: number;
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  /** Whoever must say who they are and does not is sent away after this, ms. */
  readonly strangerTimeoutMs: number;
  /** How long a proxy looks for the leader of a key before it gives up, ms. */
  readonly forwardTimeoutMs: number;
  /** Keys that one SCAN may look at, whatever COUNT says. */
  readonly scanCountMax: number;
}

export const DEFAULT_RESP_LIMITS: RespLimits = {
  keyBytesMax: 0xffff,
  bulkBytesMax: 0x400_0000,
  commandBytesMax: 0x800_0000,
  unansweredMax: 4096,
  unsentBytesSoft: 0x10_0000,
  // A few of the largest values: one pipeline may well ask for them before it reads the first.
  unsentBytesHard: 0x2000_0000,
  unreadTimeoutMs: 60_000,
  queuedCommandsMax: 0x1_0000,
  queuedBytesMax: 0x400_0000,
  connectionsMax: 10_000,
  connectionsPerAddressMax: 10_000,
  strangerTimeoutMs: 10_000,
  forwardTimeoutMs: 2000,
  scanCountMax: 10_000,
};

export function checkRespLimits(limits: RespLimits): void {
  assert(limits.bulkBytesMax <= limits.commandBytesMax, 'a command may hold its largest word');
  assert(
    limits.unsentBytesSoft + limits.commandBytesMax <= limits.unsentBytesHard,
    'a slow reader is paused before it is dropped',
  );
}
