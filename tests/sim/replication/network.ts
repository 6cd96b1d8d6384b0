/**
 * Links between nodes: in order and complete while they live, gone with all that is on its way when they break. A link that is
 * replaced breaks for one end before the other knows.
 *
 *   a ──way, may be cut──▶ b        cut: what is sent waits; when the cut lasts, the link breaks at both ends, each in its time
 */
import type { Prng } from '../../../src-server/base/prng.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import type { Agenda } from '../zab/agenda.ts';

export interface Port<M> {
  onUp(peer: NodeId): void;
  onDown(peer: NodeId): void;
  onMessage(from: NodeId, message: M): void;
}

interface End<M> {
  readonly port: Port<M>;
  /** Of the link that this end takes for the living one; 0 for none. */
  link: number;
  /** When what was sent last arrives at the other end. */
  arrivesMs: number;
  readonly waiting: { readonly link: number; readonly message: M }[];
  isCut: boolean;
}

interface Pair<M> {
  readonly ends: ReadonlyMap<NodeId, End<M>>;
  link: number;
}

const BREAKS_AFTER_MS = 3000;

export class SimNetwork<M> {
  readonly #agenda: Agenda;
  readonly #prng: Prng;
  readonly #pairs = new Map<string, Pair<M>>();
  readonly #ports = new Map<NodeId, Port<M>>();
  #links = 0;
  delivered = 0;
  /** What is done to messages on their way; null loses one. */
  tamper: (message: M) => M | null = (message) => message;

  constructor(agenda: Agenda, prng: Prng) {
    this.#agenda = agenda;
    this.#prng = prng;
  }

  /** A node's process has begun. */
  attach(node: NodeId, port: Port<M>): void {
    this.#ports.set(node, port);
    for (const other of this.#ports.keys()) if (other !== node) this.#connect(node, other);
  }

  /** It ended: its links break at the other ends. */
  detach(node: NodeId): void {
    this.#ports.delete(node);
    for (const [key, pair] of this.#pairs) {
      if (!pair.ends.has(node)) continue;
      this.#pairs.delete(key);
      for (const [id, end] of pair.ends) if (id !== node) this.#break(pair, id, end);
    }
  }

  send(from: NodeId, to: NodeId, sent: M): void {
    const message = this.tamper(sent);
    if (message === null) return;
    const pair = this.#pairs.get(keyOf(from, to));
    const end = pair?.ends.get(from);
    if (end === undefined || end.link === 0) return;
    if (end.isCut) end.waiting.push({ link: end.link, message });
    else this.#carry(pair!, from, to, end.link, message);
  }

  cut(from: NodeId, to: NodeId): void {
    const pair = this.#pairs.get(keyOf(from, to));
    const end = pair?.ends.get(from);
    if (pair === undefined || end === undefined || end.isCut) return;
    end.isCut = true;
    const { link } = pair;
    this.#agenda.after(BREAKS_AFTER_MS, () => {
      if (end.isCut && pair.link === link) this.#renew(pair);
    });
  }

  mend(from: NodeId, to: NodeId): void {
    const pair = this.#pairs.get(keyOf(from, to));
    const end = pair?.ends.get(from);
    if (pair === undefined || end?.isCut !== true) return;
    end.isCut = false;
    for (const { link, message } of end.waiting.splice(0))
      this.#carry(pair, from, to, link, message);
    if (pair.link === 0) this.#renew(pair);
  }

  mendAll(): void {
    for (const pair of this.#pairs.values()) {
      const [a, b] = [...pair.ends.keys()];
      this.mend(a!, b!);
      this.mend(b!, a!);
    }
  }

  /** The connection breaks, and another one takes its place. */
  reset(a: NodeId, b: NodeId): void {
    const pair = this.#pairs.get(keyOf(a, b));
    if (pair !== undefined) this.#renew(pair);
  }

  #connect(a: NodeId, b: NodeId): void {
    const ends = new Map([
      [a, this.#end(a)],
      [b, this.#end(b)],
    ]);
    const pair: Pair<M> = { ends, link: 0 };
    this.#pairs.set(keyOf(a, b), pair);
    this.#renew(pair);
  }

  #end(node: NodeId): End<M> {
    return { port: this.#ports.get(node)!, link: 0, arrivesMs: 0, waiting: [], isCut: false };
  }

  #renew(pair: Pair<M>): void {
    const link = ++this.#links;
    pair.link = 0;
    let greatestMs = 0;
    for (const [id, end] of pair.ends)
      greatestMs = Math.max(greatestMs, this.#break(pair, id, end));
    if ([...pair.ends.values()].some(({ isCut }) => isCut)) return;
    pair.link = link;
    // The handshake goes both ways: nobody takes it for up before both ends have given up the old one.
    const handshakeMs = greatestMs + this.#prng.between(1, 100);
    for (const [id, end] of pair.ends) {
      const peer = [...pair.ends.keys()].find((other) => other !== id)!;
      const delayMs = handshakeMs + this.#prng.between(0, 3);
      end.arrivesMs = Math.max(end.arrivesMs, this.#agenda.nowMs + handshakeMs + 4);
      this.#agenda.after(delayMs, () => {
        if (pair.link !== link || this.#ports.get(id) !== end.port) return;
        end.link = link;
        end.port.onUp(peer);
      });
    }
  }

  /** @returns after how long this end notices */
  #break(pair: Pair<M>, id: NodeId, end: End<M>): number {
    const { link } = end;
    end.waiting.length = 0;
    if (link === 0) return 0;
    const peer = [...pair.ends.keys()].find((other) => other !== id)!;
    const delayMs = this.#prng.between(0, 30);
    this.#agenda.after(delayMs, () => {
      if (end.link !== link || this.#ports.get(id) !== end.port) return;
      end.link = 0;
      end.port.onDown(peer);
    });
    return delayMs;
  }

  #carry(pair: Pair<M>, from: NodeId, to: NodeId, link: number, message: M): void {
    const sender = pair.ends.get(from)!;
    const receiver = pair.ends.get(to)!;
    const slow = this.#prng.chance(0.02) ? this.#prng.between(5, 200) : 0;
    const atMs = this.#agenda.nowMs + this.#prng.between(1, 20) / 10 + slow;
    sender.arrivesMs = Math.max(sender.arrivesMs, atMs);
    this.#agenda.at(sender.arrivesMs, () => {
      if (receiver.link !== link || this.#ports.get(to) !== receiver.port) return;
      this.delivered++;
      receiver.port.onMessage(from, message);
    });
  }
}

function keyOf(a: NodeId, b: NodeId): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
