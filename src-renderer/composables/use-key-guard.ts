/** Asks before edits of a key are left behind, also by opening another one. */
import { useKeyDraft } from '../stores/key-draft.ts';
import { useDraftGuard } from './use-draft-guard.ts';
import { useKeyActions } from './use-key-actions.ts';

export function useKeyGuard(): void {
  const actions = useKeyActions();
  useDraftGuard({
    draft: useKeyDraft(),
    save: () => actions.save(),
    isSamePlace: (to, from) => to.path === from.path && to.query['key'] === from.query['key'],
  });
}
