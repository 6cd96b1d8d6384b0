/** What every Net promises. */
import { afterEach, describe, expect, test } from 'vitest';

import { type Listener, type Net, NetError, type Socket } from '../../src-server/platform/net.ts';
import { until } from '../peers/wait.ts';

export interface NetUnderTest {
  readonly net: Net;
  /** An address of this host. */
  readonly host: string;
  readonly isSecure?: boolean;
}

/** One end of a connection with everything that happened to it. */
class End {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  drains = 0;
  closes: (string | null)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.attach({
      onChunk: (chunk) => (this.received = Buffer.concat([this.received, chunk])),
      onDrain: () => this.drains++,
      onClose: (reason) => this.closes.push(reason),
    });
  }

  get text(): string {
    return this.received.toString('latin1');
  }
}

export function netSuite(name: string, make: () => NetUnderTest): void {
  describe(`net contract: ${name}`, () => {
    const owned: { close(): unknown }[] = [];

    afterEach(async () => {
      for (const thing of owned.splice(0).reverse()) await thing.close();
    });

    const listen = async (
      { net, host }: NetUnderTest,
      onSocket: (socket: Socket) => void,
    ): Promise<Listener> => {
      const listener = await net.listen({ host, port: 0, backlog: 16 }, onSocket);
      owned.push(listener);
      return listener;
    };

    /** Both ends of a fresh connection. */
    const pair = async (): Promise<{ near: End; far: End }> => {
      const subject = make();
      const accepted: End[] = [];
      const { port } = await listen(subject, (socket) => accepted.push(new End(socket)));
      const near = new End(
        await subject.net.connect({ host: subject.host, port, timeoutMs: 5000 }),
      );
      owned.push({ close: () => near.socket.destroy() });
      const far = await until('the connection is accepted', () => accepted[0]);
      owned.push({ close: () => far.socket.destroy() });
      return { near, far };
    };

    const refusal = async (connecting: Promise<unknown>): Promise<string> => {
      try {
        await connecting;
      } catch (error) {
        if (error instanceof NetError) return error.code;
        throw error;
      }
      return 'nothing was refused';
    };

    test('both ends know each other', async () => {
      const { near, far } = await pair();
      expect(near.socket.remotePort).toBe(far.socket.localPort);
      expect(far.socket.remotePort).toBe(near.socket.localPort);
      expect(far.socket.remoteAddress).not.toBe('');
      const { isSecure = false } = make();
      expect([near.socket.isSecure, far.socket.isSecure]).toEqual([isSecure, isSecure]);
    });

    test('bytes arrive whole and in order, both ways', async () => {
      const { near, far } = await pair();
      near.socket.write(Buffer.from('ask'));
      near.socket.write(Buffer.from('ing'));
      await until('the question arrives', () => far.text === 'asking');
      far.socket.write(Buffer.from('answer'));
      await until('the answer arrives', () => near.text === 'answer');
    });

    test('end sends what is queued, then closes; each side hears of it once', async () => {
      const { near, far } = await pair();
      const much = Buffer.alloc(0x20_0000, 'x');
      near.socket.write(much);
      near.socket.end();
      await until('everything arrives', () => far.received.length === much.length);
      await until('both are closed', () => near.closes.length > 0 && far.closes.length > 0);
      expect(near.closes).toEqual([null]);
      expect(far.closes).toEqual([null]);
    });

    test('destroy closes now, whatever is queued', async () => {
      const { near, far } = await pair();
      far.socket.pause();
      near.socket.write(Buffer.alloc(0x100_0000));
      near.socket.destroy();
      far.socket.resume();
      await until('both are closed', () => near.closes.length === 1 && far.closes.length === 1);
      expect(far.received.length).toBeLessThan(0x100_0000);
    });

    test('writing to a closed socket is no error and no queue', async () => {
      const { near } = await pair();
      near.socket.destroy();
      expect(near.socket.write(Buffer.from('late'))).toBe(true);
      await until('it is closed', () => near.closes.length === 1);
      expect(near.socket.write(Buffer.from('later'))).toBe(true);
      expect(near.socket.queuedBytes).toBe(0);
    });

    test('a paused reader makes the writer queue; drained, the writer is told', async () => {
      const { near, far } = await pair();
      far.socket.pause();
      const chunk = Buffer.alloc(0x10_0000, 'y');
      let written = 0;
      while (near.socket.write(chunk)) written += chunk.length;
      written += chunk.length;
      expect(near.socket.queuedBytes).toBeGreaterThan(0);
      expect(near.drains).toBe(0);
      far.socket.resume();
      await until('the writer is told', () => near.drains === 1);
      expect(near.socket.queuedBytes).toBe(0);
      await until('everything arrives', () => far.received.length === written);
    });

    test('a writer who queued only a little is told as well, once', async () => {
      const { near, far } = await pair();
      far.socket.pause();
      const chunk = Buffer.alloc(0x400, 'z');
      let written = 0;
      while (near.socket.write(chunk)) written += chunk.length;
      near.socket.write(chunk);
      written += 2 * chunk.length;
      expect(near.socket.queuedBytes).toBeGreaterThan(0);
      far.socket.resume();
      await until('the writer is told', () => near.drains > 0);
      expect(near.socket.queuedBytes).toBe(0);
      await until('everything arrives', () => far.received.length === written);
      const isTaken = near.socket.write(Buffer.from('mark'));
      await until('the mark arrives', () => far.text.endsWith('mark'));
      expect(near.drains).toBe(isTaken ? 1 : 2);
    });

    test('nothing is handed over while paused', async () => {
      const { near, far } = await pair();
      near.socket.write(Buffer.from('first'));
      await until('the first part arrives', () => far.text === 'first');
      far.socket.pause();
      near.socket.write(Buffer.from('second'));
      far.socket.write(Buffer.from('mark'));
      await until('the other way is open', () => near.text === 'mark');
      expect(far.text).toBe('first');
      far.socket.resume();
      await until('the second part arrives', () => far.text === 'firstsecond');
    });

    test('a port in use is refused, and named', async () => {
      const subject = make();
      const { port } = await listen(subject, () => undefined);
      const second = subject.net.listen({ host: subject.host, port, backlog: 1 }, () => undefined);
      await expect(second).rejects.toThrow(String(port));
      await expect(second).rejects.toMatchObject({ code: 'in-use' });
    });

    test('nobody listening is refused', async () => {
      const subject = make();
      const listener = await subject.net.listen(
        { host: subject.host, port: 0, backlog: 1 },
        () => undefined,
      );
      await listener.close();
      const connecting = subject.net.connect({
        host: subject.host,
        port: listener.port,
        timeoutMs: 5000,
      });
      expect(await refusal(connecting)).toBe('refused');
    });

    test('an attempt that is given up is refused, before it began or while it goes on', async () => {
      const subject = make();
      const accepted: End[] = [];
      const { port } = await listen(subject, (socket) => accepted.push(new End(socket)));
      const given = new AbortController();
      const where = { host: subject.host, port, timeoutMs: 5000, signal: given.signal };
      const connecting = subject.net.connect(where);
      given.abort();
      expect(await refusal(connecting)).toBe('cancelled');
      expect(await refusal(subject.net.connect(where))).toBe('cancelled');
      await until('what got through is closed', () =>
        accepted.every((end) => end.closes.length > 0),
      );
    });

    test('giving up what is connected changes nothing', async () => {
      const subject = make();
      const accepted: End[] = [];
      const { port } = await listen(subject, (socket) => accepted.push(new End(socket)));
      const given = new AbortController();
      const near = new End(
        await subject.net.connect({
          host: subject.host,
          port,
          timeoutMs: 5000,
          signal: given.signal,
        }),
      );
      owned.push({ close: () => near.socket.destroy() });
      const far = await until('the connection is accepted', () => accepted[0]);
      given.abort();
      near.socket.write(Buffer.from('still here'));
      await until('it works', () => far.text === 'still here');
    });

    test('a closed listener takes nobody in, and open sockets stay', async () => {
      const subject = make();
      const accepted: End[] = [];
      const listener = await subject.net.listen(
        { host: subject.host, port: 0, backlog: 16 },
        (socket) => accepted.push(new End(socket)),
      );
      const where = { host: subject.host, port: listener.port, timeoutMs: 5000 };
      const near = new End(await subject.net.connect(where));
      const far = await until('the connection is accepted', () => accepted[0]);
      const closed = listener.close();
      expect(await refusal(subject.net.connect(where))).toBe('refused');
      near.socket.write(Buffer.from('still here'));
      await until('the open one works', () => far.text === 'still here');
      near.socket.destroy();
      await until('it is closed', () => far.closes.length === 1);
      await closed;
    });

    test('closing is told even to who attaches late', async () => {
      const subject = make();
      const accepted: Socket[] = [];
      const { port } = await listen(subject, (socket) => accepted.push(socket));
      const near = new End(
        await subject.net.connect({ host: subject.host, port, timeoutMs: 5000 }),
      );
      const socket = await until('the connection is accepted', () => accepted[0]);
      socket.destroy();
      await until('the near end is closed', () => near.closes.length === 1);
      const far = new End(socket);
      await until('the late listener is told', () => far.closes.length === 1);
    });
  });
}
