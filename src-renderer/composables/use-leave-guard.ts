/** Asks before edits of a node's value are left behind. */
import { useDraft } from '../stores/draft.ts';
import { useDraftGuard } from './use-draft-guard.ts';
import { useValueActions } from './use-value-actions.ts';

export function useLeaveGuard(): void {
  const actions = useValueActions();
  useDraftGuard({
    draft: useDraft(),
    save: () => actions.save(),
    isSamePlace: (to, from) => to.path === from.path,
  });
}
