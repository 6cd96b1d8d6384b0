/** What must be true of every scenario, whatever its transcript says. */
import { assert } from '../../src-server/base/assert.ts';
import type { Sid } from '../../src-server/base/ids.ts';
import { counterOf, epochOf } from '../../src-server/base/zxid.ts';
import type { PhaseChanged } from '../../src-server/coordination/zab/effects.ts';
import type { Message, Proposal } from '../../src-server/coordination/zab/messages.ts';
import type { Disk } from './disk.ts';
import { showEntry } from './words.ts';

export class Laws {
  /** What is decided, in order, as the first who applied it said. */
  readonly #decided: Proposal[] = [];
  readonly #leaders = new Map<number, Sid>();

  /** Nothing is promised that would not survive. */
  onSent(disk: Disk, message: Message): void {
    switch (message.kind) {
      case 'leaderInfo':
        assert(disk.accepted === message.epoch, 'Z1: LEADERINFO after the epoch is on disk');
        return;
      case 'ackEpoch':
        assert(disk.isSynced, 'Z6: a promise names what is on disk');
        return;
      case 'newLeader':
        assert(disk.current === message.epoch, 'Z6: NEWLEADER after the epoch is on disk');
        return;
      case 'ack':
        if (counterOf(message.zxid) !== 0) {
          assert(disk.durableEnd >= message.zxid, 'Z3: an acknowledged proposal is on disk');
          return;
        }
        assert(disk.current === epochOf(message.zxid), 'Z6: the epoch, then the acknowledgement');
        assert(disk.isSynced, 'Z6: the log, then the acknowledgement');
        return;
      default:
    }
  }

  onPhase(sid: Sid, { role, phase, epoch }: PhaseChanged, applied: readonly Proposal[]): void {
    if (phase !== 'broadcast') return;
    if (role === 'leading') {
      const known = this.#leaders.get(epoch);
      assert(known === undefined || known === sid, 'Z1: an epoch has one leader');
      this.#leaders.set(epoch, sid);
      assert(applied.length >= this.#decided.length, 'Z6: a leader knows everything decided');
    }
    this.onApplied(applied);
  }

  onApplied(applied: readonly Proposal[]): void {
    for (const [i, entry] of applied.entries()) {
      const decided = this.#decided[i];
      if (decided === undefined) this.#decided.push(entry);
      else assert(showEntry(decided) === showEntry(entry), 'Z3: everybody applies the same');
    }
  }
}
