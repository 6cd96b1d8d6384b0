/** Who may speak to the main process. */
import { EventEmitter } from 'node:events';

import type { WebContents, WebFrameMain } from 'electron';
import { expect, test } from 'vitest';

import { Senders } from '../../../../src-main/ipc/senders.ts';
import { SILENT } from '../../../../src-server/platform/logger.ts';

const contents = (): WebContents => new EventEmitter() as unknown as WebContents;
const frame = (url: string, parent: WebFrameMain | null = null): WebFrameMain =>
  Object.assign(new EventEmitter(), { url, parent }) as unknown as WebFrameMain;

test('the topmost frame of a known window on our page is answered, and nobody else', () => {
  const senders = new Senders(SILENT);
  const [known, unknown] = [contents(), contents()];
  senders.know(known);
  const ours = frame('app://zabring/');
  const accepts = (sender: WebContents, senderFrame: WebFrameMain | null): boolean =>
    senders.accept({ sender, senderFrame }) !== null;

  expect(senders.accept({ sender: known, senderFrame: ours })).toBe(ours);
  expect(accepts(unknown, ours)).toBe(false);
  expect(accepts(known, null)).toBe(false);
  expect(accepts(known, frame('app://zabring/', ours))).toBe(false);
  expect(accepts(known, frame('https://example.org/'))).toBe(false);

  known.emit('destroyed');
  expect(accepts(known, ours)).toBe(false);
});
