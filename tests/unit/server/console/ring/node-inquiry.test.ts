/** What is asked of a node, and what of its answers reaches the page. */
import { expect, test } from 'vitest';

import type { RingNode } from '#contract/ring-models.ts';

import type { NodeDoors } from '../../../../../src-server/console/service/ring/node-doors.ts';
import { NodeInquiry } from '../../../../../src-server/console/service/ring/node-inquiry.ts';
import { NodeClock } from '../../../../../src-server/platform/node/clock.ts';
import { type Reply, RespError } from '../../../../../src-server/storage/resp/reply.ts';

const NODE: RingNode = {
  ...{ id: 'node-1', region: 'here', zone: 'a', host: 'a', weight: 1, capBytes: null },
  ...{ isPlaced: true, isOut: false, isAlive: true, incarnation: 1, local: null },
  ...{ clusterAddress: 'a:1', proxyAddress: 'a:2' },
};
const text = (words: string): Buffer => Buffer.from(words);

/** A node that answers so to RING.WAITS, and what it was asked. */
function inquire(waits: Reply): { readonly inquiry: NodeInquiry; readonly asked: string[] } {
  const asked: string[] = [];
  const doors: Pick<NodeDoors, 'ask'> = {
    ask: (_address, words = []) => {
      const name = words.map(String).join(' ');
      asked.push(name);
      if (name === 'RING.WAITS') return Promise.resolve([waits]);
      return Promise.resolve([name === 'RING.STATUS' ? [text('node'), text('node-1')] : []]);
    },
  };
  const inquiry = new NodeInquiry({
    clock: new NodeClock(),
    doors: () => doors as NodeDoors,
    node: NODE,
  });
  return { inquiry, asked };
}

function wait(reason: string, partition: number | null, node: string | null): Reply {
  const znode = `/ring/partitions/${partition}`;
  return [text(reason), partition, node === null ? null : text(node), text(znode), text(reason)];
}

test('whoever decides placement is asked what the ring waits for, and alike waits are one', async () => {
  const { inquiry, asked } = inquire([
    ...Array.from({ length: 9 }, (_, partition) => wait('away', partition, 'node-2')),
    wait('away', 9, 'node-3'),
    wait('too-few-nodes', null, null),
  ]);
  await inquiry.ask(1, { isController: true });
  expect(asked).toContain('RING.WAITS');
  expect(inquiry.last!.waits).toEqual([
    {
      ...{ reason: 'away', node: 'node-2', partitionCount: 9, partitions: [0, 1, 2, 3, 4, 5] },
      ...{ znode: '/ring/partitions/0', words: 'away' },
    },
    {
      ...{ reason: 'away', node: 'node-3', partitionCount: 1, partitions: [9] },
      ...{ znode: '/ring/partitions/9', words: 'away' },
    },
    {
      ...{ reason: 'too-few-nodes', node: null, partitionCount: 0, partitions: [] },
      ...{ znode: '/ring/partitions/null', words: 'too-few-nodes' },
    },
  ]);
});

test('nobody else is asked that, and who does not know tells nothing', async () => {
  const other = inquire([]);
  await other.inquiry.ask(1, { isController: false });
  expect(other.asked).not.toContain('RING.WAITS');
  const former = inquire(new RespError('ERR this node does not control the ring'));
  await former.inquiry.ask(1, { isController: true });
  expect(former.inquiry.last).toMatchObject({ trouble: null, waits: [] });
});
