/**
 * Commands that a proxy port takes and another node carries out: errands on their way there, and those that came here.
 *
 *   errand  protocol u8 │ consistency u8 │ is write u8 │ 0 │ within ms u32 │ command
 *
 * Whoever asked is always told one of three things: the answer; that it never left; or that nobody knows.
 */
import type { Clock, Timer } from '../platform/clock.ts';
import type { Consistency, Errand, ErrandOutcome, NodeFacts } from './resp/ports.ts';
import { type NodeId, nodeId } from './ring/topology.ts';

/** The links between nodes, as far as errands need them. False: there is no link, and nothing has left. */
export interface Carrier {
  sendForward(to: NodeId, requestId: number, errand: Uint8Array): boolean;
  sendAnswer(to: NodeId, requestId: number, reply: Uint8Array): boolean;
}

const IDS_PER_START = 0x1_0000_0000;

export interface ForwardsParts {
  /** Number of this start of the node, as it is known. */
  readonly incarnation: () => number;
  readonly clock: Clock;
  readonly carrier: Carrier;
  /** Longer than any node takes to answer or to say that it cannot. */
  readonly timeoutMs: number;
  /** Something will leave: the turn that it leaves with begins. */
  readonly beginTurn: () => void;
  /** Runs what another node sent. */
  readonly run: (errand: Errand, answer: (reply: Uint8Array) => void) => void;
}

interface OnItsWay {
  readonly to: NodeId;
  readonly answer: (outcome: ErrandOutcome) => void;
  readonly untilMs: number;
}

const HEADER_BYTES = 8;
const KINDS = ['strict', 'lease', 'stale'] as const;

export class Forwards {
  readonly #parts: ForwardsParts;
  /** In the order in which they left, so that the first is the oldest. */
  readonly #onTheirWay = new Map<number, OnItsWay>();
  #begun = 0;
  #timer: Timer | null = null;
  sent = 0;
  received = 0;

  constructor(parts: ForwardsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#onTheirWay.size;
  }

  send(node: NodeFacts, errand: Errand, answer: (outcome: ErrandOutcome) => void): void {
    const { clock, carrier, timeoutMs, incarnation } = this.#parts;
    const to = nodeId(node.id);
    // Others may still be at work for a former start: what they answer to that must not be an answer to this one.
    const id = incarnation() * IDS_PER_START + ++this.#begun;
    this.#parts.beginTurn();
    if (!carrier.sendForward(to, id, encode(errand))) {
      const why = `there is no link to ${to}`;
      clock.defer(() => answer({ kind: 'unsent', why }));
      return;
    }
    this.sent++;
    this.#onTheirWay.set(id, { to, answer, untilMs: clock.nowMs() + timeoutMs });
    this.#timer ??= clock.after(timeoutMs, () => this.#onTime());
  }

  /** An answer came. */
  onAnswer(requestId: number, reply: Uint8Array): void {
    const one = this.#onTheirWay.get(requestId);
    if (one === undefined) return;
    this.#onTheirWay.delete(requestId);
    one.answer({ kind: 'answered', reply });
  }

  /** Another node sent an errand. */
  onForward(from: NodeId, requestId: number, bytes: Uint8Array): void {
    const errand = decode(bytes);
    if (errand === null) return;
    this.received++;
    this.#parts.run(errand, (reply) => {
      this.#parts.beginTurn();
      this.#parts.carrier.sendAnswer(from, requestId, reply);
    });
  }

  /** What was on its way to this node may have been done, or not. */
  onLinkDown(node: NodeId, why: string): void {
    this.#lose(({ to }) => to === node, `the link to ${node} broke: ${why}`);
  }

  close(): void {
    this.#timer?.cancel();
    this.#lose(() => true, 'this node ends');
  }

  #onTime(): void {
    const { clock } = this.#parts;
    this.#timer = null;
    const nowMs = clock.nowMs();
    this.#lose(({ untilMs }) => untilMs <= nowMs, 'no answer in time');
    const next = this.#onTheirWay.values().next();
    if (next.done !== true)
      this.#timer = clock.after(next.value.untilMs - nowMs, () => this.#onTime());
  }

  #lose(isMeant: (one: OnItsWay) => boolean, why: string): void {
    for (const [id, one] of [...this.#onTheirWay]) {
      if (!isMeant(one)) continue;
      this.#onTheirWay.delete(id);
      one.answer({ kind: 'lost', why });
    }
  }
}

function encode({ command, protocol, consistency, isWrite }: Errand): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + command.length);
  bytes[0] = protocol;
  bytes[1] = KINDS.indexOf(consistency.kind);
  bytes[2] = isWrite ? 1 : 0;
  bytes[3] = 0;
  const withinMs = consistency.kind === 'stale' ? consistency.withinMs : 0;
  bytes.writeUInt32BE(Math.min(withinMs, 0xffff_ffff), 4);
  bytes.set(command, HEADER_BYTES);
  return bytes;
}

/** Null for what is no errand. */
function decode(bytes: Uint8Array): Errand | null {
  if (bytes.length < HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const protocol = view.getUint8(0);
  const kind = KINDS[view.getUint8(1)];
  if ((protocol !== 2 && protocol !== 3) || kind === undefined) return null;
  const consistency: Consistency =
    kind === 'stale' ? { kind, withinMs: view.getUint32(4) } : { kind };
  return {
    command: bytes.subarray(HEADER_BYTES),
    protocol,
    consistency,
    isWrite: view.getUint8(2) === 1,
  };
}
