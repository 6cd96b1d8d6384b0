import net from 'node:net';

import { afterEach, describe, expect, test } from 'vitest';

import { sid } from '../../../src-server/base/ids.ts';
import { makeZxid } from '../../../src-server/base/zxid.ts';
import { Writer } from '../../../src-server/bytes/writer.ts';
import { parseHostPorts } from '../../../src-server/config/ensemble-config.ts';
import type {
  ImageSink,
  ImageSource,
  Link,
} from '../../../src-server/coordination/ensemble/link.ts';
import {
  type Dial,
  type DialOptions,
  Links,
} from '../../../src-server/coordination/ensemble/links.ts';
import { SNAPSHOT_MARK, writeMessage } from '../../../src-server/coordination/wire/quorum.ts';
import type { Message } from '../../../src-server/coordination/zab/messages.ts';
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

const HOST = '127.0.0.1';
const LIMITS = { recordBytesMax: 0x10_0000, learnerUnsentBytesMax: 0x40_0000 };

/** One member's side of the quorum port, with everything that happened there. */
class Side {
  readonly faults: FaultLab;
  readonly accepted: Link[] = [];
  readonly messages: Message[] = [];
  readonly downs: string[] = [];
  onMessage: (link: Link, message: Message) => void = () => undefined;
  readonly links: Links;

  constructor(options: Partial<typeof LIMITS & { readonly id: number }> = {}) {
    const { id = 2, ...limits } = options;
    this.faults = new FaultLab<number>({ self: sid(id), entropy: new NodeEntropy() });
    this.links = new Links({
      net: new NodeNet(),
      clock: new NodeClock(),
      logger: SILENT,
      limits: { ...LIMITS, ...limits },
      faults: this.faults,
      handler: {
        onMessage: (link, message) => {
          this.messages.push(kept(message));
          this.onMessage(link, message);
        },
        onDown: (_, reason) => this.downs.push(reason),
      },
      onAccepted: (link) => this.accepted.push(link),
    });
    owned.push(this.links);
  }

  get kinds(): string[] {
    return this.messages.map(({ kind }) => kind);
  }

  async listen(): Promise<number> {
    const port = await freePort();
    await this.links.openPort({ addresses: [{ host: HOST, port }], onEveryInterface: false });
    return port;
  }

  dial(addresses: string, options: Partial<DialOptions> = {}): Promise<Link> {
    return new Promise((resolve, reject) => {
      this.links.dial({
        leader: sid(1),
        addresses: parseHostPorts(addresses) ?? [],
        timeoutMs: 5000,
        retryMs: 100,
        onLink: resolve,
        onFailed: (reason) => reject(new Error(reason)),
        ...options,
      });
    });
  }
}

/** A request's body is only borrowed. */
function kept(message: Message): Message {
  return message.kind === 'request' ? { ...message, body: Buffer.from(message.body) } : message;
}

interface Pair {
  readonly leader: Side;
  readonly learner: Side;
  readonly toLeader: Link;
  readonly toLearner: Link;
}

async function pair(limits: Partial<typeof LIMITS> = {}): Promise<Pair> {
  const leader = new Side({ ...limits, id: 1 });
  const learner = new Side(limits);
  const port = await leader.listen();
  const toLeader = await learner.dial(`${HOST}:${port}`);
  const toLearner = await until('the learner is let in', () => leader.accepted[0]);
  return { leader, learner, toLeader, toLearner };
}

function commit(counter: number): Message {
  return { kind: 'commit', zxid: makeZxid(1, counter) };
}

function commits(side: Side): number[] {
  return side.messages.flatMap((message) =>
    message.kind === 'commit' ? [message.zxid % 2 ** 32] : [],
  );
}

/** Pieces of an image that say where they lie. */
class Pieces implements ImageSource {
  isClosed = false;
  written = 0;
  readonly #pieces: number;
  readonly #bytes: number;

  constructor(pieces: number, bytes: number) {
    this.#pieces = pieces;
    this.#bytes = bytes;
  }

  get whole(): number {
    return this.#pieces * this.#bytes;
  }

  readonly restMs = 0;

