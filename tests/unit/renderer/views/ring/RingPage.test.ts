/** The ring page: answers with why and what to do, nodes with what is wrong, and what is shown where there is no ring. */
import { beforeEach, describe, expect, test, vi } from 'vitest';

import type { NodeReport, RingNode, RingView } from '#contract/ring-models.ts';

import { useDialogs } from '../../../../../src-renderer/composables/use-dialogs.ts';
import { useClusters } from '../../../../../src-renderer/stores/clusters.ts';
import { useRing } from '../../../../../src-renderer/stores/ring.ts';
import RingPage from '../../../../../src-renderer/views/ring/RingPage.vue';
import { clusterOf } from '../../examples.ts';
import { settled, useFakeConsole } from '../../fake-console.ts';
import { allOf, buttonNamed, mountIt, theOnly } from '../../mounting.ts';
import {
  type ExamplePartition,
  ringView,
  threeNodes,
  wellPartitions,
} from '../../ring-examples.ts';

vi.mock(import('../../../../../src-renderer/api/console.ts'), async () => {
  const { consoleModule } = await import('../../fake-console.ts');
  return consoleModule;
});

const console = useFakeConsole();

async function show(view: RingView): Promise<void> {
  console().begin('clusters', () => [clusterOf({ id: 'local', origin: 'local' })]);
  console().begin('ring', () => view);
  console().answer('clusters.identities', () => []);
  console().answer('ring.whatIf', ({ without }) => ({
    without,
    failOvers: 4,
    copies: 8,
    copyBytes: 2048,
    canRecover: true,
    before: [{ failures: 2, chance: 0, isExact: true }],
    after: [{ failures: 2, chance: 0.25, isExact: true }],
  }));
  await console().connect();
  useClusters();
  await mountIt(RingPage, {}, { address: '/local' });
  await settled();
  await settled();
}

function page(nodes: readonly RingNode[], partitions: readonly ExamplePartition[]): Promise<void> {
  return show(ringView(nodes, partitions));
}

const text = (selector: string): string =>
  allOf(selector)
    .map((one) => one.textContent.replace(/\s+/g, ' ').trim())
    .join('\n');

beforeEach(() => {
  useDialogs().close();
});

describe('the three questions', () => {
  test('are answered well for a ring that is', async () => {
    await page(threeNodes(), wellPartitions(16));
    expect(text('.question .answer')).toBe('Yes, all of them\nNo\nNo, all of it can be read');
  });

  test('name the node that is missed, why that matters, and what to do', async () => {
    await page(threeNodes([{}, { isAlive: false }]), wellPartitions(16));
    const [, quorum] = allOf('.question');
    expect(quorum!.textContent).toContain('16 partitions');
    expect(quorum!.textContent).toContain(
      'Start node-2; what is away for 1 min is copied elsewhere',
    );
    expect(text('.question.tone-danger')).toBe('');
  });

  test('say that what is lost waits, and what forcing would cost', async () => {
    await page(threeNodes([{ isAlive: false }]), [{ copies: [0, 1, 2], behind: [1, 2] }]);
    const reach = allOf('.question')[2]!;
    expect(reach.textContent).toContain('1 partition is out of reach');
    expect(reach.textContent).toContain('Start node-1');
    expect(reach.textContent).toContain('loses what came after');
  });

  test('bring out what they are about', async () => {
    await page(threeNodes(), wellPartitions(16));
    const button = allOf('.question')[1]!;
    button.click();
    await settled();
    expect([useRing().question, button.getAttribute('aria-pressed')]).toEqual(['quorum', 'true']);
  });
});

describe('nodes', () => {
  const figures = {
    ...{ version: '1', mode: 'durable', uptimeMs: 5000, clients: 2, keys: 12_345 },
    ...{ dataBytes: 1, diskBytes: 2048, diskFreeBytes: null, memoryBytes: null },
    ...{ partitionsHeld: 16, partitionsLed: 5, lagEntries: 3 },
  };
  const report = (id: string, more: Partial<NodeReport> = {}): NodeReport => ({
    ...{ id, trouble: null, detail: null, answerMs: 1, figures },
    ...more,
  });

  test('are listed with what they tell, and what keeps them from telling', async () => {
    await page(threeNodes(), wellPartitions(16));
    const nodes = [
      report('node-1'),
      report('node-2', { trouble: 'refused', detail: 'nobody listens there' }),
      report('node-3', { trouble: 'no-auth', detail: 'NOAUTH' }),
    ];
    const sample = { id: 'node-1', bytesInPerS: 1, bytesOutPerS: 1, lagEntries: 3 };
    console().say('ring.live', {
      atMs: 1,
      nodes,
      traffic: null,
      waits: [],
      samples: [{ atMs: 1, nodes: [{ ...sample, commandsPerS: 250 }] }],
    });
    await settled();
    const [first, second] = allOf('.nodes tbody');
    expect(first!.textContent).toContain('12,345');
    expect(first!.textContent).toContain('250');
    expect(second!.textContent).toContain('nobody listens at its address');
    expect(second!.textContent).toContain('nobody listens there');
    buttonNamed('Sign in…').click();
    expect(useDialogs().dialog.value).toEqual({ kind: 'node-access' });
    useDialogs().close();
  });

  test('of this program are ended only after it was said what that does', async () => {
    const serving = { kind: 'serving', clusterPort: 1, proxyPort: 2, startedInMs: 1 } as const;
    await page(threeNodes([{ local: serving }, { isAlive: false }]), wellPartitions(16));
    console().answer('ring.order', () => undefined);
    const { useNodeActions } =
      await import('../../../../../src-renderer/composables/use-node-actions.ts');
    const actions = useNodeActions();
    const asked = actions.of(useRing().nodes[0]!).withdraw('kill');
    const { dialog } = useDialogs();
    if (dialog.value?.kind !== 'question') throw new Error('nothing is asked');
    const { question, answer } = dialog.value;
    expect(question.title).toBe('Kill node node-1?');
    expect(question.text).toContain('16 partitions more refuse writes');
    expect([question.isDanger, question.confirm]).toEqual([true, 'Kill it all the same']);
    answer('confirm');
    await asked;
    await settled();
    expect(console().paramsOf('ring.order')).toEqual([{ id: 'node-1', what: 'kill' }]);
  });
});

