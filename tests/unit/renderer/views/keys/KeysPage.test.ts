/** The keys page: keys that are listed and chosen, a conflict that is shown, and what is said where there are none. */
import { describe, expect, test, vi } from 'vitest';

import type { KeyValue } from '#contract/key-models.ts';
import type { RingView } from '#contract/ring-models.ts';

import { useClusters } from '../../../../../src-renderer/stores/clusters.ts';
import { useKeyDraft } from '../../../../../src-renderer/stores/key-draft.ts';
import KeysPage from '../../../../../src-renderer/views/keys/KeysPage.vue';
import NewKeyDialog from '../../../../../src-renderer/views/keys/NewKeyDialog.vue';
import { clusterOf } from '../../examples.ts';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, fill, mountIt, theOnly } from '../../mounting.ts';
import { ringView, threeNodes, wellPartitions } from '../../ring-examples.ts';

vi.mock(import('../../../../../src-renderer/api/console.ts'), async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const console = useFakeConsole();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function value(text: string): KeyValue {
  const content = bytes(text);
  return {
    ...{ key: bytes('user:1'), slot: 81, partition: 1, ttlMs: 5_400_000 },
    ...{ value: content, valueBytes: content.length },
  };
}

async function show(view: RingView, address = '/local/keys'): Promise<void> {
  console().begin('clusters', () => [clusterOf()]);
  console().begin('ring', () => view);
  console().answer('clusters.identities', () => []);
  await console().connect();
  useClusters();
  await mountIt(KeysPage, {}, { address });
  await settled();
  await settled();
}

const ring = (): RingView => ringView(threeNodes(), wellPartitions(16));
const text = (selector: string): string =>
  allOf(selector)
    .map((one) => one.textContent.replace(/\s+/g, ' ').trim())
    .join('\n');

describe('the list', () => {
  test('says how many there are, and whether there are more', async () => {
    console().answer('keys.list', () => ({ cursor: null, keys: [] }));
    await show(ring());
    expect(text('.left')).toContain('There are no keys yet');
    expect(text('.left .foot')).toContain('0 keys');
  });

  test('is of the partition the address names', async () => {
    console().answer('keys.list', () => ({ cursor: null, keys: [] }));
    await show(ring(), '/local/keys?partition=3');
    expect(console().paramsOf('keys.list').at(-1)!.range).toEqual({ pattern: '*', partition: 3 });
    expect(text('.partition')).toBe('Partition 3');
    expect(text('.left')).toContain('No key fits');
  });
});

describe('the key the address names', () => {
  test('is shown with where it lies and how long it lives', async () => {
    console().answer('keys.list', () => ({ cursor: null, keys: [] }));
    console().answer('keys.get', () => value('hello'));
    await show(ring(), '/local/keys?key=user:1');
    expect(text('.panel .head')).toContain('user:1');
    expect(text('.panel .facts')).toMatch(/Slot 81 · partition 1\s*1h (30|29)m left/);
    expect(text('.panel .foot')).toContain('Unchanged');
  });

  test('a newer value is shown beside ours before anything is overwritten', async () => {
    console().answer('keys.list', () => ({ cursor: null, keys: [] }));
    console().answer('keys.get', () => value('hello'));
    console().answer('keys.save', () => ({ kind: 'conflict', theirs: value('theirs') }));
    await show(ring(), '/local/keys?key=user:1');
    useKeyDraft().writeText('mine');
    await settled();
    buttonNamed('Save').click();
    await settled();
    await settled();
    expect(text('.conflict')).toContain('Somebody has written this key since you opened it.');
    expect(buttonNamed('Save mine over it').disabled).toBe(false);
    buttonNamed('Take theirs').click();
    await settled();
    expect(useKeyDraft().bytes).toEqual(bytes('theirs'));
  });

  test('that is not there says so', async () => {
    console().answer('keys.list', () => ({ cursor: null, keys: [] }));
    console().answer('keys.get', () => null);
    await show(ring(), '/local/keys?key=nobody');
    expect(text('.panel')).toContain('There is no such key');
  });
});

describe('instead of keys', () => {
  test('the way to the ring is shown where there is none', async () => {
    await show({ ...ring(), settings: null, columns: null, absence: 'no-ring' });
    expect(text('.blank')).toContain('There is no ring to keep keys in');
  });

  test('it is said that no node can be asked', async () => {
    const away = { isAlive: false };
    await show(ringView(threeNodes([away, away, away]), wellPartitions(16)));
    expect(text('.blank')).toContain('No storage node can be asked');
  });
});

test('a new key never overwrites one that is there', async () => {
  console().begin('ring', ring);
  console().answer('keys.create', () => ({ kind: 'exists', theirs: value('theirs') }));
  await console().connect();
  const { useRing } = await import('../../../../../src-renderer/stores/ring.ts');
  useRing().open('local', { isLive: false });
  await mountIt(NewKeyDialog);
  const [name] = allOf<HTMLInputElement>('.dialog input');
  fill(name!, 'user:1');
  const area = theOnly('.dialog textarea', HTMLTextAreaElement);
  area.value = 'mine';
  area.dispatchEvent(new Event('input', { bubbles: true }));
  await settled();
  theOnly('.dialog form', HTMLFormElement).requestSubmit();
  await settled();
  await settled();
  expect(console().paramsOf('keys.create')[0]).toMatchObject({
    key: bytes('user:1'),
    value: bytes('mine'),
    ttlMs: null,
  });
  expect(text('.dialog')).toContain(
    'There is a key of this name already. Nothing was overwritten.',
  );
});
