/** Time. Two clocks, because they answer different questions: how long, and when. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Monotonic milliseconds from an arbitrary start; for timeouts and latencies. */
  nowMs(): number;
  /** Wall time in milliseconds since 1970; for what people read and transactions carry. */
  wallMs(): number;
  after(delayMs: number, task: () => void): Timer;
  /** Runs the task once what has already arrived was handled: the end of the turn. */
  defer(task: () => void): void;
}
