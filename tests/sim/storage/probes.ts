/** Which paths a campaign of rings reached. */
import { type Probes } from '../probes.ts';

export type StorageProbes = Probes;

/** Sentences of the product that are a path of their own, with the probe's name. */
const SENTENCES: Readonly<Record<string, string>> = {
  'a copy nobody wants here is gone': 'a copy nobody wanted was dropped',
  'bytes of a partition are not what was written': 'damage was found',
  'the link to a node is down': 'a link went down',
  'this node controls the ring now': 'a controller took office',
  'this node does not control the ring any more': 'a controller was deposed',
  'the disk is nearly full; writes are refused until there is room': 'a disk was full',
};

export function noted(probes: Probes, sentence: string): void {
  const name = SENTENCES[sentence];
  if (name !== undefined) probes.hit(name);
}

const SEEDS_FOR_COMMON = 100;

/** What a campaign of so many seeds must have reached at least once; a short one need not have reached anything. */
export function expectedOfRings(seeds: number): readonly string[] {
  return seeds >= SEEDS_FOR_COMMON ? Object.values(SENTENCES) : [];
}
