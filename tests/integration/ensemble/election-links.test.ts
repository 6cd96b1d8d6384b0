import net from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { sid } from '../../../src-server/base/ids.ts';
import { makeZxid } from '../../../src-server/base/zxid.ts';
import { Writer } from '../../../src-server/bytes/writer.ts';
import type { HostPort } from '../../../src-server/config/ensemble-config.ts';
import {
  ElectionLinks,
  type ElectionLinksOptions,
  type Received,
} from '../../../src-server/coordination/ensemble/election-links.ts';
import { readView } from '../../../src-server/coordination/wire/views.ts';
import {
  NOTIFICATION_BYTES_MAX,
  writeHello,
  writeNotification,
} from '../../../src-server/coordination/wire/votes.ts';
import type { Notification } from '../../../src-server/coordination/zab/messages.ts';
import { FaultLab } from '../../../src-server/platform/fault-lab.ts';
import { SILENT } from '../../../src-server/platform/logger.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { NodeEntropy } from '../../../src-server/platform/node/entropy.ts';
import { NodeNet } from '../../../src-server/platform/node/net.ts';
import { freePort } from '../../peers/ports.ts';
import { until } from '../../peers/wait.ts';
import { cut, slow } from './faults.ts';

const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

function vote(round: number): Notification {
  return {
    state: 'looking',
    vote: { leader: sid(1), zxid: makeZxid(1, 2), round, peerEpoch: 1 },
    version: 2,
    view: readView('server.1=h:1:2:participant\nversion=0'),
  };
}

class Member {
  readonly id: number;
  readonly address: HostPort;
  readonly received: Received[] = [];
  readonly unreachable: number[] = [];
  readonly faults: FaultLab;
  readonly links: ElectionLinks;

  constructor(id: number, port: number, directory: Map<number, Member>, isGreedy = true) {
    this.id = id;
    this.faults = new FaultLab<number>({ self: sid(id), entropy: new NodeEntropy() });
    this.address = { host: '127.0.0.1', port };
    const options: ElectionLinksOptions = {
      self: sid(id),
      net: new NodeNet(),
      clock: new NodeClock(),
      logger: SILENT,
      addresses: [this.address],
      onEveryInterface: false,
      isMultiAddress: false,
      bindTriesMax: 3,
      connectTimeoutMs: 5000,
      helloTimeoutMs: 300,
      addressesOf: (peer) => {
        const address = directory.get(peer)?.address;
        return address === undefined ? [] : [address];
      },
      faults: this.faults,
      onUnreachable: (peer) => this.unreachable.push(peer),
      onArrival: () => {
        if (isGreedy) this.take();
      },
    };
    this.links = new ElectionLinks(options);
    directory.set(id, this);
    owned.push(this.links);
  }

  take(): void {
    for (let next = this.links.take(); next !== undefined; next = this.links.take())
      this.received.push(next);
  }

  say(to: number, round: number): void {
    this.links.send(sid(to), vote(round));
  }

  roundsFrom(peer: number): number[] {
    return this.received
      .filter(({ from }) => from === peer)
      .map(({ notification }) => notification.vote.round);
  }

  stateOf(peer: number): string | undefined {
    return this.links.status.find((status) => status.peer === peer)?.state;
  }
}

async function members(...ids: number[]): Promise<Member[]> {
  const directory = new Map<number, Member>();
  const made: Member[] = [];
  for (const id of ids) made.push(new Member(id, await freePort(), directory));
  for (const member of made) await member.links.open();
  return made;
}

/** Somebody who speaks bytes to a member's election port. */
class Stranger {
  readonly socket: net.Socket;
  received = Buffer.alloc(0);
  isClosed = false;

  constructor(socket: net.Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    socket.on('close', () => (this.isClosed = true));
    socket.on('error', () => undefined);
    owned.push({ close: () => socket.destroy() });
  }

  static dial({ address }: Member): Stranger {
    return new Stranger(net.connect(address));
  }
}

function hello(id: bigint, text = '0.0.0.0:1'): Buffer {
  const writer = new Writer();
  writer.long(-65536);
  writer.bigint(id);
  writer.string(text);
  return writer.copy();
}

function framed(notification: Notification): Buffer {
  const writer = new Writer();
  const gap = writer.gap(4);
  writeNotification(writer, notification);
  writer.patchInt32(gap, writer.length - 4);
  return writer.copy();
}

