/** Orders of the children of one node. Keys are made once, so that a hundred thousand names sort in a moment. */
import type { TreeOrder } from '#contract/models.ts';

/** Names in order. Numbers within names count as numbers: `node-2` comes before `node-10`. */
export function sortNames(names: readonly string[], order: TreeOrder): string[] {
  const keyOf = order === 'sequence' || order === 'sequence-descending' ? sequenceKey : nameKey;
  const keyed = names.map((name) => ({ name, key: keyOf(name) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.name < b.name ? -1 : 1));
  if (order === 'name-descending' || order === 'sequence-descending') keyed.reverse();
  return keyed.map(({ name }) => name);
}

/** Every run of digits behind its own length, so that comparing texts compares numbers. */
function nameKey(name: string): string {
  return name.replace(/[0-9]+/g, (digits) => {
    const significant = digits.replace(/^0+(?=.)/, '');
    return String.fromCharCode(0x30 + Math.min(significant.length, 0x7f)) + significant;
  });
}

/** The ten digits at the end first; names without them come behind all others. */
function sequenceKey(name: string): string {
  const digits = /-?[0-9]{10}$/.exec(name)?.[0];
  return digits === undefined ? `~${nameKey(name)}` : `${digits}${name}`;
}
