/** A partition of two rings in words: its slots, and who holds it now and would hold it then. */
import { formatNumber, t } from '../../../i18n/words.ts';
import { slotsOf } from '../../../model/ring-table.ts';
import { type PlainTable, rowOf } from '../../../model/staged-circle.ts';

export interface ToldPartition {
  readonly title: string;
  readonly slots: string;
  readonly now: string;
  readonly then: string;
  readonly isSame: boolean;
}

/** @param rings changes: for each partition of the finer of both, 0 where nothing changes */
export function toldPartition(
  partition: number,
  rings: {
    readonly now: PlainTable;
    readonly then: PlainTable;
    readonly ids: readonly string[];
    readonly changes: ArrayLike<number>;
  },
): ToldPartition {
  const { now, then, ids, changes } = rings;
  const names = (table: PlainTable): string =>
    rowOf(table, partition, changes.length)
      .map((node) => ids[node] ?? '?')
      .join(', ');
  const { first, last } = slotsOf(partition, changes.length);
  return {
    title: t('ring.partition', { partition: formatNumber(partition) }),
    slots: t('ring.slots', { first, last }),
    now: names(now),
    then: names(then),
    isSame: changes[partition] === 0,
  };
}
