/**
 * What must be true of a run: everybody applies the same in the same order, nothing decided is lost, an epoch has one leader.
 */
import { assert } from '../../../src-server/base/assert.ts';
import type { Sid } from '../../../src-server/base/ids.ts';
import type { PhaseChanged } from '../../../src-server/coordination/zab/effects.ts';
import type { Proposal } from '../../../src-server/coordination/zab/messages.ts';

export class Judge {
  /** What is decided, in order, as the first who applied it said. */
  readonly decided: Proposal[] = [];
  readonly #leaders = new Map<number, Sid>();
  /** What happened, for whoever looks at a seed that failed. */
  readonly story: string[] = [];
  epochs = 0;

  onApplied(sid: Sid, applied: readonly Proposal[]): void {
    const index = applied.length - 1;
    assert(index <= this.decided.length, 'Z5: nobody applies ahead of what was decided');
    if (index === this.decided.length) this.decided.push(applied[index]!);
    else assert(isSame(applied[index]!, this.decided[index]!), 'Z3: everybody applies the same');
    this.story.push(`${sid} applies ${applied[index]!.zxid}`);
  }

  onPhase(sid: Sid, effect: PhaseChanged, applied: readonly Proposal[]): void {
    const { role, phase, leader, epoch, reason } = effect;
    this.story.push(`${sid} ${role} ${phase} of ${leader ?? 'nobody'} in ${epoch}: ${reason}`);
    if (phase !== 'broadcast') return;
    if (role === 'leading') {
      assert(!this.#leaders.has(epoch), 'Z1: an epoch has one leader');
      this.#leaders.set(epoch, sid);
      this.epochs++;
      assert(applied.length >= this.decided.length, 'Z6: a leader knows everything decided');
    }
    // What a leader begins with is decided, and whoever is synchronised with it has taken that over.
    for (const [i, entry] of applied.entries()) {
      if (i === this.decided.length) this.decided.push(entry);
      assert(isSame(entry, this.decided[i]!), 'Z3: everybody applies the same');
    }
  }
}

function isSame(a: Proposal, b: Proposal): boolean {
  return a.zxid === b.zxid && a.payload[0] === b.payload[0] && a.payload[1] === b.payload[1];
}
