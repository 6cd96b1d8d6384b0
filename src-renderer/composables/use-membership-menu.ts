/** What can be done with a member's place in its ensemble: each entry opens the dialog with that change written already. */
import { Eye, UserMinus, Vote } from '@lucide/vue';

import type { EnsembleMember } from '#contract/ensemble-models.ts';

import type { MenuEntry } from '../components/base/menu.ts';
import { t } from '../i18n/words.ts';
import { useEnsemble } from '../stores/ensemble.ts';
import { useAddress } from './use-address.ts';
import { useDialogs } from './use-dialogs.ts';
import type { MembershipWish } from './use-reconfig.ts';

export interface MembershipMenu {
  /** None for servers that belong to no configuration. */
  entriesFor(member: EnsembleMember): MenuEntry[];
}

export function hasMembership({ id, votes }: EnsembleMember): boolean {
  return id !== null && votes !== null;
}

export function useMembershipMenu(): MembershipMenu {
  const address = useAddress();
  const dialogs = useDialogs();
  const ensemble = useEnsemble();

  function open(wish: MembershipWish): void {
    const cluster = address.cluster.value;
    dialogs.open({ kind: 'reconfig', cluster, wish });
  }

  function roleEntry(id: number, votes: boolean): MenuEntry {
    return votes
      ? {
          kind: 'item',
          label: t('reconfig.menu.observe'),
          icon: Eye,
          onSelect: () => open({ kind: 'observe', id }),
        }
      : {
          kind: 'item',
          label: t('reconfig.menu.vote'),
          icon: Vote,
          onSelect: () => open({ kind: 'vote', id }),
        };
  }

  return {
    entriesFor: ({ id, votes, local }) => {
      if (id === null || votes === null) return [];
      // One that this program started is ended as well when it leaves, which is another entry: `use-removal-menu.ts`.
      if (local !== null && ensemble.facts?.local.kind === 'ensemble')
        return [roleEntry(id, votes)];
      return [
        roleEntry(id, votes),
        {
          kind: 'item',
          label: t('reconfig.menu.remove'),
          icon: UserMinus,
          isDanger: true,
          onSelect: () => open({ kind: 'remove', id }),
        },
      ];
    },
  };
}
