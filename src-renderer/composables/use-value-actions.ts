/** What can be done with the open value, and what is said about how it went. */
import { t } from '../i18n/words.ts';
import { nameOf } from '../model/paths.ts';
import { useDraft } from '../stores/draft.ts';
import { useNotices } from '../stores/notices.ts';
import { useZnode } from '../stores/znode.ts';

export interface ValueActions {
  /** True when it is saved. */
  save(): Promise<boolean>;
  saveOver(): Promise<void>;
  createAgain(): Promise<void>;
  download(): void;
  upload(): void;
}

export function useValueActions(): ValueActions {
  const draft = useDraft();
  const znode = useZnode();
  const notices = useNotices();

  async function tell(saving: () => Promise<string>): Promise<boolean> {
    try {
      const outcome = await saving();
      if (outcome === 'saved') notices.show('done', t('value.saved'));
      return outcome === 'saved';
    } catch (error) {
      notices.showProblem(error);
      return false;
    }
  }

  return {
    save: async () => draft.canSave && tell(() => draft.save()),
    saveOver: async () => {
      await tell(() => draft.saveOver());
    },
    createAgain: async () => {
      try {
        await draft.createAgain();
        notices.show('done', t('value.createdAgain'));
      } catch (error) {
        notices.showProblem(error);
      }
    },
    download: () => {
      const path = znode.opened?.path;
      if (path === undefined) return;
      saveAsFile(nameOf(path) === '/' ? 'root' : nameOf(path), draft.bytes ?? new Uint8Array(0));
    },
    upload: () => {
      pickFile((bytes) => draft.replace(bytes));
    },
  };
}

function saveAsFile(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([bytes.slice()]));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on it by then.
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

export function pickFile(onBytes: (bytes: Uint8Array, name: string) => void): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.onchange = () => {
    const file = input.files?.[0];
    if (file === undefined) return;
    void file.arrayBuffer().then((buffer) => onBytes(new Uint8Array(buffer), file.name));
  };
  input.click();
}
