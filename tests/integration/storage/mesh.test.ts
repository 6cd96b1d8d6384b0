/** Links between storage nodes over real sockets. */
import net from 'node:net';

import { afterEach, expect, test } from 'vitest';

import { Writer } from '../../../src-server/bytes/writer.ts';
import type { Arrival, LinkFaults } from '../../../src-server/platform/link-faults.ts';
import { SILENT } from '../../../src-server/platform/logger.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { NodeEntropy } from '../../../src-server/platform/node/entropy.ts';
import { NodeNet } from '../../../src-server/platform/node/net.ts';
import {
  type LinkLimits,
  Links,
  type MeshHandler,
} from '../../../src-server/storage/replication/mesh/links.ts';
import { writeMessage } from '../../../src-server/storage/replication/mesh/wire.ts';
import type { Message } from '../../../src-server/storage/replication/messages.ts';
import { type NodeId, nodeId } from '../../../src-server/storage/ring/topology.ts';
import { until } from '../../peers/wait.ts';

const HOST = '127.0.0.1';
const owned: { close(): unknown }[] = [];

afterEach(async () => {
  for (const thing of owned.splice(0).reverse()) await thing.close();
});

/** Ways that can be cut, by the name of who sits at the other end. */
class Cuts implements LinkFaults<NodeId> {
  readonly #listeners = new Set<() => void>();
  readonly cut = new Set<string>();

