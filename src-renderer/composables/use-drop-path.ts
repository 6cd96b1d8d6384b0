/**
 * A file dropped onto the page, by its path: the desktop app tells where it lies; a browser does not, unless what was dropped
 * says so in words.
 */
import { type Ref, ref } from 'vue';

import { t } from '../i18n/words.ts';
import { useNotices } from '../stores/notices.ts';

export interface DropPath {
  readonly isOver: Ref<boolean>;
  onEnter(event: DragEvent): void;
  onOver(event: DragEvent): void;
  onLeave(event: DragEvent): void;
  onDrop(event: DragEvent): void;
}

export function useDropPath(onPath: (path: string) => void): DropPath {
  const notices = useNotices();
  const isOver = ref(false);
  /** Entering a part of the page comes before leaving the one before. */
  let depth = 0;

  const isWelcome = ({ dataTransfer }: DragEvent): boolean =>
    dataTransfer?.types.some((type) => type === 'Files' || type === 'text/uri-list') ?? false;

  return {
    isOver,
    onEnter: (event) => {
      if (!isWelcome(event)) return;
      event.preventDefault();
      depth++;
      isOver.value = true;
    },
    onOver: (event) => {
      if (isWelcome(event)) event.preventDefault();
    },
    onLeave: (event) => {
      if (!isWelcome(event)) return;
      depth = Math.max(0, depth - 1);
      isOver.value = depth > 0;
    },
    onDrop: (event) => {
      if (!isWelcome(event)) return;
      event.preventDefault();
      depth = 0;
      isOver.value = false;
      const path = pathIn(event.dataTransfer);
      if (path !== null) onPath(path);
      else notices.show('info', t('log.dropUnknown'), t('log.dropUnknownDetail'));
    },
  };
}

function pathIn(data: DataTransfer | null): string | null {
  const file = data?.files[0];
  const told = file === undefined ? undefined : window.zabring?.native.pathOf(file);
  if (told !== undefined && told !== '') return told;
  const uri = data?.getData('text/uri-list').split(/\r?\n/)[0] ?? '';
  if (!uri.startsWith('file://')) return null;
  try {
    return decodeURIComponent(new URL(uri).pathname);
  } catch {
    return null;
  }
}
