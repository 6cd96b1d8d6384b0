/** Asks before staged edits of a ring are left behind; saving keeps them in this browser under the time of the moment. */
import { t } from '../i18n/words.ts';
import { useNotices } from '../stores/notices.ts';
import { useRingEditor } from '../stores/ring-editor.ts';
import { useRingScenarios } from '../stores/ring-scenarios.ts';
import { formatTime } from './format.ts';
import { useDraftGuard } from './use-draft-guard.ts';

export function useRingGuard(): void {
  const editor = useRingEditor();
  const scenarios = useRingScenarios();
  const notices = useNotices();
  useDraftGuard({
    draft: editor,
    save: () => {
      const name = formatTime(Date.now());
      scenarios.keep(name, editor.edits);
      editor.discard();
      notices.show('done', t('editor.keep.done', { name }));
      return Promise.resolve(true);
    },
    // The parts of the ring's page share what is staged.
    isSamePlace: (to, from) =>
      to.name === 'ring' && from.name === 'ring' && to.params['cluster'] === from.params['cluster'],
    words: {
      title: 'editor.leave.title',
      text: 'editor.leave.text',
      save: 'editor.leave.keep',
    },
  });
}
