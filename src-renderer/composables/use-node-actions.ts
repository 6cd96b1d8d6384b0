/** Starting, pausing and ending storage nodes of this program, with what it does to the partitions said before. */
import type { RingNode } from '#contract/ring-models.ts';
import type { NodeOrder } from '#contract/storage-models.ts';

import { t, tn } from '../i18n/words.ts';
import { healthOf } from '../model/ring-health.ts';
import { useNotices } from '../stores/notices.ts';
import { useRing } from '../stores/ring.ts';
import type { LocalActions } from './local-entries.ts';
import { useDialogs } from './use-dialogs.ts';

export interface Consequences {
  /** What becomes of partitions without a node, in sentences. */
  readonly texts: readonly string[];
  readonly isGrave: boolean;
}

export interface NodeActions {
  of(node: RingNode): LocalActions;
  consequences(node: RingNode): Consequences;
}

export function useNodeActions(): NodeActions {
  const ring = useRing();
  const dialogs = useDialogs();
  const notices = useNotices();

  function order(node: RingNode, what: NodeOrder['what']): void {
    ring.order({ id: node.id, what }).catch((error: unknown) => notices.showProblem(error));
  }

  function consequences(node: RingNode): Consequences {
    const { table, health } = ring;
    if (table === null || health === null || !node.isAlive)
      return { texts: [t('ring.consequences.none')], isGrave: false };
    const without = ring.placesOf(new Set([node.id]));
    const then = healthOf(table, ring.nodes, { without });
    const lost = then.counts.lost - health.counts.lost;
    const refusing = then.counts.refusing - health.counts.refusing;
    const led = ring.holdings?.led[[...without][0] ?? -1] ?? 0;
    const texts = [
      ...(lost > 0 ? [tn('ring.consequences.lost', lost)] : []),
      ...(refusing > 0 ? [tn('ring.consequences.refusing', refusing)] : []),
      ...(lost <= 0 && refusing <= 0 ? [t('ring.consequences.goesOn')] : []),
      ...(led > 0 && lost <= 0 ? [tn('ring.consequences.leads', led)] : []),
    ];
    return { texts, isGrave: lost > 0 || refusing > 0 };
  }

  async function withdraw(node: RingNode, what: 'stop' | 'kill' | 'pause'): Promise<void> {
    const { texts, isGrave } = consequences(node);
    const about = what === 'stop' ? [] : [t(`ring.actions.${what}Text`)];
    const answer = await dialogs.ask({
      title: t(`ring.actions.${what}Title`, { name: node.id }),
      text: [...about, ...texts].join('\n'),
      confirm: t(isGrave ? `ensemble.actions.${what}Anyway` : `ensemble.actions.${what}Confirm`),
      isDanger: isGrave,
    });
    if (answer === 'confirm') order(node, what);
  }

  return {
    consequences,
    of: (node) => ({
      start: () => order(node, 'start'),
      resume: () => order(node, 'resume'),
      withdraw: (what) => withdraw(node, what),
    }),
  };
}
