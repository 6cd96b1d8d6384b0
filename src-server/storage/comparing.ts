/**
 * How whoever controls the ring learns whether the copies of a partition are the same: it asks their leader, wherever that is.
 *
 *   controller ──compare──▶ leader ──agreement.ts──▶ copies        controller ◀──compared── leader
 */
import type { Clock, Timer } from '../platform/clock.ts';
import type { Agreement, Verdict } from './agreement.ts';
import type { Compared } from './control/controller.ts';
import type { PartitionState } from './control/records.ts';
import type { CompareMessage } from './replication/mesh/links.ts';
import type { NodeId } from './ring/topology.ts';

export interface ComparingParts {
  readonly self: NodeId;
  readonly agreement: Pick<Agreement, 'compareSoon'>;
  /** False where nothing can be sent there. */
  readonly send: (to: NodeId, message: CompareMessage) => boolean;
  readonly clock: Clock;
  /** A cache forgets at each node what that node did not need: its copies are not the same. */
  readonly isComparable: boolean;
}

interface Asked {
  readonly tell: (verdict: Verdict) => void;
  readonly timer: Timer;
}

/** Longer than the leader itself waits for its copies. */
const ANSWER_MS = 3000;

export class Comparing {
  readonly #parts: ComparingParts;
  readonly #asked = new Map<number, Asked>();
  #lastRequestId = 0;
  #isClosed = false;

  constructor(parts: ComparingParts) {
    this.#parts = parts;
  }

  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#asked.values()) timer.cancel();
    this.#asked.clear();
  }

  /** Never fails: what cannot be found out is unknown. */
  compare(partition: number, { leader, epoch, inSync }: PartitionState): Promise<Compared> {
    const { self, agreement, isComparable } = this.#parts;
    return new Promise((resolve) => {
      const tell = (verdict: Verdict): void => resolve(wholeOf(verdict, inSync));
      if (!isComparable)
        resolve({ kind: 'incomparable', words: 'copies of a cache differ', copiedBytes: NOTHING });
      else if (leader === null || this.#isClosed) tell(unknown('nobody leads it'));
      else if (leader === self) agreement.compareSoon(partition, tell);
      else this.#ask(leader, { partition, epoch }, tell);
    });
  }

  #ask(
    leader: NodeId,
    where: { readonly partition: number; readonly epoch: number },
    tell: (verdict: Verdict) => void,
  ): void {
    const { send, clock } = this.#parts;
    const requestId = ++this.#lastRequestId;
    if (!send(leader, { kind: 'compare', ...where, requestId })) {
      tell(unknown(`there is no link to ${leader}, who leads it`));
      return;
    }
    const timer = clock.after(ANSWER_MS, () => {
      this.#asked.delete(requestId);
      tell(unknown(`${leader}, who leads it, does not answer`));
    });
    this.#asked.set(requestId, { tell, timer });
  }

  onMessage(from: NodeId, message: CompareMessage): void {
    const { agreement, send } = this.#parts;
    const { partition, epoch, requestId } = message;
    if (message.kind === 'compare') {
      agreement.compareSoon(partition, ({ kind: verdict, words, copiedBytes }) => {
        if (this.#isClosed) return;
        const copies = [...copiedBytes].map(([node, bytes]) => ({ node, copiedBytes: bytes }));
        send(from, { kind: 'compared', partition, epoch, requestId, verdict, words, copies });
      });
      return;
    }
    const asked = this.#asked.get(requestId);
    if (asked === undefined) return;
    this.#asked.delete(requestId);
    asked.timer.cancel();
    const { verdict: kind, words, copies } = message;
    const copiedBytes = new Map(copies.map(({ node, copiedBytes: bytes }) => [node, bytes]));
    asked.tell({ kind, words, copiedBytes });
  }
}

/** It says something of a partition only where every copy that counts was heard. */
function wholeOf(verdict: Verdict, inSync: readonly NodeId[]): Verdict {
  const unheard = inSync.find((id) => !verdict.copiedBytes.has(id));
  if (verdict.kind !== 'equal' || unheard === undefined) return verdict;
  return unknown(`the copy of ${unheard} was not compared`);
}

function unknown(words: string): Verdict {
  return { kind: 'unknown', words, copiedBytes: NOTHING };
}

const NOTHING: Verdict['copiedBytes'] = new Map();
