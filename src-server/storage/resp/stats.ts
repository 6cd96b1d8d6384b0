/** What the doors count, for INFO and whoever watches. */

const SECOND_MS = 1000;

export class RespStats {
  connectionsReceived = 0;
  connectionsRejected = 0;
  /** Closed because they did not take what they were sent. */
  connectionsDropped = 0;
  commands = 0;
  errors = 0;
  bytesIn = 0;
  bytesOut = 0;
  forwarded = 0;
  moved = 0;
  uncertain = 0;
  authFailures = 0;
  #secondMs = 0;
  #commandsThen = 0;
  #rate = 0;

  /** Commands a second, over the last full second in which somebody looked. */
  rateAt(nowMs: number): number {
    const passedMs = nowMs - this.#secondMs;
    if (passedMs >= SECOND_MS) {
      this.#rate = Math.round(((this.commands - this.#commandsThen) * SECOND_MS) / passedMs);
      this.#secondMs = nowMs;
      this.#commandsThen = this.commands;
    }
    return this.#rate;
  }
}
