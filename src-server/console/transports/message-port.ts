/** A port between threads of this process, as the console's calls use it. */
import type { MessagePort } from 'node:worker_threads';

import type { Port } from '#rpc/port.ts';

export function threadPort(port: MessagePort): Port {
  return {
    send: (message) => {
      port.postMessage(message);
    },
    listen: ({ onMessage, onClose }) => {
      port.on('message', onMessage);
      port.on('close', onClose);
    },
    close: () => {
      port.close();
    },
  };
}
