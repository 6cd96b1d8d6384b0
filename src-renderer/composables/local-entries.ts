/** Entries of a menu for what runs in this program: a member, or a storage node. */
import { Pause, Play, Square, StepForward, Zap } from '@lucide/vue';

import type { MenuEntry } from '../components/base/menu.ts';
import { t } from '../i18n/words.ts';

export interface LocalActions {
  start(): void;
  resume(): void;
  /** Takes it away from the others, after asking. */
  withdraw(what: 'stop' | 'kill' | 'pause'): Promise<void>;
}

/** @param local how it is, where it is of this program at all */
export function localEntries(
  local: { readonly kind: string } | null,
  actions: LocalActions,
): MenuEntry[] {
  if (local === null) return [];
  if (local.kind === 'stopped' || local.kind === 'failed')
    return [
      {
        kind: 'item',
        label: t('ensemble.actions.start'),
        icon: Play,
        onSelect: () => actions.start(),
      },
    ];
  return [
    local.kind === 'paused'
      ? {
          kind: 'item',
          label: t('ensemble.actions.resume'),
          icon: StepForward,
          onSelect: () => actions.resume(),
        }
      : {
          kind: 'item',
          label: t('ensemble.actions.pause'),
          icon: Pause,
          onSelect: () => void actions.withdraw('pause'),
        },
    {
      kind: 'item',
      label: t('ensemble.actions.stop'),
      icon: Square,
      onSelect: () => void actions.withdraw('stop'),
    },
    {
      kind: 'item',
      label: t('ensemble.actions.kill'),
      icon: Zap,
      isDanger: true,
      onSelect: () => void actions.withdraw('kill'),
    },
  ];
}
