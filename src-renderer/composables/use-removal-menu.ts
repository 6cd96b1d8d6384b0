/** What a member's menu offers to take it out for good: members that this computer runs, beside others. */
import { LogOut } from '@lucide/vue';

import type { EnsembleMember } from '#contract/ensemble-models.ts';

import type { MenuEntry } from '../components/base/menu.ts';
import { t } from '../i18n/words.ts';
import { useEnsemble } from '../stores/ensemble.ts';
import { useDialogs } from './use-dialogs.ts';

export function useRemovalMenu(): { entriesFor(member: EnsembleMember): MenuEntry[] } {
  const dialogs = useDialogs();
  const ensemble = useEnsemble();
  return {
    entriesFor: ({ id, local }) => {
      if (local === null || id === null || ensemble.facts?.local.kind !== 'ensemble') return [];
      return [
        {
          kind: 'item',
          label: t('size.remove'),
          icon: LogOut,
          isDanger: true,
          onSelect: () => dialogs.open({ kind: 'shrink', id }),
        },
      ];
    },
  };
}