  writeSlice(writer: Writer): boolean {
    writer.raw(Buffer.alloc(this.#bytes, this.written % 251), 0, this.#bytes);
    this.written++;
    return this.written < this.#pieces;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Takes bytes in multiples of a piece, and pauses after each as long as it is told to. */
class Taking implements ImageSink {
  taken = 0;
  calls = 0;
  isRight = true;
  link: Link | null = null;
  readonly #whole: number;
  readonly #piece: number;

  constructor(whole: number, piece: number) {
    this.#whole = whole;
    this.#piece = piece;
  }

  get isWhole(): boolean {
    return this.taken === this.#whole;
  }

  take(bytes: Buffer): number {
    this.calls++;
    let used = 0;
    while (!this.isWhole && bytes.length - used >= this.#piece) {
      const expected = (this.taken / this.#piece) % 251;
      this.isRight &&= bytes[used] === expected && bytes[used + this.#piece - 1] === expected;
      used += this.#piece;
      this.taken += this.#piece;
      if (this.link !== null) {
        this.link.pause();
        break;
      }
    }
    return used;
  }
}

describe('messages', () => {
  test('travel both ways, in order, and the sides know when they heard of each other', async () => {
    const { leader, learner, toLeader, toLearner } = await pair();
    const beforeMs = toLeader.lastHeardMs;
    toLeader.send({ kind: 'ack', zxid: makeZxid(1, 0) });
    for (let i = 1; i <= 1000; i++) toLearner.send(commit(i));
    toLearner.send({ kind: 'upToDate' });
    await until('all has come', () => learner.kinds.at(-1) === 'upToDate');
    await until('the answer has come', () => leader.kinds.length === 1);
    expect(commits(learner)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
    expect(toLeader.lastHeardMs).toBeGreaterThan(beforeMs);
    expect(toLeader.lastSentMs).toBeGreaterThanOrEqual(toLeader.connectedMs);
    expect([toLeader.id, toLearner.id]).toEqual([1, 1]);
    expect(leader.links.byId(toLearner.id)).toBe(toLearner);
  });

  test('of a turn leave at its end, or when the turn says so', async () => {
    const { learner, leader, toLearner } = await pair();
    toLearner.send(commit(1));
    toLearner.send(commit(2));
    expect(toLearner.unsentBytes).toBe(40);
    leader.links.flush();
    expect(toLearner.unsentBytes).toBe(0);
    toLearner.send(commit(3));
    await until('all has come', () => commits(learner).length === 3);
  });

  test('encoded once, go to many', async () => {
    const { learner, toLearner } = await pair();
    const writer = new Writer();
    writeMessage(writer, commit(9));
    toLearner.sendEncoded(writer.view());
    await until('it has come', () => commits(learner).includes(9));
  });

  test('wait while the other side is paused, and none is lost', async () => {
    const { learner, toLeader, toLearner } = await pair();
    learner.onMessage = () => toLeader.pause();
    for (let i = 1; i <= 5; i++) toLearner.send(commit(i));
    for (let i = 1; i <= 5; i++) {
      await until(`number ${i} has come`, () => commits(learner).length === i);
      toLeader.resume();
    }
    expect(commits(learner)).toEqual([1, 2, 3, 4, 5]);
  });

  test('of a kind the other side does not know are skipped', async () => {
    const { learner, toLearner } = await pair();
    toLearner.sendEncoded(Buffer.from('000000630000000100000001ffffffffffffffff', 'hex'));
    toLearner.send(commit(1));
    await until('the next one has come', () => commits(learner).includes(1));
    expect(learner.downs).toEqual([]);
  });
});

describe('a link ends', () => {
  test('when the other side closes; what was sent before arrives', async () => {
    const { leader, learner, toLeader, toLearner } = await pair();
    toLearner.send(commit(1));
    toLearner.close();
    await until('the learner knows', () => learner.downs.length === 1);
    expect(commits(learner)).toEqual([1]);
    expect(toLeader.isOpen).toBe(false);
    expect(leader.downs).toEqual([]);
    expect([...leader.links.all, ...learner.links.all]).toEqual([]);
    toLeader.send(commit(2));
  });

  test.each([
    ['a packet longer than allowed', '0000000200000001000000017fffffff'],
    ['a packet that is broken', '00000011000000010000000000000000ffffffff'],
  ])('after %s, and only that link', async (_, hex) => {
    const { leader, learner, toLearner } = await pair();
    const other = await learner.dial(`${HOST}:${leader.links.ports[0]!}`);
    const toOther = await until('the other is let in', () => leader.accepted[1]);
    toLearner.sendEncoded(Buffer.from(hex, 'hex'));
    await until('both know', () => learner.downs.length === 1 && leader.downs.length === 1);
    toOther.send(commit(1));
    await until('the other one lives', () => commits(learner).includes(1));
    expect(other.isOpen).toBe(true);
  });

  test('when the learner lags too far, and not within the call that noticed', async () => {
    const { leader, learner, toLeader, toLearner } = await pair();
    toLeader.pause();
    const writer = new Writer();
    writeMessage(writer, { kind: 'inform', zxid: makeZxid(1, 1), payload: Buffer.alloc(0x4_0000) });
    let sent = 0;
    while (toLearner.isOpen) {
      toLearner.sendEncoded(writer.view());
      leader.links.flush();
      sent += writer.length;
    }
    expect(leader.downs).toEqual([]);
    expect(sent).toBeGreaterThan(LIMITS.learnerUnsentBytesMax);
    await until('the leader is told', () => leader.downs.length === 1);
    expect(leader.downs[0]).toContain('bytes behind');
    toLeader.resume();
    await until('the learner knows', () => learner.downs.length === 1);
  });

  test('given up, it keeps nobody from stopping whose last words the other side does not read', async () => {
    const { leader, learner, toLearner, toLeader } = await pair({
      learnerUnsentBytesMax: 0x4000_0000,
    });
    toLeader.pause();
    const body = Buffer.alloc(0x8_0000);
    for (let i = 0; i < 64; i++)
      toLearner.send({ kind: 'proposal', zxid: makeZxid(1, i + 1), payload: body, view: null });
    leader.links.flush();
    toLearner.close();
    expect(toLearner.isLeaving).toBe(true);
    await leader.links.close();
    expect(toLearner.isLeaving).toBe(false);
    expect(learner.downs).toEqual([]);
  });

  test('given up before it was told, nobody is told', async () => {
    const { leader, learner, toLearner } = await pair({ learnerUnsentBytesMax: 10 });
    toLearner.send(commit(1));
    expect(toLearner.isOpen).toBe(false);
    toLearner.close();
    await until('the learner knows', () => learner.downs.length === 1);
    expect(leader.downs).toEqual([]);
  });
});

describe('an image', () => {
  const PIECE = 0x1_0000;

  test('goes between messages; what is sent meanwhile comes after it', async () => {
    const { leader, learner, toLeader, toLearner } = await pair();
    const source = new Pieces(200, PIECE);
    const sink = new Taking(source.whole, PIECE);
    const order: string[] = [];
    learner.onMessage = (_, { kind }) => {
      order.push(kind);
      if (kind === 'snap') toLeader.receiveImage(sink, () => order.push('received'));
    };
    toLearner.send({ kind: 'snap', zxid: makeZxid(1, 7) });
    toLearner.sendImage(source, () => {
      order.push('sent');
      toLearner.send({ kind: 'newLeader', epoch: 2, view: null });
    });
    toLearner.send(commit(8));
    await until('all has come', () => order.includes('newLeader'));
    expect(order.filter((event) => event !== 'sent')).toEqual([
      'snap',
      'received',
      'commit',
      'newLeader',
    ]);
    expect(sink).toMatchObject({ isWhole: true, isRight: true });
    expect(source.isClosed).toBe(true);
    expect(leader.downs).toEqual([]);
  });

  test('is not read before somebody wants it, and is not written faster than it is taken', async () => {
    const { learner, toLeader, toLearner } = await pair();
    const source = new Pieces(400, PIECE);
    toLearner.send({ kind: 'snap', zxid: makeZxid(1, 7) });
    toLearner.sendImage(source, () => undefined);
    toLearner.send(commit(8));
    await until('it is announced', () => learner.kinds.length === 1);
    await until('the way is full', () => source.written > 4 && toLearner.unsentBytes > PIECE);
    const writtenBefore = source.written;
    expect(writtenBefore).toBeLessThan(400);
    expect(learner.kinds).toEqual(['snap']);
    const sink = new Taking(source.whole, PIECE);
    toLeader.receiveImage(sink, () => undefined);
    await until('all has come', () => commits(learner).includes(8));
    expect(sink).toMatchObject({ isWhole: true, isRight: true });
  });

  test('is taken at the pace of whoever takes it', async () => {
    const { learner, toLeader, toLearner } = await pair();
    const source = new Pieces(20, PIECE);
    const sink = new Taking(source.whole, PIECE);
    sink.link = toLeader;
    learner.onMessage = (_, { kind }) => {
      if (kind === 'snap') toLeader.receiveImage(sink, () => undefined);
    };
    toLearner.send({ kind: 'snap', zxid: makeZxid(1, 7) });
    toLearner.sendImage(source, () => undefined);
    toLearner.send(commit(8));
    for (let i = 1; i <= 20; i++) {
      await until(`piece ${i} is taken`, () => sink.taken === i * PIECE);
      expect(commits(learner)).toEqual([]);
      toLeader.resume();
    }
    await until('the message has come', () => commits(learner).includes(8));
    expect(sink.isRight).toBe(true);
  });

  test('may contain its own mark, come in any pieces, and hold whoever received it', async () => {
    const { leader, learner, toLeader } = await pair();
    const stream = new Writer();
    writeMessage(stream, { kind: 'snap', zxid: makeZxid(1, 7) });
    stream.string(SNAPSHOT_MARK);
    stream.string(SNAPSHOT_MARK);
    writeMessage(stream, commit(8));
    const bytes = stream.copy();
    let received = 0;
    for (let cut = 1; cut < bytes.length; cut++) {
      const link = cut === 1 ? toLeader : await learner.dial(`${HOST}:${leader.links.ports[0]!}`);
      const there = await until('it is let in', () => leader.accepted[cut - 1]);
      let taken = 0;
      const sink: ImageSink = {
        get isWhole() {
          return taken === 14;
        },
        take: (piece) => {
          const used = Math.min(14 - taken, piece.length);
          taken += used;
          return used;
        },
      };
      learner.onMessage = (_, { kind }) => {
        if (kind !== 'snap') return;
        link.receiveImage(sink, () => {
          received++;
          link.pause();
        });
      };
      there.sendEncoded(bytes.subarray(0, cut));
      leader.links.flush();
      there.sendEncoded(bytes.subarray(cut));
      await until('it is received', () => received === cut);
      expect(commits(learner).length).toBe(cut - 1);
      link.resume();
      await until('what follows has come', () => commits(learner).length === cut);
    }
    expect(learner.downs).toEqual([]);
  });

  test('that does not end as it should ends the link', async () => {
    const { learner, toLeader, toLearner } = await pair();
    toLearner.send({ kind: 'snap', zxid: makeZxid(1, 7) });
    toLearner.sendEncoded(Buffer.from('image, and then not the mark'));
    await until('it is announced', () => learner.kinds.length === 1);
    toLeader.receiveImage({ isWhole: true, take: () => 5 }, () => undefined);
    await until('the learner knows', () => learner.downs.length === 1);
    expect(learner.downs[0]).toBe('the image of the state does not end as it should');
  });

  test('with a field longer than any ends the link', async () => {
    const { learner, toLeader, toLearner } = await pair();
    learner.onMessage = () =>
      toLeader.receiveImage({ isWhole: false, take: () => 0 }, () => undefined);
    toLearner.send({ kind: 'snap', zxid: makeZxid(1, 7) });
    toLearner.sendImage(new Pieces(40, PIECE), () => undefined);
    await until('the learner knows', () => learner.downs.length === 1);
    expect(learner.downs[0]).toContain('a field of the image is longer than');
  });

  test('half sent when the link ends, its source is closed', async () => {
    const { leader, toLeader, toLearner } = await pair();
    const source = new Pieces(100_000, PIECE);
    toLearner.send({ kind: 'snap', zxid: makeZxid(1, 7) });
    toLearner.sendImage(source, () => undefined);
    await until('it is on its way', () => source.written > 3);
    toLeader.destroy();
    await until('the leader knows', () => leader.downs.length === 1);
    expect(source.isClosed).toBe(true);
    const late = new Pieces(1, 1);
    toLearner.sendImage(late, () => undefined);
    expect(late).toMatchObject({ isClosed: true, written: 0 });
  });
});

describe('dialling', () => {
  test('a leader that opens its port a little later is reached', async () => {
    const learner = new Side();
    const port = await freePort();
    const linking = learner.dial(`${HOST}:${port}`);
    const leader = new Side();
    await leader.links.openPort({ addresses: [{ host: HOST, port }], onEveryInterface: true });
    expect((await linking).isOpen).toBe(true);
  });

  test('of several addresses the one that answers is taken, once', async () => {
    const leader = new Side();
    const port = await leader.listen();
    const learner = new Side();
    const nobody = await freePort();
    const link = await learner.dial(`${HOST}:${nobody}|${HOST}:${port}|localhost:${port}`);
    await until('it is let in', () => leader.accepted.length > 0);
    link.send({ kind: 'ack', zxid: makeZxid(1, 1) });
    await until('it is heard', () => leader.kinds.length === 1);
    expect([...learner.links.all]).toEqual([link]);
  });

  test('gives up after five tries, and says why', async () => {
    const port = await freePort();
    const startedMs = performance.now();
    await expect(new Side().dial(`${HOST}:${port}`)).rejects.toThrow('nobody listens there');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(399);
  });

  test('gives up when there is no time for another try', async () => {
    const port = await freePort();
    const options = { timeoutMs: 60, retryMs: 1000 };
    await expect(new Side().dial(`${HOST}:${port}`, options)).rejects.toThrow('nobody listens');
  });

  test('without an address fails', async () => {
    await expect(new Side().dial('')).rejects.toThrow('its address is not known');
  });

  test('given up, it is never heard of again', async () => {
    const learner = new Side();
    const leader = new Side();
    const port = await leader.listen();
    const heard: string[] = [];
    const dial: Dial = learner.links.dial({
      leader: sid(1),
      addresses: [{ host: HOST, port }],
      timeoutMs: 5000,
      retryMs: 100,
      onLink: () => heard.push('link'),
      onFailed: () => heard.push('failed'),
    });
    dial.cancel();
    const link = await learner.dial(`${HOST}:${port}`);
    link.send({ kind: 'ack', zxid: makeZxid(1, 1) });
    await until('a later one is heard', () => leader.kinds.length === 1);
    expect(heard).toEqual([]);
  });
});

describe('the port', () => {
  test('closed, it lets nobody in; links stay, and it can be opened again', async () => {
    const { leader, learner, toLearner } = await pair();
    const port = leader.links.ports[0]!;
    leader.links.closePort();
    await expect(learner.dial(`${HOST}:${port}`, { timeoutMs: 50 })).rejects.toThrow(
      'nobody listens',
    );
    toLearner.send(commit(1));
    await until('the link lives', () => commits(learner).includes(1));
    await leader.links.openPort({ addresses: [{ host: HOST, port }], onEveryInterface: false });
    expect((await learner.dial(`${HOST}:${port}`)).isOpen).toBe(true);
  });

  test('closed while it opens, it stays closed', async () => {
    const leader = new Side();
    const port = await freePort();
    const opening = leader.links.openPort({
      addresses: [{ host: HOST, port }],
      onEveryInterface: false,
    });
    leader.links.closePort();
    await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
    server.close();
  });

  test('of everything closed nothing is heard any more', async () => {
    const { leader, learner, toLeader, toLearner } = await pair();
    await leader.links.close();
    await until('the learner knows', () => learner.downs.length === 1);
    expect([toLeader.isOpen, toLearner.isOpen, leader.downs.length]).toEqual([false, false, 0]);
    expect(leader.faults.listeners).toBe(0);
  });
});

describe('faults', () => {
  test('a cut holds back messages and the news of the end, and loses neither', async () => {
    const { learner, toLearner } = await pair();
    learner.faults.change([cut(1, 2)]);
    toLearner.send(commit(1));
    toLearner.send(commit(2));
    toLearner.close();
    const { leader: other, toLeader } = await pair();
    toLeader.send({ kind: 'ack', zxid: makeZxid(1, 1) });
    await until('somebody else is heard', () => other.kinds.length === 1);
    expect([commits(learner), learner.downs]).toEqual([[], []]);
    learner.faults.change([]);
    await until('the end is known', () => learner.downs.length === 1);
    expect(commits(learner)).toEqual([1, 2]);
  });

  test('a learner is known to the faults once it has a name', async () => {
    const { leader, learner, toLearner, toLeader } = await pair();
    leader.faults.change([cut(2, 1)]);
    toLeader.send({ kind: 'ack', zxid: makeZxid(1, 1) });
    await until('it is heard', () => leader.kinds.length === 1);
    toLearner.name(sid(2));
    toLeader.send({ kind: 'ack', zxid: makeZxid(1, 2) });
    toLearner.send(commit(1));
    await until('the other way is open', () => commits(learner).length === 1);
    expect(leader.kinds).toEqual(['ack']);
    leader.faults.change([]);
    await until('it is heard', () => leader.kinds.length === 2);
  });

  test('a cut way is not dialled', async () => {
    const leader = new Side();
    const learner = new Side();
    const port = await leader.listen();
    learner.faults.change([cut(2, 1)]);
    await expect(learner.dial(`${HOST}:${port}`, { timeoutMs: 50 })).rejects.toThrow('cut');
    learner.faults.change([]);
    expect((await learner.dial(`${HOST}:${port}`)).isOpen).toBe(true);
  });

  test('a slow way carries an image whole', async () => {
    const { learner, toLeader, toLearner } = await pair();
    learner.faults.change([slow(1, 2, 5)]);
    const source = new Pieces(60, 0x1_0000);
    const sink = new Taking(source.whole, 0x1_0000);
    learner.onMessage = (_, { kind }) => {
      if (kind === 'snap') toLeader.receiveImage(sink, () => undefined);
    };
    toLearner.send({ kind: 'snap', zxid: makeZxid(1, 7) });
    toLearner.sendImage(source, () => undefined);
    toLearner.send(commit(8));
    await until('all has come', () => commits(learner).includes(8));
    expect(sink).toMatchObject({ isWhole: true, isRight: true });
  });
});
