/** A port over a WebSocket of the page's own server. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { webPorts } from '../../../../src-renderer/api/port-web.ts';

afterEach(() => void vi.unstubAllGlobals());

class FakeSocket {
  static readonly OPEN = 1;
  static last: FakeSocket | null = null;
  readonly url: string;
  readyState = 0;
  readonly sent: string[] = [];
  onopen: () => void = () => undefined;
  onclose: () => void = () => undefined;
  onmessage: (event: { data: unknown }) => void = () => undefined;

  constructor(url: string) {
    this.url = url;
    FakeSocket.last = this;
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen();
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.readyState = 3;
    this.onclose();
  }
}

beforeEach(() => void vi.stubGlobal('WebSocket', FakeSocket));

function locationOf(url: string): Location {
  return new URL(url) as unknown as Location;
}

test.each([
  ['http://127.0.0.1:8080/#/local', 'ws://127.0.0.1:8080/rpc'],
  ['https://ops.example/', 'wss://ops.example/rpc'],
])('the server of %s is spoken to at %s', (page, url) => {
  void webPorts(locationOf(page))();
  expect(FakeSocket.last?.url).toBe(url);
});

test('messages travel as text, and bytes among them come out as bytes', async () => {
  const opening = webPorts(locationOf('http://localhost/'))();
  const socket = FakeSocket.last!;
  socket.open();
  const port = await opening;
  const [onMessage, onClose] = [vi.fn(), vi.fn()];
  port.listen({ onMessage, onClose });
  const message = { kind: 'x', data: Uint8Array.of(0, 255), more: [null, 1.5] };
  port.send(message);
  socket.onmessage({ data: socket.sent[0] });
  socket.onmessage({ data: new ArrayBuffer(1) });
  socket.onmessage({ data: 'no JSON' });
  expect(onMessage.mock.calls).toEqual([[message], [null], [null]]);
  port.close();
  expect(onClose).toHaveBeenCalledOnce();
  port.send(message);
  expect(socket.sent).toHaveLength(1);
});

test('a socket that closed before anybody listened is closed to those who come', async () => {
  const opening = webPorts(locationOf('http://localhost/'))();
  FakeSocket.last!.open();
  const port = await opening;
  FakeSocket.last!.close();
  const onClose = vi.fn();
  port.listen({ onMessage: () => undefined, onClose });
  expect(onClose).toHaveBeenCalledOnce();
});

test.each([
  [401, 'login-needed'],
  [200, 'unreachable'],
  [null, 'unreachable'],
] as const)('refused while the page answers %s, it is %s', async (status, reason) => {
  vi.stubGlobal('fetch', () =>
    status === null ? Promise.reject(new TypeError('failed')) : Promise.resolve({ status }),
  );
  const opening = webPorts(locationOf('http://localhost/'))();
  const refused = expect(opening).rejects.toMatchObject({ reason });
  FakeSocket.last!.close();
  await refused;
});
