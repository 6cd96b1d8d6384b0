/** Leaving a value that was not saved: asked before, and done as answered. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Router } from 'vue-router';

import { useDialogs } from '../../../../src-renderer/composables/use-dialogs.ts';
import { useLeaveGuard } from '../../../../src-renderer/composables/use-leave-guard.ts';
import { useDraft } from '../../../../src-renderer/stores/draft.ts';
import { useZnode } from '../../../../src-renderer/stores/znode.ts';
import { statOf, znodeOf } from '../examples.ts';
import { settled, useFakeConsole } from '../fake-console.ts';
import { useInPage } from '../mounting.ts';

vi.mock('../../../../src-renderer/api/console.ts', async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const fake = useFakeConsole();
const { dialog, close } = useDialogs();
let router: Router;

beforeEach(async () => {
  fake().begin('znode', () => ({ kind: 'present', znode: znodeOf({ data: 'opened' }) }));
  fake().answer('znodes.save', () => ({ kind: 'saved', stat: statOf({ version: 1, mzxid: 11 }) }));
  await fake().connect();
  const draft = useDraft();
  useZnode().open({ cluster: 'local', path: '/a' });
  await settled();
  ({ router } = await useInPage(() => useLeaveGuard(), { address: '/local/nodes/a' }));
  draft.writeText('written');
});
afterEach(() => close());

async function leave(answer: 'confirm' | 'alternative' | 'cancel' | null): Promise<string> {
  const going = router.push('/local/nodes/b');
  await settled();
  const open = dialog.value;
  if (open?.kind === 'question' && answer !== null) open.answer(answer);
  else if (answer !== null) throw new Error('nobody asked');
  await going;
  return router.currentRoute.value.path;
}

describe('an edit', () => {
  test('is kept by staying', async () => {
    expect(await leave('cancel')).toBe('/local/nodes/a');
    expect(useDraft().isDirty).toBe(true);
  });

  test('is dropped by going on', async () => {
    expect(await leave('confirm')).toBe('/local/nodes/b');
    expect(useDraft().isDirty).toBe(false);
    expect(fake().paramsOf('znodes.save')).toEqual([]);
  });

  test('is saved and left', async () => {
    expect(await leave('alternative')).toBe('/local/nodes/b');
    expect(fake().paramsOf('znodes.save')).toHaveLength(1);
  });

  test('that cannot be saved is not left', async () => {
    fake().answer('znodes.save', () => ({
      kind: 'conflict',
      theirs: znodeOf({ data: 'theirs', stat: { version: 1, mzxid: 11 } }),
    }));
    expect(await leave('alternative')).toBe('/local/nodes/a');
    expect(useDraft().isComparing).toBe(true);
  });

  test('keeps the page from being closed unasked', () => {
    const event = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
  });
});

describe('without one', () => {
  beforeEach(() => useDraft().discard());

  test('nobody is asked', async () => {
    expect(await leave(null)).toBe('/local/nodes/b');
    expect(dialog.value).toBeNull();
  });

  test('the page may be closed', () => {
    const event = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
  });
});
