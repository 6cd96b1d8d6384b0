/** Removes what lives by itself and whose time is over: empty containers, and nodes with a time to live. */
import type { Settings } from '../../config/settings.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import { OpCode } from '../model/ops.ts';
import { Request } from '../model/request.ts';
import type { Machine } from '../state/machine.ts';

const MINUTE_MS = 60_000;

export class Reaper {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #machine: Machine;
  readonly #submit: (request: Request) => void;
  #timer: Timer | null = null;
  readonly #removals = new Set<Timer>();

  constructor(parts: {
    readonly settings: Settings;
    readonly clock: Clock;
    readonly machine: Machine;
    readonly submit: (request: Request) => void;
  }) {
    this.#settings = parts.settings;
    this.#clock = parts.clock;
    this.#machine = parts.machine;
    this.#submit = parts.submit;
  }

  start(): void {
    this.#timer = this.#clock.after(this.#settings.containerCheckIntervalMs, () => {
      const due = this.#machine.dueForRemoval(
        this.#clock.wallMs(),
        this.#settings.containerNeverUsedMs,
      );
      // Spread over time, so that a thousand expired nodes do not hold up clients.
      const spacingMs = MINUTE_MS / this.#settings.containerRemovalsPerMinute;
      for (const [i, path] of due.entries()) this.#removeLater(path, i * spacingMs);
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
    for (const timer of this.#removals) timer.cancel();
    this.#removals.clear();
  }

  #removeLater(path: string, delayMs: number): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#removals.delete(timer);
      const request = new Request(OpCode.DELETE_CONTAINER);
      request.path = path;
      this.#submit(request);
    });
    this.#removals.add(timer);
  }
}
