/**
 * Ids of new sessions: the server's id in the top byte, then 40 bits of start time, then a count.
 *
 * Apache takes the time since boot, and can give an id twice after a restart of the machine; wall time does not.
 */
import { type SessionId, sessionId } from '../../base/ids.ts';
import { CONTAINER_OWNER } from '../model/owner.ts';

const TIME_SHIFT = 24n;
const SERVER_SHIFT = 56n;

export class SessionIds {
  #next: bigint;

  constructor(serverId: number, wallMs: number) {
    const time = BigInt.asUintN(64, BigInt(Math.floor(wallMs)) << TIME_SHIFT) >> 8n;
    this.#next = BigInt.asIntN(64, time | (BigInt(serverId) << SERVER_SHIFT));
  }

  /** @param isTaken whether a session of this id exists already, should the clock have gone back */
  next(isTaken: (id: bigint) => boolean): SessionId {
    do {
      this.#next = BigInt.asIntN(64, this.#next + 1n);
    } while (this.#next === CONTAINER_OWNER || isTaken(this.#next));
    return sessionId(this.#next);
  }
}
