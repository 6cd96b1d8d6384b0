/**
 * What is put into a page before its own scripts run.
 *
 *   page's world ◀─ events of the document, as text ─▶ preload's world ◀─ debugging protocol, as text ─▶ main process
 *
 * Functions here run in the page: they see nothing of this file but their parameters.
 */

/** From the preload's world to the main process. */
export type FromPage =
  | { readonly kind: 'hello'; readonly url: string }
  | {
      readonly kind: 'open';
      readonly url: string;
      readonly name: string;
      readonly features: string;
    }
  | { readonly kind: 'ipc'; readonly channel: string; readonly args: readonly unknown[] }
  | { readonly kind: 'port-message'; readonly port: number; readonly message: unknown }
  | { readonly kind: 'port-closed'; readonly port: number };

/** From the main process to the preload's world. */
export type ToPage =
  | {
      readonly kind: 'ipc';
      readonly channel: string;
      readonly message: unknown;
      readonly ports: readonly number[];
    }
  | { readonly kind: 'port-message'; readonly port: number; readonly message: unknown }
  | { readonly kind: 'port-closed'; readonly port: number };

export const WORLD = 'electron-host preload';
/** Given by the debugging protocol to the preload's world only. */
export const SEND = 'electronHostSend';
export const DELIVER = 'electronHostDeliver';

/** For the page's own world: builds what the preload exposes, out of its description. */
export function pageScript(): string {
  return `(${inPage.toString()})();`;
}

/** For a world of its own: the preload, with what a sandboxed preload can reach. */
export function preloadScript(source: string): string {
  const preload = `function (require, process, module, exports) {\n${source}\n}`;
  const names = JSON.stringify({ send: SEND, deliver: DELIVER, platform: process.platform });
  // Frames inside the page have no preload.
  return `if (window === window.top) (${inPreload.toString()})(${preload}, ${names});`;
}

type Description =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'function'; readonly id: number }
  | { readonly kind: 'object'; readonly fields: Readonly<Record<string, Description>> };

function inPage(): void {
  // The page may change all of these for itself afterwards.
  const { parse, stringify } = JSON;
  const { CustomEvent } = globalThis;
  const dispatch = document.dispatchEvent.bind(document);
  // Electron asks the main process before there is a window. Taking one back that shares this page's process may cost the page.
  window.open = (url = 'about:blank', name = '', features = ''): null => {
    const detail = stringify({ url: new URL(url, document.baseURI).href, name, features });
    dispatch(new CustomEvent('electron-host:open', { detail }));
    return null;
  };
  document.addEventListener('electron-host:expose', (event) => {
    const { key, description } = parse((event as CustomEvent<string>).detail) as {
      key: string;
      description: Description;
    };
    const build = (part: Description): unknown => {
      if (part.kind === 'value') return part.value;
      if (part.kind === 'function') {
        return (...args: unknown[]): void => {
          const detail = stringify({ id: part.id, args });
          dispatch(new CustomEvent('electron-host:call', { detail }));
        };
      }
      const fields = Object.entries(part.fields).map(([name, field]) => [name, build(field)]);
      return Object.freeze(Object.fromEntries(fields));
    };
    Object.defineProperty(window, key, { value: build(description), enumerable: true });
  });
}

function inPreload(
  preload: (
    require: (name: string) => unknown,
    process: object,
    module: object,
    exports: object,
  ) => void,
  names: { readonly send: string; readonly deliver: string; readonly platform: string },
): void {
  const world = globalThis as unknown as Record<string, (text: string) => void>;
  const listeners = new Map<string, ((event: object, message: unknown) => void)[]>();
  const ports = new Map<number, MessagePort>();
  const functions: ((...args: unknown[]) => void)[] = [];

  const toText = (value: unknown): string =>
    JSON.stringify(value, (_key, field: unknown) => {
      if (!(field instanceof Uint8Array)) return field;
      let text = '';
      for (const byte of field) text += String.fromCharCode(byte);
      return { $bytes: btoa(text) };
    });
  const fromText = (text: string): ToPage =>
    JSON.parse(text, (_key, field: unknown) => {
      if (typeof field !== 'object' || field === null || !('$bytes' in field)) return field;
      return Uint8Array.from(atob(field.$bytes as string), (char) => char.charCodeAt(0));
    }) as ToPage;
  const send = (message: FromPage): void => world[names.send]!(toText(message));

  const openPort = (port: number): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    ports.set(port, port2);
    port2.onmessage = ({ data }: MessageEvent): void =>
      send({ kind: 'port-message', port, message: data });
    port2.addEventListener('close', () => {
      if (ports.delete(port)) send({ kind: 'port-closed', port });
    });
    return port1;
  };
  world[names.deliver] = (text) => {
    const message = fromText(text);
    switch (message.kind) {
      case 'ipc': {
        const event = { ports: message.ports.map(openPort) };
        for (const listener of listeners.get(message.channel) ?? [])
          listener(event, message.message);
        return;
      }
      case 'port-message':
        ports.get(message.port)?.postMessage(message.message);
        return;
      case 'port-closed':
        ports.get(message.port)?.close();
        ports.delete(message.port);
        return;
    }
  };

  const describe = (value: unknown): Description => {
    if (typeof value === 'function')
      return { kind: 'function', id: functions.push(value as (typeof functions)[number]) - 1 };
    if (typeof value !== 'object' || value === null) return { kind: 'value', value };
    const fields = Object.entries(value).map(([name, field]) => [name, describe(field)]);
    return { kind: 'object', fields: Object.fromEntries(fields) as Record<string, Description> };
  };
  document.addEventListener('electron-host:open', (event) => {
    const asked = JSON.parse((event as CustomEvent<string>).detail) as {
      url: string;
      name: string;
      features: string;
    };
    send({ kind: 'open', ...asked });
  });
  document.addEventListener('electron-host:call', (event) => {
    const { id, args } = JSON.parse((event as CustomEvent<string>).detail) as {
      id: number;
      args: unknown[];
    };
    functions[id]?.(...args);
  });
  const electron = {
    contextBridge: {
      exposeInMainWorld: (key: string, api: unknown): void => {
        const detail = JSON.stringify({ key, description: describe(api) });
        document.dispatchEvent(new CustomEvent('electron-host:expose', { detail }));
      },
    },
    ipcRenderer: {
      send: (channel: string, ...args: unknown[]): void => send({ kind: 'ipc', channel, args }),
      on: (channel: string, listener: (event: object, message: unknown) => void): void => {
        listeners.set(channel, [...(listeners.get(channel) ?? []), listener]);
      },
    },
  };

  send({ kind: 'hello', url: location.href });
  const module = { exports: {} };
  const require = (name: string): unknown => {
    if (name === 'electron') return electron;
    throw new Error(`a sandboxed preload has no module ${name}`);
  };
  preload(require, { platform: names.platform, sandboxed: true }, module, module.exports);
}
