/**
 * Introduces a window to the console's thread.
 *
 *   page ══ MessagePort (Chromium) ══ MessagePortMain ─┐ bridge ┌─ MessagePort (Node) ══ console's thread
 *                                                      └────────┘
 *
 * Electron's ports cannot be handed to a thread of Node's, so the two kinds meet here. Messages pass unread in their order,
 * bytes as Uint8Array, and when one end closes so does the other.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import { type IpcMain, MessageChannelMain, type MessagePortMain } from 'electron';

import { PORT, REQUEST_PORT } from './channels.ts';
import type { Senders } from './senders.ts';

export interface BrokerOptions {
  readonly ipc: Pick<IpcMain, 'on'>;
  readonly senders: Senders;
  /** Takes one end of a channel to the console. */
  readonly admit: (port: MessagePort) => void;
}

export function introduceWindows({ ipc, senders, admit }: BrokerOptions): void {
  ipc.on(REQUEST_PORT, (event) => {
    const frame = senders.accept(event);
    if (frame === null) return;
    const near = new MessageChannelMain();
    const far = new MessageChannel();
    bridge(near.port1, far.port1);
    admit(far.port2);
    frame.postMessage(PORT, null, [near.port2]);
  });
}

/** The parts of both kinds of port that matter here. */
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
