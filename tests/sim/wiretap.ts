/**
 * Listens to what members say to each other, and notes which ways it went: how learners were brought up to date, why a vote was
 * given up for another one, whose session was asked for.
 */
import type { Probes } from './probes.ts';
import { packetsIn, PacketType } from './quorum-packets.ts';
import type { End } from './stream.ts';

interface Ballot {
  readonly round: number;
  readonly peerEpoch: number;
  readonly zxid: number;
  readonly leader: number;
}

const HELLO = -1;
const HELLO_FIXED_BYTES = 20;
const BALLOT_BYTES = 36;
const LOOKING = 0;

export class Wiretap {
  readonly #probes: Probes;
  readonly #ballots = new Map<string, Ballot>();

  constructor(probes: Probes) {
    this.#probes = probes;
  }

  /** A leader wrote to a learner. */
  fromLeader(bytes: Uint8Array): void {
    const types = packetsIn(bytes).map(({ type }) => type);
    for (const [i, type] of types.entries()) {
      const next = types[i + 1];
      if (type === PacketType.DIFF) this.#sync('a DIFF', next);
      if (type === PacketType.TRUNC) this.#sync('a TRUNC', next);
      if (type === PacketType.SNAP) this.#probes.hit('a learner got a SNAP');
      if (type === PacketType.REVALIDATE) this.#probes.hit('a session was asked for at the leader');
    }
  }

  #sync(what: string, next: number | undefined): void {
    this.#probes.hit(`a learner got ${what}`);
    if (next === PacketType.NEWLEADER) this.#probes.hit(`a learner got ${what} of nothing`);
    if (next === PacketType.PROPOSAL) this.#probes.hit(`a learner got ${what} and more`);
  }

  /** A member wrote to another one's election port, or from its own. */
  onElection(bytes: Uint8Array, from: End): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    if (bytes.length >= HELLO_FIXED_BYTES && view.getInt32(0) === HELLO)
      at = HELLO_FIXED_BYTES + view.getInt32(16);
    while (at + 4 + BALLOT_BYTES <= bytes.length) {
      const length = view.getInt32(at);
      if (length < BALLOT_BYTES) return;
      if (view.getInt32(at + 4) === LOOKING) {
        const number = (offset: number): number => Number(view.getBigInt64(at + 4 + offset));
        this.#onVote(from.host, {
          leader: number(4),
          zxid: number(12),
          round: number(20),
          peerEpoch: number(28),
        });
      }
      at += 4 + length;
    }
  }

  #onVote(host: string, ballot: Ballot): void {
    const before = this.#ballots.get(host);
    this.#ballots.set(host, ballot);
    // Who may not vote proposes nobody, which any vote is better than.
    if (before?.round !== ballot.round || before.zxid < 0 || before.leader < 0) return;
    if (ballot.peerEpoch > before.peerEpoch) this.#probes.hit('a vote gave way to a newer epoch');
    else if (ballot.peerEpoch < before.peerEpoch) return;
    else if (ballot.zxid > before.zxid) this.#probes.hit('a vote gave way to a longer log');
    else if (ballot.zxid === before.zxid && ballot.leader > before.leader)
      this.#probes.hit('a vote gave way to a larger sid');
  }
}
