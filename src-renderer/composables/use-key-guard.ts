/** Asks before edits of a key are left behind: by opening another one, by going elsewhere, or by closing the page. */
import { onScopeDispose } from 'vue';
import { useRouter } from 'vue-router';

import { t } from '../i18n/words.ts';
import { useKeyDraft } from '../stores/key-draft.ts';
import { useDialogs } from './use-dialogs.ts';
import { useKeyActions } from './use-key-actions.ts';

export function useKeyGuard(): void {
  const draft = useKeyDraft();
  const router = useRouter();
  const dialogs = useDialogs();
  const actions = useKeyActions();

  const stop = router.beforeEach(async (to, from) => {
    const isSameKey = to.path === from.path && to.query['key'] === from.query['key'];
    if (isSameKey || !draft.isDirty) return true;
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
