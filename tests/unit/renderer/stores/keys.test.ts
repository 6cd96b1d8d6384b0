/** Keys page by page, and one of them while it is edited. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { KeyValue } from '#contract/key-models.ts';

import { useKeyDraft } from '../../../../src-renderer/stores/key-draft.ts';
import { useKeys } from '../../../../src-renderer/stores/keys.ts';
import { useRing } from '../../../../src-renderer/stores/ring.ts';
import { settled, useFakeConsole } from '../fake-console.ts';

vi.mock(import('../../../../src-renderer/api/console.ts'), async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const console = useFakeConsole();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function line(name: string) {
  return { key: bytes(name), slot: 1, partition: 0, ttlMs: null, bytes: 3 };
}

function value(name: string, text: string, more: Partial<KeyValue> = {}): KeyValue {
  const content = bytes(text);
  return {
    key: bytes(name),
    slot: 1,
    partition: 0,
    value: content,
    valueBytes: content.length,
    ttlMs: null,
    ...more,
  };
}

beforeEach(async () => {
  await console().connect();
  useRing().open('local', { isLive: false });
});

describe('the list', () => {
  test('goes on over empty pages until there are enough, and to the end', async () => {
    const pages = [
      { cursor: '7', keys: [] },
      { cursor: '9', keys: [line('a'), line('b')] },
      // While partitions move, a key may come twice.
      { cursor: null, keys: [line('b'), line('c')] },
    ];
    console().answer('keys.list', () => pages.shift()!);
    const keys = useKeys();
    keys.begin({ text: 'a', partition: 3 });
    await settled();
    expect(keys.lines.map(({ key }) => new TextDecoder().decode(key))).toEqual(['a', 'b', 'c']);
    expect(keys.isComplete).toBe(true);
    const asked = console().paramsOf('keys.list');
    expect(asked.map(({ cursor }) => cursor)).toEqual([null, '7', '9']);
    expect(asked[0]!.range).toEqual({ pattern: 'a*', partition: 3 });
  });

  test('pages of a search that was overtaken count for nothing', async () => {
    const held = console().hold('keys.list');
    const keys = useKeys();
    keys.begin({ text: 'a', partition: null });
    await settled();
    keys.begin({ text: 'b', partition: null });
    await settled();
    held[1]!({ cursor: null, keys: [line('b')] });
    held[0]!({ cursor: null, keys: [line('a')] });
    await settled();
    expect(keys.lines.map(({ key }) => new TextDecoder().decode(key))).toEqual(['b']);
  });

  test('can be stopped, and goes on where it was', async () => {
    const held = console().hold('keys.list');
    const keys = useKeys();
    keys.begin({ text: '', partition: null });
    await settled();
    keys.stop();
    held[0]!({ cursor: '5', keys: [line('a')] });
    await settled();
    expect([keys.lines.length, keys.isScanning]).toEqual([0, false]);
    void keys.more();
    await settled();
    expect(console().paramsOf('keys.list').at(-1)!.cursor).toBeNull();
  });
});

describe('one key', () => {
  test('is saved onto the value that was opened, and nothing else', async () => {
    let now = value('a', 'one');
    console().answer('keys.get', () => now);
    console().answer('keys.save', ({ value: written }) => {
      now = { ...now, value: written, valueBytes: written.length };
      return { kind: 'done' };
    });
    const draft = useKeyDraft();
    await draft.open(bytes('a'));
    expect([draft.isDirty, draft.canSave]).toEqual([false, false]);
    draft.writeText('two');
    expect(draft.canSave).toBe(true);
    expect(await draft.save()).toBe('done');
    expect(console().paramsOf('keys.save')[0]).toMatchObject({
      value: bytes('two'),
      expected: bytes('one'),
    });
    expect([draft.isDirty, draft.opened?.value]).toEqual([false, bytes('two')]);
  });

  test('a newer value is shown beside ours, and ours is saved over exactly that', async () => {
    const theirs = value('a', 'theirs');
    let current = value('a', 'one');
    console().answer('keys.get', () => current);
    console().answer('keys.save', ({ value: written, expected }) => {
      if (new TextDecoder().decode(expected) === 'one') return { kind: 'conflict', theirs };
      current = { ...theirs, value: written, valueBytes: written.length };
      return { kind: 'done' };
    });
    const draft = useKeyDraft();
    await draft.open(bytes('a'));
    draft.writeText('mine');
    expect(await draft.save()).toBe('conflict');
    expect([draft.theirs, draft.canSave]).toEqual([theirs, false]);
    expect(draft.bytes).toEqual(bytes('mine'));
    expect(await draft.saveOver()).toBe('done');
    expect(console().paramsOf('keys.save').at(-1)!.expected).toEqual(bytes('theirs'));
    expect(draft.theirs).toBeNull();
  });

  test('looking again takes over what is newer, unless something was written here', async () => {
    let current: KeyValue | null = value('a', 'one');
    console().answer('keys.get', () => current);
    const draft = useKeyDraft();
    await draft.open(bytes('a'));
    current = value('a', 'two');
    await draft.reload();
    expect(draft.bytes).toEqual(bytes('two'));
    draft.writeText('mine');
    current = value('a', 'three');
    await draft.reload();
    expect([draft.bytes, draft.theirs?.value]).toEqual([bytes('mine'), bytes('three')]);
    draft.discard();
    expect(draft.bytes).toEqual(bytes('three'));
    current = null;
    await draft.reload();
    expect([draft.isGone, draft.canSave]).toEqual([true, false]);
  });

  test('a value that is shown in part is not written', async () => {
    console().answer('keys.get', () => value('a', 'begin', { valueBytes: 2_000_000 }));
    const draft = useKeyDraft();
    await draft.open(bytes('a'));
    draft.writeText('other');
    expect([draft.isWhole, draft.canSave]).toEqual([false, false]);
  });

  test('is deleted as it was seen, and leaves the list', async () => {
    console().answer('keys.get', () => value('a', 'one'));
    console().answer('keys.delete', () => ({ kind: 'done' }));
    const keys = useKeys();
    const draft = useKeyDraft();
    await draft.open(bytes('a'));
    expect(keys.lines.length).toBe(1);
    expect(await draft.remove()).toBe('done');
    expect(console().paramsOf('keys.delete')[0]!.expected).toEqual(bytes('one'));
    expect([keys.lines.length, draft.key]).toEqual([0, null]);
  });
});
