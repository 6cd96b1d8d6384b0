/** Runs beside the page in a world of its own, and gives the page two things: a port on request, and a few native calls. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';

import { PORT, REQUEST_PORT, SHOW_DATA_FOLDER } from '../ipc/channels.ts';

contextBridge.exposeInMainWorld('zabring', {
  requestPort: () => {
    ipcRenderer.send(REQUEST_PORT);
  },
  native: {
    platform:
      process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux',
    showDataFolder: () => {
      ipcRenderer.send(SHOW_DATA_FOLDER);
    },
    // Only of a file that a person dropped or chose: of any other there is no File to ask with.
    pathOf: (file: File) => webUtils.getPathForFile(file),
  },
});

ipcRenderer.on(PORT, (event) => {
  // Bridged values are copies, and a port has no copy: it reaches the page as one window's message to itself. No other
  // origin can receive it, for this window never goes to another.
  window.postMessage(PORT, '*', [...event.ports]);
});
