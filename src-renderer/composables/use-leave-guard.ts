/** Asks before edits are left behind: by going elsewhere in the console, or by closing the page. */
import { onScopeDispose } from 'vue';
import { useRouter } from 'vue-router';

import { t } from '../i18n/words.ts';
import { useDraft } from '../stores/draft.ts';
import { useDialogs } from './use-dialogs.ts';
import { useValueActions } from './use-value-actions.ts';

export function useLeaveGuard(): void {
  const draft = useDraft();
  const router = useRouter();
  const dialogs = useDialogs();
  const actions = useValueActions();

  const stop = router.beforeEach(async (to, from) => {
    const isSamePlace = to.path === from.path;
    if (isSamePlace || !draft.isDirty) return true;
    const answer = await dialogs.ask({
      title: t('value.leaveTitle'),
      text: t('value.leaveText'),
      confirm: t('value.leaveDiscard'),
      isDanger: true,
      alternative: t('common.save'),
    });
    if (answer === 'cancel') return false;
    if (answer === 'alternative') return actions.save();
    draft.discard();
    return true;
  });

  const onUnload = (event: BeforeUnloadEvent): void => {
    if (draft.isDirty) event.preventDefault();
  };
  window.addEventListener('beforeunload', onUnload);
  onScopeDispose(() => {
    stop();
    window.removeEventListener('beforeunload', onUnload);
  });
}
