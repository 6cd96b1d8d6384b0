/** What a test does to one way of a link. */
import type { LinkFault } from '../../../src-server/platform/fault-lab.ts';

export function cut(from: number, to: number): LinkFault {
  return { from, to, isCut: true, delayMs: 0, lossPercent: 0 };
}

export function slow(from: number, to: number, delayMs: number): LinkFault {
  return { from, to, isCut: false, delayMs, lossPercent: 0 };
}
