/**
 * The faults of the links between members, or between storage nodes: a table, as seen from one of them, of what is done to each way.
 *
 *   A ── out ──▶ │ way A→B │ ──▶ in ── B       cut: held back at both ends; late or lost: at the end where it arrives
 *
 * A cut way carries nothing, and since a handshake needs both ways, no new connection comes about either. The other way stays
 * as it is: acknowledgements of TCP are not part of the picture, so what B says still reaches A.
 *
 * Nothing can be left out of a stream. Loss shows as TCP shows it: a lost piece is sent again after 200 ms, then after twice as
 * long each time, and everything after it waits. When the last attempt is lost as well, the connection breaks. A piece is what
 * the system hands over at once; each draws for itself.
 */
import type { Entropy } from './entropy.ts';
import type { Arrival, Direction, LinkFaults } from './link-faults.ts';

/** What is done to one way of a link. */
export interface LinkFault<Peer = number> {
  readonly from: Peer;
  readonly to: Peer;
  readonly isCut: boolean;
  readonly delayMs: number;
  /** Of a hundred pieces, how many are lost on the way, each time they are sent. */
  readonly lossPercent: number;
}

/** As Linux waits before it sends again for the first time. */
const RETRANSMISSION_FIRST_MS = 200;
/** Systems try longer; by then any member has lost patience, and people who look as well. */
const RETRANSMISSIONS_MAX = 5;
const ON_TIME: Arrival = { lateMs: 0, isLost: false };
const UINT32_VALUES = 0x1_0000_0000;

export class FaultLab<Peer = number> implements LinkFaults<Peer> {
  readonly #self: Peer;
  readonly #entropy: Pick<Entropy, 'uint32'>;
  readonly #in = new Map<Peer, LinkFault<Peer>>();
  readonly #out = new Map<Peer, LinkFault<Peer>>();
  readonly #listeners = new Set<() => void>();

  constructor(parts: { readonly self: Peer; readonly entropy: Pick<Entropy, 'uint32'> }) {
    this.#self = parts.self;
    this.#entropy = parts.entropy;
  }

  /** From now on these and no others; those between other members are theirs. */
  change(faults: readonly LinkFault<Peer>[]): void {
    this.#in.clear();
    this.#out.clear();
    for (const fault of faults) {
      if (fault.to === this.#self) this.#in.set(fault.from, fault);
      if (fault.from === this.#self) this.#out.set(fault.to, fault);
    }
    for (const listener of [...this.#listeners]) listener();
  }

  isTouched(peer: Peer): boolean {
    return this.#in.has(peer) || this.#out.has(peer);
  }

  isOpen(peer: Peer, direction: Direction): boolean {
    return (direction === 'in' ? this.#in : this.#out).get(peer)?.isCut !== true;
  }

  arrival(peer: Peer): Arrival {
    const fault = this.#in.get(peer);
    if (fault === undefined) return ON_TIME;
    const { delayMs, lossPercent } = fault;
    let lateMs = delayMs;
    let waitMs = RETRANSMISSION_FIRST_MS;
    for (let lost = 0; this.#isLost(lossPercent); lost++) {
      lateMs += waitMs;
      waitMs *= 2;
      if (lost === RETRANSMISSIONS_MAX) return { lateMs, isLost: true };
    }
    return { lateMs, isLost: false };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Connections that follow the table. */
  get listeners(): number {
    return this.#listeners.size;
  }

  #isLost(percent: number): boolean {
    return percent > 0 && this.#entropy.uint32() < (percent / 100) * UINT32_VALUES;
  }
}