describe('two members', () => {
  test.each([
    ['the larger', 2, 1],
    ['the smaller', 1, 2],
  ])('%s speaks first: both are heard, over one connection', async (_, first, second) => {
    const all = await members(1, 2);
    const [a, b] = [all[first - 1]!, all[second - 1]!];
    a.say(second, 7);
    await until('the first is heard', () => b.roundsFrom(first).length > 0);
    expect(b.received[0]!.notification).toEqual(vote(7));
    b.say(first, 8);
    await until('the second is heard', () => a.roundsFrom(second).length > 0);
    expect([a.stateOf(second), b.stateOf(first)]).toEqual(['connected', 'connected']);
    a.say(second, 9);
    await until('and the first again', () => b.roundsFrom(first).includes(9));
    expect([a.roundsFrom(second), b.roundsFrom(first)]).toEqual([[8], [7, 9]]);
  });

  test('both speak at the same moment, and both are heard in the end', async () => {
    const [a, b] = await members(1, 2);
    a!.say(2, 1);
    b!.say(1, 1);
    await until('both are heard', () => a!.received.length > 0 && b!.received.length > 0);
    await until('they agree', () => a!.stateOf(2) === 'connected' && b!.stateOf(1) === 'connected');
    a!.say(2, 2);
    b!.say(1, 2);
    await until(
      'both are heard again',
      () => a!.roundsFrom(2).includes(2) && b!.roundsFrom(1).includes(2),
    );
  });

  test('what one says to itself arrives as well', async () => {
    const [a] = await members(1);
    a!.say(1, 4);
    expect(a!.roundsFrom(1)).toEqual([4]);
  });

  test('of what could not be said, only the newest is', async () => {
    const directory = new Map<number, Member>();
    const a = new Member(2, await freePort(), directory);
    const b = new Member(1, await freePort(), directory);
    await a.links.open();
    a.say(1, 1);
    await until('nobody is there', () => a.stateOf(1) === 'down');
    a.say(1, 2);
    await until('still nobody is there', () => a.stateOf(1) === 'down');
    expect(a.links.status).toMatchObject([{ peer: 1, hasUnsent: true, sent: 0 }]);
    expect(a.unreachable).toEqual([1, 1]);
    await b.links.open();
    a.links.connect(sid(1));
    await until('it is heard', () => b.roundsFrom(2).length > 0);
    expect(b.roundsFrom(2)).toEqual([2]);
  });

  test('on a new connection the last message is said again', async () => {
    const directory = new Map<number, Member>();
    const a = new Member(2, await freePort(), directory);
    await a.links.open();
    const b = new Member(1, await freePort(), directory);
    await b.links.open();
    a.say(1, 5);
    await until('it is heard', () => b.roundsFrom(2).length > 0);
    await b.links.close();
    await until('the end is noticed', () => a.stateOf(1) === 'down');
    const again = new Member(1, b.address.port, directory);
    await again.links.open();
    a.links.connect(sid(1));
    await until('it is heard again', () => again.roundsFrom(2).length > 0);
    expect(again.roundsFrom(2)).toEqual([5]);
  });
});

describe('the port', () => {
  test('in use, it is tried again until it is free', async () => {
    const blocker = net.createServer();
    const port = await new Promise<number>((resolve) =>
      blocker.listen(0, '127.0.0.1', () => resolve((blocker.address() as net.AddressInfo).port)),
    );
    const member = new Member(1, port, new Map());
    const opening = member.links.open();
    await new Promise((resolve) => blocker.close(resolve));
    await opening;
    expect(member.links.ports).toEqual([port]);
  });

  test('in use for good, the member learns it', async () => {
    const [a] = await members(1);
    const other = new ElectionLinks({
      ...optionsLike(a!),
      bindTriesMax: 1,
    });
    await expect(other.open()).rejects.toMatchObject({ code: 'in-use' });
  });

  test('given up while it was in use, nothing stays open', async () => {
    const [a] = await members(1);
    const other = new ElectionLinks({ ...optionsLike(a!), bindTriesMax: 0 });
    const opening = other.open();
    await other.close();
    await expect(opening).rejects.toMatchObject({ code: 'in-use' });
  });

  test('taken on every interface, it is reached by any', async () => {
    const member = new ElectionLinks({
      ...optionsLike(null),
      addresses: [{ host: '192.0.2.1', port: await freePort() }],
      onEveryInterface: true,
    });
    owned.push(member);
    await member.open();
    const stranger = new Stranger(net.connect({ port: member.ports[0]!, host: '127.0.0.1' }));
    stranger.socket.write(hello(9n));
    await until('it is heard of', () => member.status.length > 0);
  });
});

