/** What can be done with the open key, and what is said about how it went. */
import type { KeyChange } from '#contract/key-models.ts';

import { t } from '../i18n/words.ts';
import { textOfKey } from '../model/key-text.ts';
import { useKeyDraft } from '../stores/key-draft.ts';
import { useNotices } from '../stores/notices.ts';
import { formatBytes, formatLength } from './format.ts';
import { useAddress } from './use-address.ts';
import { useDialogs } from './use-dialogs.ts';

export interface KeyActions {
  /** True when it is saved. */
  save(): Promise<boolean>;
  saveOver(): Promise<void>;
  /** Null: for good. True when it was done. */
  expire(ttlMs: number | null): Promise<boolean>;
  /** Asks first. */
  remove(): Promise<void>;
  reload(): Promise<void>;
}

export function useKeyActions(): KeyActions {
  const draft = useKeyDraft();
  const notices = useNotices();
  const dialogs = useDialogs();
  const address = useAddress();

  /** What refused it shows in the panel; what was done is said here. */
  async function tell(work: () => Promise<KeyChange['kind']>, done: string): Promise<boolean> {
    try {
      const outcome = await work();
      if (outcome === 'done') notices.show('done', done);
      return outcome === 'done';
    } catch (error) {
      notices.showProblem(error);
      return false;
    }
  }

  return {
    save: async () => draft.canSave && tell(() => draft.save(), t('keys.saved')),
    saveOver: async () => {
      await tell(() => draft.saveOver(), t('keys.saved'));
    },
    expire: (ttlMs) =>
      tell(
        () => draft.expire(ttlMs),
        ttlMs === null
          ? t('keys.ttl.doneForever')
          : t('keys.ttl.done', { time: formatLength(ttlMs) }),
      ),
    remove: async () => {
      const { opened } = draft;
      if (opened === null) return;
      const key = textOfKey(opened.key);
      const answer = await dialogs.ask({
        title: t('keys.deleteTitle', { key }),
        text: t('keys.deleteText', { bytes: formatBytes(opened.valueBytes) }),
        confirm: t('keys.deleteConfirm'),
        isDanger: true,
      });
      if (answer !== 'confirm') return;
      const isDone = await tell(() => draft.remove(), t('keys.deleted', { key }));
      if (isDone) await address.openKey(null);
    },
    reload: async () => {
      await draft.reload().catch((error: unknown) => notices.showProblem(error));
    },
  };
}
