/** A port brokered by the desktop app. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { electronPorts } from '../../../../src-renderer/api/port-electron.ts';
import { settled } from '../fake-console.ts';

afterEach(() => void vi.useRealTimers());

const requestPort = vi.fn<() => void>();
const bridge = {
  requestPort,
  native: { platform: 'linux', showDataFolder: () => undefined, pathOf: () => '' },
} as const;

beforeEach(() => void requestPort.mockReset());

function answer(part: Partial<MessageEventInit>): MessagePort {
  const { port1, port2 } = new MessageChannel();
  const event = new MessageEvent('message', { data: 'zabring:port', source: window, ...part });
  // Node's ports are none to the simulated page, which would refuse them in the event's own list.
  Object.defineProperty(event, 'ports', { value: part.ports ?? [port1] });
  window.dispatchEvent(event);
  return port2;
}

test('the port that was asked for is the one that is spoken over', async () => {
  const opening = electronPorts(bridge)();
  expect(requestPort).toHaveBeenCalledOnce();
  const there = answer({});
  const port = await opening;
  const received = vi.fn();
  port.listen({ onMessage: received, onClose: () => undefined });
  there.postMessage({ bytes: Uint8Array.of(1) });
  await vi.waitFor(() => expect(received).toHaveBeenCalledWith({ bytes: Uint8Array.of(1) }));
  const heard = vi.fn();
  there.onmessage = (event: MessageEvent<unknown>) => void heard(event.data);
  port.send('hello');
  await vi.waitFor(() => expect(heard).toHaveBeenCalledWith('hello'));
  port.close();
  there.close();
});

test('messages from elsewhere, of other meaning or without a port are passed over', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const opening = electronPorts(bridge)();
  const refused = expect(opening).rejects.toMatchObject({ reason: 'unreachable' });
  answer({ source: null });
  answer({ data: 'something else' });
  answer({ ports: [] });
  await settled();
  vi.advanceTimersByTime(10_000);
  await refused;
});
