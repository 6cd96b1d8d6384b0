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
];
