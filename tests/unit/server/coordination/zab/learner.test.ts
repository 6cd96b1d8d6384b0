/** What followers and observers say and do, as conversations; above all, in which order the disk is asked (Z6). */
import { describe, expect, test } from 'vitest';

import type { Message } from '../../../../../src-server/coordination/zab/messages.ts';
import {
  entries,
  entry,
  PAYLOAD,
  Solo,
  type SoloOptions,
  viewOf,
  z,
} from '../../../../sim/zab/solo.ts';

const VIEW = viewOf([1, 2, 3], [4]);

function follower(options: Partial<SoloOptions> = {}): Solo {
  const solo = new Solo({
    sid: 1,
    view: VIEW,
    currentEpoch: 1,
    recent: entries('1:1', '1:2'),
    ...options,
  });
  solo.follow(3, 2);
  return solo;
}

/** In broadcast of epoch 2. */
function synchronised(options: Partial<SoloOptions> = {}): Solo {
  const solo = follower(options);
  solo.greetLeader(2);
  for (const message of [
    { kind: 'diff', zxid: z('1:2') },
    { kind: 'newLeader', epoch: 2, view: VIEW },
    { kind: 'upToDate' },
  ] as Message[])
    solo.message(1, message);
  return solo;
}

const commit = (zxid: string): Message => ({ kind: 'commit', zxid: z(zxid) });
const NEW_LEADER: Message = { kind: 'newLeader', epoch: 2, view: VIEW };
const UP_TO_DATE: Message = { kind: 'upToDate' };

describe('discovery', () => {
  test('Z1: the epoch is on disk before ACKEPOCH leaves', () => {
    const solo = follower({ isManual: true });
    expect(solo.step({ kind: 'connected', attempt: 1, link: 1 })).toEqual([
      '1 <- follower 1 accepted 1',
    ]);
    expect(solo.message(1, { kind: 'leaderInfo', epoch: 2 })).toEqual(['storeAcceptedEpoch 2']);
    expect(solo.step({ kind: 'acceptedEpochStored', epoch: 2 })).toEqual([
      '1 <- ACKEPOCH 1 at 1:2',
      'following synchronization: the epoch is accepted',
    ]);
  });

  test('an epoch accepted before is not promised twice', () => {
    expect(follower({ acceptedEpoch: 2 }).greetLeader(2)).toContain('1 <- ACKEPOCH -1 at 1:2');
  });

  test('Z1: an older epoch is refused', () => {
    expect(follower({ acceptedEpoch: 3 }).greetLeader(2)).toContain(
      'looking election: the leader is of an older epoch than one that was accepted',
    );
  });

  test('a leader that does not listen yet is tried five times', () => {
    const solo = new Solo({ sid: 1, view: VIEW });
    expect(solo.follow(3, 2)).toContain('connect to 3 (1)');
    for (let attempt = 1; attempt < 5; attempt++) {
      expect(solo.step({ kind: 'connectFailed', attempt })).toEqual([]);
      expect(solo.tick(100)).toEqual([`connect to 3 (${attempt + 1})`]);
    }
    expect(solo.step({ kind: 'connectFailed', attempt: 5 })).toContain(
      'looking election: the leader cannot be reached',
    );
  });

  test('a connection that comes too late is closed', () => {
    const solo = follower();
    solo.step({ kind: 'connectFailed', attempt: 1 });
    solo.tick(100);
    expect(solo.step({ kind: 'connected', attempt: 1, link: 8 })).toEqual([
      'close 8: tried for too long',
    ]);
  });

  test('silence ends it after the initLimit', () => {
    const solo = follower();
    solo.greetLeader(2);
    expect(solo.tick(4000)).toContain('looking election: nothing heard from the leader');
  });
});

