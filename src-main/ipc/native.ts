/** The few things only the system can do, asked for by a window. It names none of them and no path: each is one message. */
import type { IpcMain } from 'electron';

import { SHOW_DATA_FOLDER } from './channels.ts';
import type { Senders } from './senders.ts';

export interface NativeOptions {
  readonly ipc: Pick<IpcMain, 'on'>;
  readonly senders: Senders;
  readonly showDataFolder: () => void;
}

export function offerNativeCalls({ ipc, senders, showDataFolder }: NativeOptions): void {
  ipc.on(SHOW_DATA_FOLDER, (event) => {
    if (senders.accept(event) !== null) showDataFolder();
  });
}
