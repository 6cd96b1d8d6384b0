/** The ring store: what is known of the ring, and what somebody points at. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import { useRing } from '../../../../src-renderer/stores/ring.ts';
import { settled, useFakeConsole } from '../fake-console.ts';
import { ringView, threeNodes, wellPartitions } from '../ring-examples.ts';

vi.mock(import('../../../../src-renderer/api/console.ts'), async () => {
  const { consoleModule } = await import('../fake-console.ts');
  return consoleModule;
});

const console = useFakeConsole();
const AT = { cluster: 'local', root: '/ring' };

beforeEach(async () => {
  console().begin('ring', () => ringView(threeNodes(), wellPartitions(16)));
  await console().connect();
});

describe('a ring that is open', () => {
  test('is unpacked, and its health reckoned', async () => {
    const ring = useRing();
    ring.open('local', { isLive: true });
    await settled();
    expect(console().listeners('ring')).toEqual([AT]);
    expect(console().listeners('ring.live')).toEqual([AT]);
    expect(ring.table?.partitionCount).toBe(16);
    expect(ring.health?.counts.whole).toBe(16);
    expect([...(ring.holdings?.held ?? [])]).toEqual([16, 16, 16]);
  });

  test('nodes are asked only where somebody looks at them', async () => {
    const ring = useRing();
    ring.open('local', { isLive: false });
    await settled();
    expect(console().listeners('ring.live')).toEqual([]);
    ring.close();
    await settled();
    expect(console().listeners('ring')).toEqual([]);
    expect(ring.table).toBeNull();
  });

  test('samples are gathered once each', async () => {
    const ring = useRing();
    ring.open('local', { isLive: true });
    await settled();
    const sample = (atMs: number) => ({ atMs, nodes: [] });
    const live = { nodes: [], traffic: null, waits: [] };
    console().say('ring.live', { atMs: 2, ...live, samples: [sample(1), sample(2)] });
    console().say('ring.live', { atMs: 3, ...live, samples: [sample(2), sample(3)] });
    await settled();
    expect(ring.samples.map(({ atMs }) => atMs)).toEqual([1, 2, 3]);
  });
});

describe('what if', () => {
  test('nodes are taken for dead and back, and health then is another', async () => {
    const ring = useRing();
    ring.open('local', { isLive: false });
    await settled();
    expect(ring.healthThen).toBeNull();
    ring.toggleWithout(['node-1', 'node-2']);
    expect(ring.healthThen?.counts.refusing).toBe(16);
    ring.toggleWithout(['node-1']);
    expect([...ring.without]).toEqual(['node-2']);
    expect(ring.healthThen?.counts).toMatchObject({ lost: 0, refusing: 0 });
    expect(ring.health?.counts.whole).toBe(16);
  });
});

describe('a key', () => {
  test('is asked for by its bytes, and the last text wins', async () => {
    const ring = useRing();
    ring.open('local', { isLive: false });
    const held = console().hold('ring.locate');
    const first = ring.locate('a');
    const second = ring.locate('\\xff');
    await settled();
    expect(
      console()
        .paramsOf('ring.locate')
        .map(({ key }) => [...key]),
    ).toEqual([[0x61], [0xff]]);
    const place = { crc: 1, hashed: Uint8Array.of(0xff), slot: 9, partition: 0 };
    held[1]!(place);
    held[0]!({ ...place, slot: 1 });
    await Promise.all([first, second]);
    expect(ring.located).toMatchObject({ text: '\\xff', place: { slot: 9 } });
    await ring.locate('');
    expect(ring.located).toBeNull();
  });
});