describe('Z6: log, epoch, acknowledgement, in this order', () => {
  test('after a DIFF', () => {
    const solo = follower({ isManual: true });
    solo.greetLeader(2);
    solo.step({ kind: 'acceptedEpochStored', epoch: 2 });
    solo.message(1, { kind: 'diff', zxid: z('1:4') });
    // Nothing is logged before NEWLEADER: a leader that falls now has left no trace.
    for (const zxid of ['1:3', '1:4']) {
      expect(solo.message(1, entry(zxid))).toEqual([]);
      expect(solo.message(1, commit(zxid))).toEqual([]);
    }
    expect(solo.message(1, NEW_LEADER)).toEqual([
      'append 1:3',
      'commit 1:3',
      'append 1:4',
      'commit 1:4',
    ]);
    expect(solo.step({ kind: 'durable', zxid: z('1:3') })).toEqual([]);
    expect(solo.step({ kind: 'durable', zxid: z('1:4') })).toEqual(['storeCurrentEpoch 2']);
    // What comes while the disk is at work waits.
    expect(solo.message(1, UP_TO_DATE)).toEqual([]);
    expect(solo.step({ kind: 'currentEpochStored', epoch: 2 })).toEqual([
      '1 <- ACK 2:0',
      '1 <- ACK 2:0',
      'following broadcast: synchronised',
    ]);
  });

  test('after a DIFF of nothing', () => {
    const solo = follower();
    solo.greetLeader(2);
    solo.message(1, { kind: 'diff', zxid: z('1:2') });
    expect(solo.message(1, NEW_LEADER)).toEqual(['storeCurrentEpoch 2', '1 <- ACK 2:0']);
  });

  test('after a TRUNC', () => {
    const solo = follower({ isManual: true });
    solo.greetLeader(2);
    solo.step({ kind: 'acceptedEpochStored', epoch: 2 });
    expect(solo.message(1, { kind: 'trunc', zxid: z('1:1') })).toEqual(['truncate 1:1']);
    solo.message(1, entry('2:1'));
    solo.message(1, commit('2:1'));
    solo.message(1, NEW_LEADER);
    expect(solo.step({ kind: 'truncated', zxid: z('1:1') })).toEqual(['append 2:1', 'commit 2:1']);
    expect(solo.step({ kind: 'durable', zxid: z('2:1') })).toEqual(['storeCurrentEpoch 2']);
    expect(solo.step({ kind: 'currentEpochStored', epoch: 2 })).toEqual(['1 <- ACK 2:0']);
  });

  test('after a SNAP: memory first, then the whole', () => {
    const solo = follower({ isManual: true });
    solo.greetLeader(2);
    solo.step({ kind: 'acceptedEpochStored', epoch: 2 });
    expect(solo.message(1, { kind: 'snap', zxid: z('1:7') })).toEqual(['receiveSnapshot 1:7']);
    // Proposed before the image was made, and in it.
    solo.message(1, entry('1:7'));
    solo.message(1, commit('1:7'));
    solo.message(1, entry('1:8'));
    solo.message(1, commit('1:8'));
    solo.message(1, entry('1:9'));
    expect(solo.step({ kind: 'snapshotReceived', link: 1 })).toEqual(['apply 1:8']);
    expect(solo.message(1, NEW_LEADER)).toEqual(['saveSnapshot 1:8']);
    expect(solo.step({ kind: 'snapshotSaved', zxid: z('1:8') })).toEqual(['storeCurrentEpoch 2']);
    expect(solo.step({ kind: 'currentEpochStored', epoch: 2 })).toEqual(['1 <- ACK 2:0']);
    expect(solo.message(1, UP_TO_DATE)).toContain('append 1:9');
  });

  test('a link lost in the middle of a SNAP leaves what the disk has', () => {
    const solo = follower();
    solo.greetLeader(2);
    solo.message(1, { kind: 'snap', zxid: z('1:7') });
    expect(solo.step({ kind: 'linkDown', link: 1 })).toEqual([
      'looking election: the leader is gone',
      'settle from the disk',
    ]);
    solo.step({ kind: 'settled', zxid: z('1:2'), jitter: 0 });
    expect(solo.peer.lastZxid).toBe(z('1:2'));
    expect(solo.peer.currentEpoch).toBe(1);
  });

  test('what is not decided at NEWLEADER is logged and acknowledged with UPTODATE, decided meanwhile or not', () => {
    const solo = follower();
    solo.greetLeader(2);
    for (const message of [
      { kind: 'diff', zxid: z('1:2') },
      entry('2:1'),
      NEW_LEADER,
      entry('2:2'),
      commit('2:1'),
    ] as Message[])
      solo.message(1, message);
    expect(solo.message(1, UP_TO_DATE)).toEqual([
      '1 <- ACK 2:0',
      'following broadcast: synchronised',
      'append 2:1',
      'append 2:2',
      'commit 2:1',
      '1 <- ACK 2:1',
      '1 <- ACK 2:2',
    ]);
  });
});

