/**
 * Joins Electron's kind of port to Node's, because the first cannot be handed to a thread and the second not to a window.
 *
 * Messages pass unread and in order, bytes as Uint8Array, and when one end closes so does the other.
 */
import type { MessagePort } from 'node:worker_threads';

import type { MessagePortMain } from 'electron';

/** The part of a window's port that matters here. */
export type NearPort = Pick<MessagePortMain, 'on' | 'postMessage' | 'start' | 'close'>;

export function bridge(near: NearPort, far: MessagePort): void {
  near.on('message', ({ data }) => {
    far.postMessage(data);
  });
  far.on('message', (data: unknown) => {
    near.postMessage(data);
  });
  near.on('close', () => {
    far.close();
  });
  far.on('close', () => {
    near.close();
  });
  near.start();
}
