/** The machine's clocks. */
import { performance } from 'node:perf_hooks';

import type { Clock, Timer } from '../clock.ts';

export class NodeClock implements Clock {
  nowMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  after(delayMs: number, task: () => void): Timer {
    const timer = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(timer) };
  }

  defer(task: () => void): void {
    setImmediate(task);
  }
}
