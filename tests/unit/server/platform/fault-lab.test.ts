/** The faults of links, as bytes meet them: on a clock that stands still, through a socket whose ends are ours. */
import { beforeEach, describe, expect, test } from 'vitest';

import { sid } from '../../../../src-server/base/ids.ts';
import { FaultLab, type LinkFault } from '../../../../src-server/platform/fault-lab.ts';
import { mayConnect, throughFaults } from '../../../../src-server/platform/link-faults.ts';
import type { Socket, SocketHandler } from '../../../../src-server/platform/net.ts';
import { SimClock } from '../../../sim/clock.ts';

/** The socket below: what reached it, and what it hears. */
class Wire implements Socket {
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;
  readonly localPort = 2;
  readonly isSecure = false;
  readonly queuedBytes = 0;
  readonly written: string[] = [];
  handler: SocketHandler | null = null;
  isPaused = false;
  isDestroyed = false;

  attach(handler: SocketHandler): void {
    this.handler = handler;
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes).toString());
    return true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.written.push('end');
  }

  destroy(): void {
    this.isDestroyed = true;
    this.handler?.onClose(null);
  }
}

const SELF = sid(2);
const PEER = sid(1);
let clock: SimClock;
let wire: Wire;
let lab: FaultLab;
let socket: Socket;
let heard: string[];
/** What is drawn next: a share of one. Nothing more is drawn than is here. */
let draws: number[];

beforeEach(() => {
  clock = new SimClock({ nowMs: 0 });
  wire = new Wire();
  heard = [];
  draws = [];
  lab = new FaultLab<number>({
    self: SELF,
    entropy: {
      uint32: () => {
        const share = draws.shift();
        if (share === undefined) throw new Error('nothing is to be drawn');
        return Math.floor(share * 2 ** 32);
      },
    },
  });
  const named = throughFaults(wire, { clock, faults: lab });
  named.name(PEER);
  ({ socket } = named);
  socket.attach({
    onChunk: (chunk) => heard.push(chunk.toString()),
    onDrain: () => heard.push('drain'),
    onClose: (reason) => heard.push(`closed: ${reason}`),
  });
});

function fault(from: number, to: number, part: Partial<LinkFault>): LinkFault {
  return { from, to, isCut: false, delayMs: 0, lossPercent: 0, ...part };
}

function arrives(text: string): void {
  wire.handler!.onChunk(Buffer.from(text));
}

describe('a cut', () => {
  test('of the way in holds what comes, and the news of the end, until it is healed', () => {
    lab.change([fault(1, 2, { isCut: true })]);
    arrives('a');
    arrives('b');
    wire.handler!.onClose('reset');
    socket.write(Buffer.from('out'));
    clock.advance(60_000);
    expect([heard, wire.written]).toEqual([[], ['out']]);
    lab.change([]);
    expect(heard).toEqual(['a', 'b', 'closed: reset']);
    expect(lab.listeners).toBe(0);
  });

  test('of the way out holds what is said; the other way is open', () => {
    lab.change([fault(2, 1, { isCut: true })]);
    expect(socket.write(Buffer.from('a'))).toBe(false);
    socket.end();
    expect(socket.queuedBytes).toBe(1);
    arrives('b');
    expect([heard, wire.written]).toEqual([['b'], []]);
    lab.change([]);
    expect(wire.written).toEqual(['a', 'end']);
  });

  test('of either way keeps new connections from coming about; of other links it is nobody’s business', () => {
    expect(mayConnect(lab, PEER)).toBe(true);
    for (const [from, to] of [
      [1, 2],
      [2, 1],
    ] as const) {
      lab.change([fault(from, to, { isCut: true })]);
      expect(mayConnect(lab, PEER)).toBe(false);
      expect(mayConnect(lab, sid(3))).toBe(true);
    }
    lab.change([fault(1, 3, { isCut: true })]);
    expect(mayConnect(lab, PEER)).toBe(true);
    expect(lab.isTouched(PEER)).toBe(false);
  });

  test('given up by whoever used the connection, it leaves nothing behind', () => {
    lab.change([fault(1, 2, { isCut: true })]);
    wire.handler!.onClose('reset');
    socket.destroy();
    clock.settle();
    expect(heard).toEqual(['closed: null']);
    expect(lab.listeners).toBe(0);
  });

  test('makes the other side wait when too much is held', () => {
    lab.change([fault(1, 2, { isCut: true })]);
    arrives('x'.repeat(0x10_0000));
    expect(wire.isPaused).toBe(false);
    arrives('y');
    expect(wire.isPaused).toBe(true);
    lab.change([]);
    expect(wire.isPaused).toBe(false);
  });
});

describe('a delay', () => {
  test('is as long as asked, where it arrives, and keeps the order', () => {
    lab.change([fault(1, 2, { delayMs: 100 })]);
    arrives('a');
    clock.advance(40);
    arrives('b');
    socket.write(Buffer.from('out'));
    expect(wire.written).toEqual(['out']);
    clock.advance(59);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(['a']);
    lab.change([fault(1, 2, { delayMs: 10 })]);
    arrives('c');
    clock.advance(39);
    expect(heard).toEqual(['a']);
    clock.advance(1);
    expect(heard).toEqual(['a', 'b', 'c']);
  });

  test('that is taken away lets what waits arrive at once', () => {
    lab.change([fault(1, 2, { delayMs: 10_000 })]);
    arrives('a');
    wire.handler!.onClose(null);
    lab.change([]);
    expect(heard).toEqual(['a', 'closed: null']);
  });
});

describe('loss', () => {
  test('sends again after a while, longer each time, and what comes later waits', () => {
    lab.change([fault(1, 2, { lossPercent: 25 })]);
    draws = [0.1, 0.2, 0.25];
    arrives('a');
    draws = [0.9];
    arrives('b');
    clock.advance(599);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(['a', 'b']);
    draws = [0.25];
    arrives('c');
    expect(heard).toEqual(['a', 'b', 'c']);
  });

  test('of the last attempt breaks the connection, once the time for it has passed', () => {
    lab.change([fault(1, 2, { lossPercent: 100 })]);
    draws = [0.99, 0.99, 0.99, 0.99, 0.99, 0.99];
    arrives('a');
    clock.advance(12_599);
    expect([heard, wire.isDestroyed]).toEqual([[], false]);
    clock.advance(1);
    expect([heard, wire.isDestroyed]).toEqual([['closed: null'], true]);
    expect(lab.listeners).toBe(0);
  });

  test('of a piece before the end of the connection is told as its end', () => {
    lab.change([fault(1, 2, { lossPercent: 100 })]);
    draws = Array.from({ length: 12 }, () => 0.5);
    arrives('a');
    wire.handler!.onClose('reset');
    clock.advance(12_600);
    expect(heard).toEqual(['closed: null']);
  });

  test('healed before the time has passed, it has lost nothing', () => {
    lab.change([fault(1, 2, { lossPercent: 100 })]);
    draws = [0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
    arrives('a');
    clock.advance(5000);
    lab.change([]);
    expect([heard, wire.isDestroyed]).toEqual([['a'], false]);
  });
});

test('where nothing is done nothing is drawn, kept or late', () => {
  lab.change([fault(3, 2, { lossPercent: 100 }), fault(1, 3, { isCut: true })]);
  arrives('a');
  expect(socket.write(Buffer.from('b'))).toBe(true);
  expect([heard, wire.written, socket.queuedBytes]).toEqual([['a'], ['b'], 0]);
});