test('what the ring waits for is said beside the questions, with what helps', async () => {
  await page(threeNodes(), wellPartitions(16));
  expect(allOf('.grave')).toHaveLength(0);
  const wait = {
    ...{ reason: 'disk-full', node: 'node-2', partitionCount: 9, partitions: [1, 2, 3, 4, 5, 6] },
    ...{ znode: '/ring/nodes/node-2', words: 'the disk of node-2 is 91 % full' },
  };
  console().say('ring.live', { atMs: 1, nodes: [], traffic: null, waits: [wait], samples: [] });
  await settled();
  const said = text('.grave');
  expect(said).toContain('A disk is too full.');
  expect(said).toContain('the disk of node-2 is 91 % full');
  expect(said).toContain('9 partitions: 1, 2, 3, 4, 5, …');
  expect(said).toContain('/ring/nodes/node-2');
});

test('what if somebody dies is asked, drawn and said', async () => {
  await page(threeNodes(), wellPartitions(16));
  buttonNamed('node-1').click();
  await settled();
  await settled();
  expect(console().paramsOf('ring.whatIf').at(-1)!.without).toEqual(['node-1']);
  const panel = text('.what-if');
  expect(panel).toContain('Everything would go on being read and written.');
  expect(panel).toContain('4 partitions would get another leader.');
  expect(panel).toContain('8 copies would be made elsewhere: 2 KiB.');
  expect(panel).toMatch(/2 nodes fail\s*0%\s*→ 25%/);
  buttonNamed('All alive again').click();
  await settled();
  expect(text('.what-if .none')).toBe('Choose who dies.');
});

test('the circle is a dial: keys go from partition to partition', async () => {
  await page(threeNodes(), wellPartitions(16));
  const circle = theOnly('.circle', HTMLElement);
  const press = (key: string): boolean =>
    circle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  press('ArrowLeft');
  press('ArrowLeft');
  await settled();
  expect(circle.getAttribute('aria-valuenow')).toBe('15');
  expect(circle.getAttribute('aria-valuetext')).toContain('Partition 15, slots 15360 to 16383');
  console().answer('ring.partition', ({ partition }) => ({
    ...{ partition, version: 7, changedMs: 1, replicas: [] },
  }));
  press('Enter');
  await settled();
  expect(useRing().chosen).toEqual({ kind: 'partition', partition: 15 });
  expect(text('.side .detail')).toContain('15360 – 16383');
  press('Escape');
  await settled();
  expect(useRing().chosen).toBeNull();
});

describe('where there is no ring', () => {
  const none = (more: Partial<RingView>): RingView => ({
    ...ringView([], []),
    ...{ settings: null, columns: null, controller: null },
    ...more,
  });

  test('it is said how to start one, and where else to look', async () => {
    await show(none({ absence: 'no-ring' }));
    expect(text('.blank')).toContain('There is no ring at /ring');
    expect(text('.blank')).toContain('npx zabring serve --members 3 --storage 3');
    const field = theOnly('.elsewhere input', HTMLInputElement);
    field.value = 'storage/blue/';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    buttonNamed('Look').click();
    await settled();
    expect(console().listeners('ring')).toEqual([{ cluster: 'local', root: '/storage/blue' }]);
  });

  test.each([
    ['forming', 'The ring is forming: 3 nodes have come'],
    ['no-auth', 'This session may not read /ring'],
    ['unreadable', 'is no ring this program can read'],
  ] as const)('%s', async (absence, words) => {
    await show(none({ absence, detail: 'because', nodes: threeNodes() }));
    expect(text('.blank')).toContain(words);
    expect(text('.blank')).toContain('because');
    expect(allOf('.nodes tbody')).toHaveLength(3);
  });
});