describe('a history that cannot be taken over', () => {
  test('Z4: a hole', () => {
    const solo = follower();
    solo.greetLeader(2);
    solo.message(1, { kind: 'diff', zxid: z('1:9') });
    expect(solo.message(1, entry('1:4'))).toContain(
      'looking election: a transaction is missing in what the leader sent',
    );
  });

  test('Z4: a hole at the beginning of an epoch', () => {
    const solo = follower();
    solo.greetLeader(2);
    solo.message(1, { kind: 'diff', zxid: z('1:9') });
    expect(solo.message(1, entry('2:2'))).toContain(
      'looking election: a transaction is missing in what the leader sent',
    );
  });

  test('Z5: a decision out of order', () => {
    const solo = follower();
    solo.greetLeader(2);
    solo.message(1, { kind: 'diff', zxid: z('1:4') });
    solo.message(1, entry('1:3'));
    expect(solo.message(1, commit('1:4'))).toContain(
      'looking election: the leader decided out of order',
    );
  });

  test.each([
    ['NEWLEADER of another epoch', { kind: 'newLeader', epoch: 9, view: null }],
    ['UPTODATE before NEWLEADER', UP_TO_DATE],
    ['a second LEADERINFO', { kind: 'leaderInfo', epoch: 2 }],
  ] as [string, Message][])('%s', (_, message) => {
    const solo = follower();
    solo.greetLeader(2);
    solo.message(1, { kind: 'diff', zxid: z('1:2') });
    expect(solo.message(1, message)[0]).toMatch(/^close 1: the leader sent .* at the wrong time$/);
  });

  test('a snapshot that cannot be cut: the next time it asks for the whole', () => {
    const solo = follower({ isManual: true });
    solo.greetLeader(2);
    solo.step({ kind: 'acceptedEpochStored', epoch: 2 });
    solo.message(1, { kind: 'trunc', zxid: z('1:1') });
    expect(solo.step({ kind: 'truncated', zxid: z('1:2') })).toContain(
      'looking election: the history cannot be cut where the leader asks',
    );
    solo.step({ kind: 'settled', zxid: z('1:2'), jitter: 0 });
    const vote = { leader: 3 as never, round: 1, peerEpoch: 1 };
    solo.hear(2, vote, 'following');
    solo.hear(3, vote, 'leading');
    solo.step({ kind: 'connected', attempt: 2, link: 2 });
    expect(solo.message(2, { kind: 'leaderInfo', epoch: 2 })[0]).toBe('2 <- ACKEPOCH -1 at 0:0');
    expect(solo.message(2, { kind: 'diff', zxid: z('1:1') })).toEqual([
      "fail: the history is not the leader's, and it sends no snapshot",
    ]);
  });
});

