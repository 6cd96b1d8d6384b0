/** A port over a WebSocket to the server this page came from. */
import { fromJson, toJson } from '#rpc/bytes-json.ts';
import type { Port } from '#rpc/port.ts';

import { LinkError, type OpenPort } from './link.ts';

const RPC_PATH = '/rpc';
const UNAUTHORIZED = 401;

export function webPorts(location: Location): OpenPort {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return async () => {
    const socket = new WebSocket(`${scheme}//${location.host}${RPC_PATH}`);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.onopen = () => {
        resolve(true);
      };
      socket.onclose = () => {
        resolve(false);
      };
    });
    if (!isOpen) throw await whyNot();
    return toPort(socket);
  };
}

/** A refused WebSocket does not say why; the page itself does. */
async function whyNot(): Promise<LinkError> {
  const status = await fetch('/', { cache: 'no-store' }).then(
    (response) => response.status,
    () => 0,
  );
  return status === UNAUTHORIZED
    ? new LinkError('login-needed', 'the server does not know this browser')
    : new LinkError('unreachable', 'the server does not answer');
}

function toPort(socket: WebSocket): Port {
  return {
    send: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(toJson(message));
    },
    listen: ({ onMessage, onClose }) => {
      socket.onmessage = (event: MessageEvent<unknown>) => {
        onMessage(typeof event.data === 'string' ? fromJson(event.data) : null);
      };
      socket.onclose = () => {
        onClose();
      };
      if (socket.readyState !== WebSocket.OPEN) onClose();
    },
    close: () => {
      socket.close();
    },
  };
}
