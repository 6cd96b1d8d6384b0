/**
 * Seeds that once failed, with the cause. A seed tells the same story only as long as nobody changes what a run is made of; what
 * it found has a test of its own beside the code.
 */
import type { SwarmWishes } from '../swarm.ts';

export interface KnownSeed {
  readonly seed: number;
  readonly wishes: SwarmWishes;
  readonly cause: string;
}

const TEN_MINUTES_MS = 600_000;

export const KNOWN_SEEDS: readonly KnownSeed[] = [
  {
    seed: 161,
    wishes: {},
    cause: 'whoever had said goodbye stayed connected over a change of leader, and missed events',
  },
  {
    seed: 54,
    wishes: { members: 3 },
    cause: 'a write was proposed before the tick of its turn, which ended the leader',
  },
  {
    seed: 12,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'a member whose log had failed went on for a turn, and answered a sync behind a decision not applied',
  },
  { seed: 3105, wishes: {}, cause: 'failed once, and passes since something else was mended' },
  {
    seed: 5072,
    wishes: {},
    cause:
      'one member stopped while its leader was removing a node: the end of a run, not the product',
  },
  {
    seed: 128,
    wishes: {},
    cause: 'the only voter was moved to another address, and named nobody to lead',
  },
  {
    seed: 100_020,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause: 'no room for the file of a configuration, which nobody had expected',
  },
  {
    seed: 530,
    wishes: {},
    cause: 'a member that had moved was not started again: the operator, not the product',
  },
  {
    seed: 200162,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'a sync was answered in the turn in which its session had ended, while an event was still on its way to the client',
  },
  {
    seed: 300_280,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'a client took the answer to a ping for news of what it watches, and after a second reconnect asked for too little',
  },
  {
    seed: 300_426,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'the end of a run between the log and the current epoch of a learner, read back by rules that are not for members',
  },
  {
    seed: 310_255,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'a server on its own began to count sessions before it opened its door, and was stopped for seconds in between',
  },
  {
    seed: 310_560,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'a power failure took one byte of the last write, which a member refuses as damage: the disk, not the product',
  },
  {
    seed: 310_830,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'a clock was set back to the millisecond of an earlier start, and two clients got one session id',
  },
  {
    seed: 314_220,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'an order that was never decided needed the vote of a member that found itself in no list: the operator, not the product',
  },
  {
    seed: 314_284,
    wishes: { stormMs: TEN_MINUTES_MS },
    cause:
      'a member that was away knew nobody as a voter who still was one: the operator, not the product',
  },
];
