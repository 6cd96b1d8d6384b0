/** Copying to the clipboard, with a moment of telling that it was done. */
import { onScopeDispose, type Ref, ref } from 'vue';

const TOLD_MS = 1400;

export function useClipboard(): {
  readonly hasCopied: Ref<boolean>;
  copy(text: string): Promise<void>;
} {
  const hasCopied = ref(false);
  let timer = 0;
  onScopeDispose(() => window.clearTimeout(timer));
  return {
    hasCopied,
    copy: async (text) => {
      await navigator.clipboard.writeText(text);
      hasCopied.value = true;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => (hasCopied.value = false), TOLD_MS);
    },
  };
}
