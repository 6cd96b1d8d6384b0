/** A port to the service that runs in the desktop app, brokered by its main process. */
import type { Port } from '#rpc/port.ts';

import { LinkError, type OpenPort } from './link.ts';

/** The main process answers at once or not at all. */
const ANSWER_MS = 10_000;

export function electronPorts(bridge: ZabringWindow): OpenPort {
  return () =>
    new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(patience);
        window.removeEventListener('message', onMessage);
      };
      const patience = setTimeout(() => {
        stop();
        reject(new LinkError('unreachable', 'the app gave no port'));
      }, ANSWER_MS);
      const onMessage = (event: MessageEvent): void => {
        const [port] = event.ports;
        if (event.data !== 'zabring:port' || event.source !== window || port === undefined) return;
        stop();
        resolve(toPort(port));
      };
      window.addEventListener('message', onMessage);
      bridge.requestPort();
    });
}

function toPort(port: MessagePort): Port {
  return {
    send: (message) => {
      port.postMessage(message);
    },
    listen: ({ onMessage, onClose }) => {
      port.onmessage = (event: MessageEvent) => {
        onMessage(event.data);
      };
      port.addEventListener('close', onClose);
    },
    close: () => {
      port.close();
    },
  };
}
