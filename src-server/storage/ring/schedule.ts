/**
 * In which steps the handovers of a plan happen: as many at a time as their nodes can carry, one at a time for each partition.
 *
 * In a step no node takes more than `transfersPerNode` copies or gives more. The node with most left to take chooses first,
 * and takes the most urgent of what it is due: partitions with the fewest copies, then the hottest. Where disks are freed after
 * each step, a copy that does not fit waits until it does, or until nothing else is left to do.
 */
import { assert } from '../../base/assert.ts';
import type { Change } from './changes.ts';
import { NOBODY } from './table.ts';

/** A copy that is to be made: the number of a change, and which of its handovers it is. */
export interface Transfer {
  readonly change: number;
  readonly handover: number;
  /** Who sends it; nobody when there is nothing to send. */
  readonly source: number;
  readonly to: number;
  readonly bytes: number;
  /** How many live copies there are: the fewer, the sooner. */
  readonly copies: number;
  readonly heat: number;
}

export interface ScheduleOptions {
  readonly transfersPerNode: number;
  /** What each node holds before, and the most it may hold. */
  readonly heldBytes: Float64Array;
  readonly capBytes: Float64Array;
  readonly freesAt: 'end' | 'step';
}

export function stepsOf(
  changes: readonly Change[],
  transfers: readonly Transfer[],
  options: ScheduleOptions,
): Transfer[][] {
  const schedule = new Schedule(changes, transfers, options);
  const steps: Transfer[][] = [];
  for (let left = transfers.length; left > 0; left -= steps.at(-1)!.length) {
    const fitting = schedule.next(steps.length, options.freesAt === 'step');
    steps.push(fitting.length > 0 ? fitting : schedule.next(steps.length, false));
    assert(steps.at(-1)!.length > 0, 'something can always be done next');
  }
  return steps;
}

/** What one node is still to take. */
interface Queue {
  readonly to: number;
  readonly due: Transfer[];
  bytes: number;
}

class Schedule {
  readonly #changes: readonly Change[];
  readonly #options: ScheduleOptions;
  readonly #queues: Queue[];
  /** How many handovers of each change are done, and the step of the last of them. */
  readonly #done: Uint8Array;
  readonly #lastStep: Int32Array;
  readonly #held: Float64Array;
  readonly #giving: Uint16Array;

  constructor(
    changes: readonly Change[],
    transfers: readonly Transfer[],
    options: ScheduleOptions,
  ) {
    this.#changes = changes;
    this.#options = options;
    this.#done = new Uint8Array(changes.length);
    this.#lastStep = new Int32Array(changes.length).fill(-1);
    this.#held = options.heldBytes.slice();
    this.#giving = new Uint16Array(this.#held.length);
    const queues = new Map<number, Queue>();
    for (const transfer of transfers) {
      const queue = queues.get(transfer.to) ?? { to: transfer.to, due: [], bytes: 0 };
      queue.due.push(transfer);
      queue.bytes += transfer.bytes;
      queues.set(transfer.to, queue);
    }
    this.#queues = [...queues.values()];
    for (const { due } of this.#queues) {
      due.sort((a, b) => a.copies - b.copies || b.heat - a.heat || a.change - b.change);
    }
  }

  next(step: number, mustFit: boolean): Transfer[] {
    const chosen: Transfer[] = [];
    this.#giving.fill(0);
    this.#queues.sort((a, b) => b.bytes - a.bytes || a.to - b.to);
    for (const queue of this.#queues) {
      let taking = 0;
      for (let at = 0; at < queue.due.length && taking < this.#options.transfersPerNode; at++) {
        const transfer = queue.due[at]!;
        if (!this.#isPossible(transfer, step, mustFit)) continue;
        this.#start(transfer, step);
        chosen.push(transfer);
        queue.due.splice(at--, 1);
        queue.bytes -= transfer.bytes;
        taking++;
      }
    }
    for (const transfer of chosen) this.#free(transfer);
    return chosen;
  }

  #isPossible(transfer: Transfer, step: number, mustFit: boolean): boolean {
    const { change, handover, source, to, bytes } = transfer;
    if (handover !== this.#done[change] || this.#lastStep[change] === step) return false;
    if (source !== NOBODY && this.#giving[source]! >= this.#options.transfersPerNode) return false;
    return !mustFit || this.#held[to]! + bytes <= this.#options.capBytes[to]!;
  }

  #start({ change, source, to, bytes }: Transfer, step: number): void {
    if (source !== NOBODY) this.#giving[source]!++;
    this.#lastStep[change] = step;
    this.#done[change]!++;
    this.#held[to]! += bytes;
  }

  #free({ change, handover, bytes }: Transfer): void {
    const { from } = this.#changes[change]!.handovers[handover]!;
    if (from !== NOBODY) this.#held[from]! -= bytes;
  }
}
