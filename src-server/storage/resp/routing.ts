/** From the words of a command to the slot that decides where it runs. */
import { partitionOf, slotOf } from '../ring/slots.ts';
import type { Arguments } from './arguments.ts';
import { type KeyCommand, keyIndexes } from './command.ts';

/** A slot of the one partition in which all keys lie, or null where there is no such partition. */
export function slotOfKeys(
  { keys }: Pick<KeyCommand, 'keys'>,
  words: Arguments,
  partitionCount: number,
): number | null {
  const first = slotOf(words.view(keys.first));
  if (keys.last === keys.first) return first;
  const partition = partitionOf(first, partitionCount);
  for (const index of keyIndexes(keys, words.count)) {
    if (partitionOf(slotOf(words.view(index)), partitionCount) !== partition) return null;
  }
  return first;
}

export interface Share {
  readonly words: Arguments;
  readonly slot: number;
  /** The place of each of its keys among all keys. */
  readonly places: readonly number[];
}

/** A command over many keys as one for each partition, every key with the words that belong to it. */
export function sharesOf(
  { keys }: Pick<KeyCommand, 'keys'>,
  words: Arguments,
  partitionCount: number,
): Share[] {
  const shares = new Map<number, { slot: number; indexes: number[]; places: number[] }>();
  for (const [place, index] of keyIndexes(keys, words.count).entries()) {
    const slot = slotOf(words.view(index));
    const partition = partitionOf(slot, partitionCount);
    let share = shares.get(partition);
    if (share === undefined) shares.set(partition, (share = { slot, indexes: [0], places: [] }));
    for (let i = index; i < index + keys.step; i++) share.indexes.push(i);
    share.places.push(place);
  }
  return [...shares.values()].map(({ slot, indexes, places }) => ({
    words: words.pick(indexes).kept(),
    slot,
    places,
  }));
}
