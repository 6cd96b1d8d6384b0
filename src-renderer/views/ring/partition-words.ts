/** A partition in one sentence, for who hears the page. */
import type { RingNode } from '#contract/ring-models.ts';

import { t } from '../../i18n/words.ts';
import { type RingHealth, standingAt } from '../../model/ring-health.ts';
import { copiesOf, type RingTable, slotsOf } from '../../model/ring-table.ts';

export function partitionWords(
  table: RingTable,
  health: RingHealth,
  nodes: readonly RingNode[],
  partition: number,
): string {
  const { first, last } = slotsOf(partition, table.partitionCount);
  const copies = copiesOf(table, partition);
  const names = copies.map(({ node }) => nodes[node]?.id ?? '?');
  const leader = copies.find(({ leads }) => leads);
  return t('ring.spoken', {
    partition,
    first,
    last,
    leader: leader === undefined ? t('ring.noLeader') : (nodes[leader.node]?.id ?? '?'),
    copies: names.join(', '),
    standing: t(`ring.standings.${standingAt(health, partition)}`),
  });
}
