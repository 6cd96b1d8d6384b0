/**
 * Ids of new sessions: the server's id in the top byte, then 40 bits of start time, then a count that begins by chance.
 *
 * Apache takes the time since boot, and can give an id twice after a restart of the machine. Wall time does so only where the
 * clock was set back to the very millisecond of an earlier start; then chance keeps them apart. A client that does not know yet
 * that its session is over would come back to somebody else's, as the password follows from the id.
 */
import { type SessionId, sessionId } from '../../base/ids.ts';
import type { Platform } from '../../platform/platform.ts';
import { CONTAINER_OWNER } from '../model/owner.ts';

const TIME_SHIFT = 24n;
const SERVER_SHIFT = 56n;
const COUNT_MASK = 0xffff;

export class SessionIds {
  #next: bigint;

  constructor(serverId: number, { clock, entropy }: Pick<Platform, 'clock' | 'entropy'>) {
    const time = BigInt.asUintN(64, BigInt(Math.floor(clock.wallMs())) << TIME_SHIFT) >> 8n;
    const first = BigInt(entropy.uint32() & COUNT_MASK);
    this.#next = BigInt.asIntN(64, time | first | (BigInt(serverId) << SERVER_SHIFT));
  }

  /** @param isTaken whether a session of this id exists */
  next(isTaken: (id: bigint) => boolean): SessionId {
    do {
      this.#next = BigInt.asIntN(64, this.#next + 1n);
    } while (this.#next === CONTAINER_OWNER || isTaken(this.#next));
    return sessionId(this.#next);
  }
}