  change(...ways: string[]): void {
    this.cut.clear();
    for (const way of ways) this.cut.add(way);
    for (const listener of [...this.#listeners]) listener();
  }

  isTouched(): boolean {
    return true;
  }

  isOpen(peer: NodeId, direction: 'in' | 'out'): boolean {
    return !this.cut.has(`${direction} ${peer}`);
  }

  arrival(): Arrival {
    return { lateMs: 0, isLost: false };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

interface NodeOptions {
  readonly incarnation?: number;
  readonly ringId?: string | null;
  readonly limits?: Partial<LinkLimits>;
}

class MeshNode implements MeshHandler {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly links: Links;
  readonly cuts = new Cuts();
  readonly story: string[] = [];
  readonly complaints: string[] = [];
  readonly messages: Message[] = [];
  port = 0;

  constructor(id: string, { incarnation = 1, ringId = 'ring', limits = {} }: NodeOptions = {}) {
    this.id = nodeId(id);
    this.incarnation = incarnation;
    this.links = new Links({
      node: this.id,
      incarnation: () => incarnation,
      ringId: () => ringId,
      net: new NodeNet(),
      clock: new NodeClock(),
      entropy: new NodeEntropy(),
      logger: { ...SILENT, warn: (_, fields) => this.complaints.push(String(fields?.['why'])) },
      faults: this.cuts,
      handler: this,
      limits: { retryMinMs: 5, retryMaxMs: 50, ...limits },
    });
    owned.push(this.links);
  }

  static async begin(id: string, options: NodeOptions = {}): Promise<MeshNode> {
    const node = new MeshNode(id, options);
    node.port = await node.links.listen({ host: HOST, port: 0 });
    return node;
  }

  meet(...others: readonly MeshNode[]): void {
    const places = others.map(({ id, port, incarnation }) => {
      return [id, { host: HOST, port, incarnation }] as const;
    });
    this.links.setPeers(new Map(places));
  }

  onLinkUp(node: NodeId): void {
    this.story.push(`${node} up`);
  }

  onLinkDown(node: NodeId): void {
    this.story.push(`${node} down`);
  }

  onMessage(_: NodeId, message: Message): void {
    // Bodies are borrowed.
    if (message.kind !== 'entries') this.messages.push(message);
    else {
      const entries = message.entries.map((entry) => ({ ...entry, body: Buffer.from(entry.body) }));
      this.messages.push({ ...message, entries });
    }
  }

  onDigestMessage(from: NodeId, { kind }: { readonly kind: string }): void {
    this.story.push(`${kind} from ${from}`);
  }

  onCompareMessage(from: NodeId, { kind }: { readonly kind: string }): void {
    this.story.push(`${kind} from ${from}`);
  }

  onCopyMessage(from: NodeId, { kind }: { readonly kind: string }): void {
    this.story.push(`${kind} from ${from}`);
  }

  onForward(from: NodeId, requestId: number, errand: Uint8Array): void {
    this.links.sendAnswer(from, requestId, Buffer.from(errand).reverse());
  }

  onForwarded(from: NodeId, requestId: number, reply: Uint8Array): void {
    this.story.push(`answer ${requestId} from ${from}: ${Buffer.from(reply).toString()}`);
  }

  onRoom(node: NodeId): void {
    this.story.push(`room at ${node}`);
  }
}

function beat(number: number): Message {
  return { kind: 'beat', number, heard: 0 };
}

async function pair(options: NodeOptions = {}): Promise<{ a: MeshNode; b: MeshNode }> {
  const a = await MeshNode.begin('a', options);
  const b = await MeshNode.begin('b', options);
  a.meet(b);
  b.meet(a);
  await until('the link is up', () => a.links.isUp(b.id) && b.links.isUp(a.id));
  return { a, b };
}

test('two nodes find each other, and what one says the other hears in order', async () => {
  const { a, b } = await pair();
  expect([a.story, b.story]).toEqual([['b up'], ['a up']]);
  const body = Buffer.alloc(300_000, 7);
  const entries = [1, 2, 3].map((seq) => ({ epoch: 1, seq, body }));
  for (let i = 1; i <= 1000; i++) expect(a.links.send(b.id, beat(i))).toBe(true);
  a.links.send(b.id, { kind: 'entries', partition: 5, epoch: 1, entries, committedSeq: 2 });
  a.links.flush();
  b.links.send(a.id, { kind: 'ack', partition: 5, epoch: 1, seq: 3 });
  await until('all is heard', () => b.messages.length === 1001 && a.messages.length === 1);
  expect(b.messages.slice(0, 1000)).toEqual(Array.from({ length: 1000 }, (_, i) => beat(i + 1)));
  expect(b.messages[1000]).toMatchObject({ kind: 'entries', entries, committedSeq: 2 });
});

test('an errand goes there and its answer comes back', async () => {
  const { a, b } = await pair();
  expect(a.links.sendForward(b.id, 17, Buffer.from('abc'))).toBe(true);
  await until('it is answered', () => a.story.includes('answer 17 from b: cba'));
  expect(a.links.sendForward(nodeId('nobody'), 18, Buffer.from('abc'))).toBe(false);
});

test('a node that starts anew is found again, under its new address', async () => {
  const { a, b } = await pair();
  await b.links.close();
  await until('it is missed', () => a.story.includes('b down'));
  const again = await MeshNode.begin('b', { incarnation: 2 });
  again.meet(a);
  a.meet(again);
  await until('it is found', () => again.links.isUp(a.id) && a.links.isUp(again.id));
  expect(a.story).toEqual(['b up', 'b down', 'b up']);
});

test('who dials anew takes the place of what was there', async () => {
  const { b } = await pair();
  const again = new MeshNode('a', { incarnation: 2 });
  again.meet(b);
  await until('it is up', () => again.links.isUp(b.id));
  expect(b.story).toEqual(['a up', 'a down', 'a up']);
});

test('nodes of different rings, and nodes that are somebody else, are not spoken to', async () => {
  const a = await MeshNode.begin('a', { ringId: 'one' });
  const b = await MeshNode.begin('b', { ringId: 'another' });
  const c = await MeshNode.begin('c', { ringId: 'one' });
  // Whoever listens where c is said to be is b.
  const wrong = { host: HOST, port: b.port, incarnation: 1 };
  a.links.setPeers(
    new Map([
      [b.id, { host: HOST, port: b.port, incarnation: 1 }],
      [c.id, wrong],
    ]),
  );
  await until('b refuses both', () => {
    return ['it belongs to the ring one', 'it looks for c'].every((why) =>
      b.complaints.includes(why),
    );
  });
  expect([a.story, b.story]).toEqual([[], []]);
  a.meet(c);
  await until('the right one is found', () => a.links.isUp(c.id));
});

test('a node that does not know its ring yet goes with any', async () => {
  const a = await MeshNode.begin('a', { ringId: null });
  const b = await MeshNode.begin('b');
  a.meet(b);
  await until('they are linked', () => a.links.isUp(b.id) && b.links.isUp(a.id));
});

test('a cut way holds back what is said, and the other way goes on', async () => {
  const { a, b } = await pair();
  b.cuts.change('in a');
  a.links.send(b.id, beat(1));
  b.links.send(a.id, beat(2));
  await until('one way goes on', () => a.messages.length === 1);
  expect(b.messages).toEqual([]);
  b.cuts.change();
  await until('it arrives', () => b.messages.length === 1);
  expect(b.story).toEqual(['a up']);
});

test('a link on which nothing is heard is given up, and dialled anew when it can be', async () => {
  const { a, b } = await pair({ limits: { silenceMs: 200 } });
  a.cuts.change('in b', 'out b');
  await until('both give up', () => a.story.includes('b down') && b.story.includes('a down'));
  a.cuts.change();
  await until(
    'they are linked again',
    () => a.story.at(-1) === 'b up' && b.story.at(-1) === 'a up',
  );
});

test('a node that takes too little is dropped', async () => {
  const { a, b } = await pair({ limits: { unsentBytesMax: 0x20_0000 } });
  a.cuts.change('out b');
  const body = Buffer.alloc(0x10_0000);
  for (let i = 0; i < 4; i++) a.links.sendForward(b.id, i, body);
  a.links.flush();
  await until('it is dropped', () => a.story.includes('b down'));
});

test('strangers and babblers are closed', async () => {
  const a = await MeshNode.begin('a', { limits: { helloTimeoutMs: 100 } });
  const out = new Writer();
  writeMessage(out, beat(1));
  for (const bytes of [
    '',
    'GET / HTTP/1.1\r\n\r\n',
    out.copy(),
    Buffer.from([0x7f, 0xff, 0xff, 0xff]),
  ]) {
    const socket = net.connect(a.port, HOST);
    const isOver = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    socket.write(bytes);
    await isOver;
  }
  expect(a.story).toEqual([]);
});
