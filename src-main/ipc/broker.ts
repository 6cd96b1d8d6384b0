/**
 * Introduces a window to the console's thread.
 *
 *   page ══ MessagePort (Chromium) ══ MessagePortMain ─┐ bridge ┌─ MessagePort (Node) ══ console's thread
 *                                                      └────────┘
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import { type IpcMain, MessageChannelMain } from 'electron';

import { bridge } from './bridge.ts';
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