describe('following', () => {
  test('log, acknowledge, apply', () => {
    const solo = synchronised();
    expect(solo.message(1, entry('2:1'))).toEqual(['append 2:1', '1 <- ACK 2:1']);
    expect(solo.message(1, commit('2:1'))).toEqual(['commit 2:1']);
  });

  test('Z5: a decision may come before the own disk is done; each is acknowledged once', () => {
    const solo = follower({ isManual: true });
    solo.greetLeader(2);
    solo.step({ kind: 'acceptedEpochStored', epoch: 2 });
    solo.message(1, { kind: 'diff', zxid: z('1:2') });
    solo.message(1, NEW_LEADER);
    solo.step({ kind: 'currentEpochStored', epoch: 2 });
    solo.message(1, UP_TO_DATE);
    for (const zxid of ['2:1', '2:2', '2:3']) solo.message(1, entry(zxid));
    expect(solo.message(1, commit('2:1'))).toEqual(['commit 2:1']);
    expect(solo.step({ kind: 'durable', zxid: z('2:2') })).toEqual([
      '1 <- ACK 2:1',
      '1 <- ACK 2:2',
    ]);
    expect(solo.step({ kind: 'durable', zxid: z('2:3') })).toEqual(['1 <- ACK 2:3']);
  });

  test('Z4, Z5: holes and decisions out of order end it', () => {
    const solo = synchronised();
    expect(synchronised().message(1, entry('2:2'))).toContain(
      'looking election: a proposal is missing',
    );
    solo.message(1, entry('2:1'));
    expect(solo.message(1, entry('2:3'))).toContain('looking election: a proposal is missing');
    expect(synchronised().message(1, commit('2:1'))).toContain(
      'looking election: the leader decided out of order',
    );
  });

  test('pings are answered, and silence ends it after the syncLimit', () => {
    const solo = synchronised();
    expect(solo.message(1, { kind: 'ping', zxid: z('2:0') })).toEqual(['answerPing 2:0']);
    expect(solo.tick(1999)).toEqual([]);
    expect(solo.tick(1)).toContain('looking election: nothing heard from the leader');
  });

  test('answers for its clients are handed over', () => {
    expect(synchronised().message(1, { kind: 'sync' })).toEqual(['deliver sync of 3']);
  });

  test('Z8: after its end the log is settled, and what was undecided stands', () => {
    const solo = synchronised();
    solo.message(1, entry('2:1'));
    expect(solo.step({ kind: 'linkDown', link: 1 })).toEqual([
      'looking election: the leader is gone',
      'settle',
    ]);
    solo.step({ kind: 'settled', zxid: z('2:1'), jitter: 0 });
    expect(solo.peer.committedZxid).toBe(z('2:1'));
  });

  test('learners that come to a follower are sent away', () => {
    expect(synchronised().step({ kind: 'linkAccepted', link: 5 })).toEqual([
      'close 5: this server does not lead',
    ]);
  });
});

describe('observing', () => {
  function observer(): Solo {
    const solo = new Solo({ sid: 4, view: VIEW, currentEpoch: 1, recent: entries('1:1', '1:2') });
    solo.follow(3, 2);
    expect(solo.greetLeader(2)[0]).toBe('1 <- observer 4 accepted 1');
    return solo;
  }

  test('takes over what is decided, live traffic included', () => {
    const solo = observer();
    solo.message(1, { kind: 'diff', zxid: z('1:3') });
    solo.message(1, entry('1:3'));
    solo.message(1, commit('1:3'));
    solo.message(1, { kind: 'inform', zxid: z('2:1'), payload: PAYLOAD });
    expect(solo.message(1, NEW_LEADER)).toEqual([
      'append 1:3',
      'commit 1:3',
      'append 2:1',
      'commit 2:1',
      'storeCurrentEpoch 2',
      '1 <- ACK 2:0',
    ]);
    expect(solo.message(1, UP_TO_DATE)).toEqual([
      '1 <- ACK 2:0',
      'observing broadcast: synchronised',
    ]);
    expect(solo.message(1, { kind: 'inform', zxid: z('2:2'), payload: PAYLOAD })).toEqual([
      'append 2:2',
      'commit 2:2',
    ]);
    expect(solo.message(1, { kind: 'inform', zxid: z('2:4'), payload: PAYLOAD })).toContain(
      'looking election: a transaction is missing',
    );
  });
});
