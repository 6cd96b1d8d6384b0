/** The joint between a window's port and a thread's. */
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';

import { expect, test } from 'vitest';

import { bridge } from '../../../../src-main/ipc/bridge.ts';
import { MessageChannelMain, type MessagePortMain } from '../../../e2e/electron-host/ports.ts';

function joined(): { page: MessagePortMain; thread: MessageChannel['port1'] } {
  const near = new MessageChannelMain();
  const far = new MessageChannel();
  bridge(near.port1, far.port1);
  near.port2.start();
  return { page: near.port2, thread: far.port2 };
}

test('messages pass both ways, whole and in order, bytes as bytes', async () => {
  const { page, thread } = joined();
  const received: unknown[] = [];
  thread.on('message', (message: unknown) => {
    received.push(message);
    thread.postMessage({ echo: message });
  });
  const bytes = new Uint8Array([0, 128, 255]);
  const echoes: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    page.on('message', ({ data }: { data: unknown }) => {
      echoes.push(data);
      if (echoes.length === 3) resolve();
    });
  });
  for (const message of [1, { bytes }, Buffer.from('text')]) page.postMessage(message);
  await all;
  expect(received).toEqual([1, { bytes }, new Uint8Array(Buffer.from('text'))]);
  expect(echoes).toEqual(received.map((message) => ({ echo: message })));
  thread.close();
});

test('when the page goes, the thread hears of it', async () => {
  const { page, thread } = joined();
  const closed = once(thread, 'close');
  thread.on('message', () => undefined);
  page.close();
  await closed;
});

test('when the thread goes, the page hears of it', async () => {
  const { page, thread } = joined();
  const closed = once(page, 'close');
  thread.close();
  await closed;
});