function optionsLike(member: Member | null): ElectionLinksOptions {
  return {
    self: sid(8),
    net: new NodeNet(),
    clock: new NodeClock(),
    logger: SILENT,
    addresses: member === null ? [] : [member.address],
    onEveryInterface: false,
    isMultiAddress: false,
    bindTriesMax: 1,
    connectTimeoutMs: 1000,
    helloTimeoutMs: 1000,
    addressesOf: () => [],
    faults: null,
    onUnreachable: () => undefined,
    onArrival: () => undefined,
  };
}

describe('a stranger', () => {
  test('with a larger id is kept, in pieces of a byte, and its messages are heard', async () => {
    const [a] = await members(1);
    const stranger = Stranger.dial(a!);
    stranger.socket.setNoDelay(true);
    for (const byte of Buffer.concat([hello(5n), framed(vote(3))]))
      await new Promise((resolve) => stranger.socket.write(Buffer.of(byte), resolve));
    await until('it is heard', () => a!.roundsFrom(5).length > 0);
    a!.say(5, 6);
    await until('it hears', () => stranger.received.length > 0);
    expect(stranger.received).toEqual(framed(vote(6)));
  });

  test('of before 3.5 says its id alone', async () => {
    const [a] = await members(1);
    const stranger = Stranger.dial(a!);
    stranger.socket.write(Buffer.concat([Buffer.from('0000000000000005', 'hex'), framed(vote(3))]));
    await until('it is heard', () => a!.roundsFrom(5).length > 0);
  });

  test('with a smaller id is dialled back where it says it listens', async () => {
    const [a] = await members(3);
    const accepted: Stranger[] = [];
    const server = net.createServer((socket) => accepted.push(new Stranger(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    owned.push({ close: () => server.close() });
    const { port } = server.address() as net.AddressInfo;
    const stranger = Stranger.dial(a!);
    stranger.socket.write(hello(2n, `127.0.0.1:${port}`));
    const back = await until('it is dialled back', () => accepted[0]);
    await until('its own connection is closed', () => stranger.isClosed);
    const writer = new Writer();
    writeHello(writer, { sid: sid(3), addresses: [a!.address], isMultiAddress: false });
    await until('the hello has come', () => back.received.length === writer.length);
    expect(back.received).toEqual(writer.copy());
    a!.say(2, 1);
    await until('it hears', () => back.received.length > writer.length);
  });

  test('without an id gets a negative one, and is dialled back like everybody smaller', async () => {
    const [a] = await members(3);
    const accepted: Stranger[] = [];
    const server = net.createServer((socket) => accepted.push(new Stranger(socket)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    owned.push({ close: () => server.close() });
    const { port } = server.address() as net.AddressInfo;
    Stranger.dial(a!).socket.write(hello(0x7fff_ffff_ffff_ffffn, `127.0.0.1:${port}`));
    const back = await until('it is dialled back', () => accepted[0]);
    back.socket.write(framed(vote(2)));
    await until('it is heard', () => a!.roundsFrom(-1).length > 0);
  });

  test.each<[string, Buffer]>([
    ['says nothing', Buffer.alloc(0)],
    ['says half a hello', hello(5n).subarray(0, 19)],
    ['says something else', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['has our own id', hello(1n)],
    [
      'announces an endless message',
      Buffer.concat([hello(5n), length(NOTIFICATION_BYTES_MAX + 1)]),
    ],
    ['announces an empty message', Buffer.concat([hello(5n), length(0)])],
    ['announces a message of negative length', Buffer.concat([hello(5n), length(-1)])],
  ])('who %s is closed, and others go on', async (_, bytes) => {
    const [a, b] = await members(1, 2);
    b!.say(1, 1);
    await until('a member is heard', () => a!.roundsFrom(2).length > 0);
    const stranger = Stranger.dial(a!);
    stranger.socket.write(bytes);
    await until('the stranger is closed', () => stranger.isClosed);
    b!.say(1, 2);
    await until('the member is heard', () => a!.roundsFrom(2).includes(2));
    expect(a!.received.every(({ from }) => from === 2)).toBe(true);
  });

  test('who says what nobody understands is heard again when it makes sense', async () => {
    const [a] = await members(1);
    const stranger = Stranger.dial(a!);
    stranger.socket.write(Buffer.concat([hello(5n), length(3), Buffer.alloc(3), framed(vote(3))]));
    await until('it is heard', () => a!.roundsFrom(5).length > 0);
    expect(a!.links.losses).toEqual({ overrun: 0, unreadable: 1 });
  });

  test('is forgotten when it goes; a member is not', async () => {
    const [a, b] = await members(1, 2);
    b!.say(1, 1);
    const stranger = Stranger.dial(a!);
    stranger.socket.write(hello(5n));
    await until('both are known', () => a!.links.status.length === 2);
    stranger.socket.destroy();
    await b!.links.close();
    await until('one is known', () => a!.links.status.length === 1);
    await until('it is known to be down', () => a!.stateOf(2) === 'down');
  });
});

function length(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

test('what nobody takes is bounded: the oldest goes', async () => {
  const a = new Member(1, await freePort(), new Map(), false);
  for (let round = 1; round <= 103; round++) a.say(1, round);
  a.take();
  expect(a.roundsFrom(1)).toHaveLength(100);
  expect(a.roundsFrom(1)[0]).toBe(4);
  expect(a.links.losses.overrun).toBe(3);
});

describe('faults', () => {
  test('a cut way holds back what is said, of which the newest arrives when it is open again', async () => {
    const [a, b] = await members(1, 2);
    b!.say(1, 1);
    await until('it is heard', () => a!.roundsFrom(2).includes(1));
    b!.faults.change([cut(2, 1)]);
    b!.say(1, 2);
    b!.say(1, 3);
    b!.say(1, 4);
    a!.say(2, 1);
    await until('the other way is open', () => b!.roundsFrom(1).includes(1));
    expect(a!.roundsFrom(2)).toEqual([1]);
    b!.faults.change([]);
    await until('it is heard', () => a!.roundsFrom(2).includes(4));
    expect(a!.roundsFrom(2)).toEqual([1, 2, 4]);
  });

  test('a cut way is not dialled', async () => {
    const [a, b] = await members(1, 2);
    b!.faults.change([cut(1, 2)]);
    b!.say(1, 1);
    expect(b!.stateOf(1)).toBe('down');
    expect(b!.unreachable).toEqual([1]);
    a!.say(2, 1);
    await until('the hello was refused', () => a!.stateOf(2) === 'down');
    b!.faults.change([]);
    b!.links.connect(sid(1));
    await until('it is heard', () => a!.roundsFrom(2).includes(1));
  });

  test('a slow way is as slow as asked', async () => {
    const [a, b] = await members(1, 2);
    b!.say(1, 1);
    await until('it is heard', () => a!.roundsFrom(2).includes(1));
    a!.faults.change([slow(2, 1, 80)]);
    const startedMs = performance.now();
    b!.say(1, 2);
    await until('it is heard', () => a!.roundsFrom(2).includes(2));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(79);
  });

  test('a connection that ends behind a cut is not known to have ended on the other side', async () => {
    const [a, b] = await members(1, 2);
    b!.say(1, 1);
    await until('it is heard', () => a!.roundsFrom(2).includes(1));
    b!.faults.change([cut(1, 2)]);
    await a!.links.close();
    expect(b!.stateOf(1)).toBe('connected');
    b!.faults.change([]);
    await until('it is known', () => b!.stateOf(1) === 'down');
    expect(b!.faults.listeners).toBe(0);
  });
});

test('closed, nothing is left: no connection, no attempt, no port', async () => {
  const [a, b, c] = await members(1, 2, 3);
  c!.say(1, 1);
  b!.say(1, 1);
  await until('they are heard', () => a!.received.length === 2);
  const arriving = Stranger.dial(a!);
  await until('somebody arrives', () => !arriving.socket.connecting);
  await a!.links.close();
  await until('everybody knows', () => b!.stateOf(1) === 'down' && c!.stateOf(1) === 'down');
  await until('the arriving one is closed', () => arriving.isClosed);
  expect(a!.links.status).toEqual([]);
  a!.say(2, 2);
  expect(a!.links.status).toEqual([]);
});
