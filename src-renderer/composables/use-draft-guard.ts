/** Asks before edits of a draft are left behind: by going elsewhere in the console, or by closing the page. */
import { onScopeDispose } from 'vue';
import { type RouteLocationNormalized, useRouter } from 'vue-router';

import { t, type WordKey } from '../i18n/words.ts';
import { useDialogs } from './use-dialogs.ts';

export interface GuardedDraft {
  readonly draft: { readonly isDirty: boolean; discard(): void };
  /** @returns whether it was saved, so that one may leave */
  readonly save: () => Promise<boolean>;
  /** A way that leads to the same draft leaves nothing behind. */
  readonly isSamePlace: (to: RouteLocationNormalized, from: RouteLocationNormalized) => boolean;
  /** What would be left behind, and what saving it is called, where it is no value. */
  readonly words?: { readonly title: WordKey; readonly text: WordKey; readonly save: WordKey };
}

export function useDraftGuard({ draft, save, isSamePlace, words }: GuardedDraft): void {
  const router = useRouter();
  const dialogs = useDialogs();

  const stop = router.beforeEach(async (to, from) => {
    if (isSamePlace(to, from) || !draft.isDirty) return true;
    const answer = await dialogs.ask({
      title: t(words?.title ?? 'value.leaveTitle'),
      text: t(words?.text ?? 'value.leaveText'),
      confirm: t('value.leaveDiscard'),
      isDanger: true,
      alternative: t(words?.save ?? 'common.save'),
    });
    if (answer === 'cancel') return false;
    if (answer === 'alternative') return save();
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
