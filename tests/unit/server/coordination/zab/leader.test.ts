/** What a leader says and does, as conversations: numbers before `<-` are links, zxids are epoch:counter. */
import { describe, expect, test } from 'vitest';

import { AssertionFailed } from '../../../../../src-server/base/assert.ts';
import { sid } from '../../../../../src-server/base/ids.ts';
import { COUNTER_MAX } from '../../../../../src-server/base/zxid.ts';
import { entries, PAYLOAD, Solo, type SoloOptions, viewOf, z } from '../../../../sim/zab/solo.ts';
import { SETTINGS } from '../../../../sim/zab/swarm.ts';

const THREE = viewOf([1, 2, 3], [4]);

function leader(options: Partial<SoloOptions> = {}): Solo {
  return new Solo({
    sid: 2,
    view: THREE,
    currentEpoch: 1,
    recent: entries('1:1', '1:2', '1:3'),
    ...options,
  });
}

function established(options: Partial<SoloOptions> = {}): Solo {
  const solo = leader(options);
  solo.lead(1);
  solo.admit(1, 1, z('1:3'));
  return solo;
}

describe('discovery', () => {
  test('Z1: the epoch is on disk before LEADERINFO leaves', () => {
    const solo = leader({ isManual: true });
    expect(solo.lead(1)).toEqual(['leading discovery: elected']);
    expect(solo.greet(1, 1, 'follower', 4)).toEqual(['storeAcceptedEpoch 5']);
    // Who comes meanwhile waits as well.
    expect(solo.greet(2, 3)).toEqual([]);
    expect(solo.step({ kind: 'acceptedEpochStored', epoch: 5 })).toEqual([
      '1 <- LEADERINFO 5',
      '2 <- LEADERINFO 5',
    ]);
    expect(solo.message(1, { kind: 'ackEpoch', lastZxid: z('1:3'), currentEpoch: 1 })).toEqual([
      'storeCurrentEpoch 5',
    ]);
    expect(solo.step({ kind: 'currentEpochStored', epoch: 5 })).toEqual([
      'leading synchronization: the epoch is agreed on',
      '1 <- DIFF 1:3',
      '1 <- NEWLEADER 5',
    ]);
  });

  test('an observer does not complete the quorum, but its epoch counts', () => {
    const solo = leader();
    solo.lead(1);
    expect(solo.greet(1, 4, 'observer', 7)).toEqual([]);
    expect(solo.greet(2, 1)).toContain('storeAcceptedEpoch 8');
  });

  test('Z6: a learner that knows more is sent away, as overwriting it could lose what is decided', () => {
    const solo = leader();
    solo.lead(1);
    solo.greet(1, 1);
    expect(solo.message(1, { kind: 'ackEpoch', lastZxid: z('1:4'), currentEpoch: 1 })).toEqual([
      'close 1: knows more than this leader',
    ]);
  });

  test('a promise that is repeated does not count, nor does one of an empty database', () => {
    const solo = leader();
    solo.lead(1);
    solo.greet(1, 1);
    expect(solo.message(1, { kind: 'ackEpoch', lastZxid: z('1:3'), currentEpoch: -1 })).toEqual([]);
    solo.greet(2, 3);
    expect(solo.message(2, { kind: 'ackEpoch', lastZxid: z('0:0'), currentEpoch: 0 })).toContain(
      'storeCurrentEpoch 2',
    );
  });

  test.each([
    ['a newer configuration', { configVersion: 9 }, 'has activated a newer configuration'],
    ['the leader’s own id', { sid: sid(2) }, 'claims to be this server'],
    ['an old protocol', { protocolVersion: 1 }, 'speaks a protocol from before 3.4'],
  ])('refuses %s', (_, wrong, reason) => {
    const solo = leader();
    solo.lead(1);
    solo.step({ kind: 'linkAccepted', link: 1 });
    const info = {
      role: 'follower',
      acceptedEpoch: 0,
      sid: sid(1),
      protocolVersion: 0x10000,
      configVersion: 0,
    } as const;
    expect(solo.message(1, { kind: 'learnerInfo', ...info, ...wrong })).toEqual([
      `close 1: ${reason}`,
    ]);
  });

  test('refuses who begins with anything else', () => {
    const solo = leader();
    solo.lead(1);
    solo.step({ kind: 'linkAccepted', link: 1 });
    expect(solo.message(1, { kind: 'pong', zxid: z('0:0'), touches: [] })).toEqual([
      'close 1: pong does not belong here',
    ]);
  });

  test.each(['reports', 'promises', 'synchronization'])(
    'gives up after the initLimit: %s',
    (stage) => {
      const solo = leader();
      solo.lead(1);
      if (stage !== 'reports') solo.greet(1, 1);
      if (stage === 'synchronization')
        solo.message(1, { kind: 'ackEpoch', lastZxid: z('1:3'), currentEpoch: 1 });
      expect(solo.tick(3999).filter((line) => line.startsWith('looking'))).toEqual([]);
      expect(solo.tick(1)).toContain(`looking election: no quorum in time: ${stage}`);
    },
  );

  test('who connected a moment too early is not sent away', () => {
    const solo = leader();
    solo.start();
    solo.greet(1, 1, 'follower', 1);
    solo.hear(1, { leader: sid(2), zxid: z('1:3'), peerEpoch: 1 });
    expect(solo.tick(200)).toContain('1 <- LEADERINFO 2');
  });
});

describe('synchronisation', () => {
  test('Z6: a quorum that acknowledged NEWLEADER decides the initial history', () => {
    const solo = leader();
    solo.lead(1);
    solo.greet(1, 1);
    expect(solo.message(1, { kind: 'ackEpoch', lastZxid: z('1:1'), currentEpoch: 1 })).toEqual([
      'storeCurrentEpoch 2',
      'leading synchronization: the epoch is agreed on',
      '1 <- DIFF 1:3',
      '1 <- PROPOSAL 1:2',
      '1 <- COMMIT 1:2',
      '1 <- PROPOSAL 1:3',
      '1 <- COMMIT 1:3',
      '1 <- NEWLEADER 2',
    ]);
    expect(solo.peer.accepts).toBe(false);
    expect(solo.acknowledgeEpoch(1)).toEqual([
      '1 <- UPTODATE',
      'leading broadcast: a quorum is synchronised',
    ]);
    expect(solo.peer.nextZxid).toBe(z('2:1'));
  });

  test('an observer alone does not', () => {
    const solo = leader();
    solo.lead(1);
    solo.greet(1, 1);
    solo.message(1, { kind: 'ackEpoch', lastZxid: z('1:3'), currentEpoch: 1 });
    expect(solo.admit(2, 4, z('1:3'), 'observer')).not.toContain(
      'leading broadcast: a quorum is synchronised',
    );
  });

  test('who waits for UPTODATE is not hurried while the quorum is not complete', () => {
    const solo = new Solo({ sid: 2, view: viewOf([1, 2, 3, 4, 5]), last: z('0:0') });
    solo.start();
    for (const other of [1, 3]) solo.hear(other, { leader: sid(2) });
    solo.tick(200);
    for (const link of [1, 3]) solo.greet(link, link);
    for (const link of [1, 3])
      solo.message(link, { kind: 'ackEpoch', lastZxid: z('0:0'), currentEpoch: 0 });
    solo.acknowledgeEpoch(1);
    expect(solo.tick(3000)).toEqual([]);
    expect(solo.acknowledgeEpoch(3)).toContain('1,3 <- UPTODATE');
    expect(solo.tick(2000)).toContain('close 1: nothing heard in time');
  });

  test('an acknowledgement of another epoch ends the link', () => {
    const solo = leader();
    solo.lead(1);
    solo.greet(1, 1);
    solo.message(1, { kind: 'ackEpoch', lastZxid: z('1:3'), currentEpoch: 1 });
    expect(solo.message(1, { kind: 'ack', zxid: z('1:0') })).toEqual([
      'close 1: acknowledges another epoch',
    ]);
  });

  test('too much is cut', () => {
    const solo = established();
    solo.greet(2, 3);
    expect(solo.message(2, { kind: 'ackEpoch', lastZxid: z('1:5'), currentEpoch: 1 })).toEqual([
      '2 <- TRUNC 1:3',
      '2 <- NEWLEADER 2',
    ]);
  });

  test('Z7: who comes during broadcast gets what is committed, what is outstanding, and everything after', () => {
    const solo = established();
    solo.propose();
    solo.message(1, { kind: 'ack', zxid: z('2:1') });
    solo.propose();
    solo.greet(2, 3);
    expect(solo.message(2, { kind: 'ackEpoch', lastZxid: z('1:3'), currentEpoch: 1 })).toEqual([
      '2 <- DIFF 2:1',
      '2 <- PROPOSAL 2:1',
      '2 <- COMMIT 2:1',
      '2 <- PROPOSAL 2:2',
      '2 <- NEWLEADER 2',
    ]);
    expect(solo.propose()).toContain('1,2 <- PROPOSAL 2:3');
    expect(solo.acknowledgeEpoch(2)).toEqual(['2 <- UPTODATE']);
  });

  test('an observer is not asked about what is outstanding', () => {
    const solo = established();
    solo.propose();
    expect(solo.admit(2, 4, z('1:3'), 'observer')).not.toContain('2 <- PROPOSAL 2:1');
    expect(solo.message(1, { kind: 'ack', zxid: z('2:1') })).toEqual([
      '1 <- COMMIT 2:1',
      '2 <- INFORM 2:1',
      'commit 2:1',
    ]);
  });

  describe('from the log on disk', () => {
    const settings = { committedKept: 1 };

    function reading(): Solo {
      const solo = established({ settings });
      solo.greet(2, 3);
      const asked = solo.message(2, { kind: 'ackEpoch', lastZxid: z('1:1'), currentEpoch: 1 });
      expect(asked).toEqual(['readLog 1:1..1:3']);
      return solo;
    }

    test('in pieces, then from memory', () => {
      const solo = reading();
      expect(
        solo.step({ kind: 'logRead', link: 2, entries: entries('1:1', '1:2'), end: 'more' }),
      ).toEqual(['2 <- DIFF 1:3', '2 <- PROPOSAL 1:2', '2 <- COMMIT 1:2', 'readLog 1:2..1:3 on']);
      // Memory moves on meanwhile, and the log is read further.
      solo.propose();
      solo.message(1, { kind: 'ack', zxid: z('2:1') });
      expect(solo.step({ kind: 'logRead', link: 2, entries: entries('1:3'), end: 'end' })).toEqual([
        '2 <- PROPOSAL 1:3',
        '2 <- COMMIT 1:3',
        'readLog 1:3..2:1 on',
      ]);
      expect(solo.step({ kind: 'logRead', link: 2, entries: entries('2:1'), end: 'end' })).toEqual([
        '2 <- PROPOSAL 2:1',
        '2 <- COMMIT 2:1',
        '2 <- NEWLEADER 2',
      ]);
    });

    test('a log that cannot be used is replaced by a snapshot, with the time it takes', () => {
      const solo = reading();
      expect(solo.step({ kind: 'logRead', link: 2, entries: [], end: 'unusable' })).toEqual([
        'sendSnapshot 1:3',
        '2 <- NEWLEADER 2',
      ]);
      solo.step({ kind: 'snapshotSent', link: 2 });
      expect(solo.tick(4000)).toContain('close 2: nothing heard in time');
    });

    test('a log that ends too early, too', () => {
      const solo = reading();
      expect(solo.step({ kind: 'logRead', link: 2, entries: [], end: 'end' })[0]).toBe(
        'sendSnapshot 1:3',
      );
    });

    test('Z4: a log with a hole is not sent', () => {
      const solo = reading();
      solo.step({ kind: 'logRead', link: 2, entries: entries('1:1'), end: 'more' });
      expect(solo.step({ kind: 'logRead', link: 2, entries: entries('1:3'), end: 'end' })).toEqual([
        'close 2: the log could not be read to its end',
      ]);
    });

    test('what was begun and cannot be finished is begun anew, by a snapshot', () => {
      const solo = reading();
      solo.step({ kind: 'logRead', link: 2, entries: entries('1:1', '1:2'), end: 'more' });
      expect(solo.step({ kind: 'logRead', link: 2, entries: [], end: 'unusable' })).toEqual([
        'close 2: the log could not be read to its end',
      ]);
      solo.greet(3, 3);
      expect(solo.message(3, { kind: 'ackEpoch', lastZxid: z('1:2'), currentEpoch: 1 })[0]).toBe(
        'sendSnapshot 1:3',
      );
    });
  });

  test('observers wait their turn, voters do not', () => {
    const solo = established({ settings: { diffSyncsMax: 0 } });
    solo.greet(2, 4, 'observer');
    expect(solo.message(2, { kind: 'ackEpoch', lastZxid: z('1:3'), currentEpoch: 0 })).toContain(
      'close 2: too many learners are being synchronised',
    );
    expect(solo.admit(3, 3, z('1:3'))).toContain('3 <- UPTODATE');
  });
});

describe('broadcast', () => {
  test('propose, acknowledge, commit', () => {
    const solo = established({ isManual: false });
    expect(solo.propose()).toEqual(['append 2:1', '1 <- PROPOSAL 2:1']);
    expect(solo.message(1, { kind: 'ack', zxid: z('2:1') })).toEqual([
      '1 <- COMMIT 2:1',
      'commit 2:1',
    ]);
  });

  test('the leader’s own disk may be the last', () => {
    const view = viewOf([1, 2, 3]);
    const solo = new Solo({ sid: 2, view, isManual: true });
    solo.lead(1);
    solo.greet(1, 1);
    solo.step({ kind: 'acceptedEpochStored', epoch: 1 });
    solo.message(1, { kind: 'ackEpoch', lastZxid: z('0:0'), currentEpoch: 0 });
    solo.step({ kind: 'currentEpochStored', epoch: 1 });
    solo.acknowledgeEpoch(1);
    solo.admit(2, 3, z('0:0'));
    solo.propose();
    expect(solo.message(1, { kind: 'ack', zxid: z('1:1') })).toEqual([]);
    expect(solo.message(2, { kind: 'ack', zxid: z('1:1') })).toEqual([
      '1,2 <- COMMIT 1:1',
      'commit 1:1',
    ]);
    expect(solo.step({ kind: 'durable', zxid: z('1:1') })).toEqual([]);
  });

  test('the second acknowledgement of NEWLEADER changes nothing', () => {
    const solo = established();
    solo.propose();
    expect(solo.acknowledgeEpoch(1)).toEqual([]);
  });

  test('what was not proposed cannot be acknowledged', () => {
    const solo = established();
    expect(solo.message(1, { kind: 'ack', zxid: z('2:9') })).toEqual([
      'close 1: acknowledges what was not proposed',
    ]);
  });

  test('Z4: a hole is not proposed', () => {
    const solo = established();
    expect(() =>
      solo.step({ kind: 'propose', zxid: z('2:2'), payload: PAYLOAD, view: null }),
    ).toThrow(AssertionFailed);
  });

  test('a full window accepts nothing until there is room', () => {
    const solo = established({ settings: { proposalsMax: 2 } });
    solo.propose();
    expect(solo.peer.accepts).toBe(true);
    solo.propose();
    expect(solo.peer.accepts).toBe(false);
    solo.message(1, { kind: 'ack', zxid: z('2:1') });
    expect(solo.peer.accepts).toBe(true);
  });

  test('Z9: a used-up counter ends the epoch', () => {
    const solo = established({ settings: { initialCounter: COUNTER_MAX - 2 } });
    solo.propose();
    expect(solo.propose()).toContain('looking election: the counter of this epoch is used up');
  });

  test('a sync is answered at once, or after what is outstanding', () => {
    const solo = established();
    expect(solo.step({ kind: 'syncRequested', link: 1, token: 0 })).toEqual(['1 <- sync']);
    solo.propose();
    expect(solo.step({ kind: 'syncRequested', link: null, token: 5 })).toEqual([]);
    expect(solo.step({ kind: 'syncRequested', link: 1, token: 0 })).toEqual([]);
    solo.propose();
    expect(solo.message(1, { kind: 'ack', zxid: z('2:1') })).toEqual([
      '1 <- COMMIT 2:1',
      'commit 2:1',
      'synced 5',
      '1 <- sync',
    ]);
  });

  test('requests are handed over with their sender', () => {
    const solo = established();
    expect(solo.message(1, { kind: 'revalidate', sessionId: 5n as never, timeoutMs: 1 })).toEqual([
      'deliver revalidate of 1',
    ]);
  });

  test('pings every half tick; a quorum that falls silent ends it', () => {
    const solo = established();
    expect(solo.tick(200)).toEqual(['1 <- PING 2:0']);
    solo.message(1, { kind: 'pong', zxid: z('2:0'), touches: [] });
    const lines: string[] = [];
    for (let i = 0; i < 12; i++) lines.push(...solo.tick(200));
    expect(lines.filter((line) => line.startsWith('close'))).toEqual([
      'close 1: nothing heard in time',
    ]);
    expect(lines).toContain('looking election: not enough synchronised followers');
  });

  test('who does not acknowledge is dropped, though it answers pings', () => {
    const solo = established();
    solo.admit(2, 3, z('1:3'));
    solo.propose();
    const lines: string[] = [];
    for (let i = 0; i < 11; i++) {
      lines.push(...solo.tick(200));
      solo.message(1, { kind: 'ack', zxid: z('2:1') });
      solo.message(2, { kind: 'pong', zxid: z('2:1'), touches: [] });
    }
    expect(lines).toContain('close 2: a proposal was not acknowledged in time');
    expect(solo.peer.state).toBe('leading');
  });

  test('a server that connects again replaces its old link', () => {
    const solo = established();
    expect(solo.greet(7, 1)).toContain('close 1: the server has connected again');
  });

  test('E11: without room on its disk it makes way where a follower can lead, and not all the time', () => {
    const solo = leader();
    solo.lead(1);
    solo.step({ kind: 'room', hasRoom: false });
    const halfTicks = (link: number): string[] => {
      const lines: string[] = [];
      for (let i = 0; i < 20 && solo.peer.state === 'leading'; i++) {
        lines.push(...solo.tick(SETTINGS.tickMs / 2));
        solo.message(link, { kind: 'pong', zxid: solo.peer.lastZxid, touches: [] });
      }
      return lines;
    };
    solo.admit(1, 1, z('1:3'));
    expect(halfTicks(1)).toContain(
      'looking election: this leader has no room on its disk and makes way',
    );
    // Nobody else is heard of in its tick of silence, so it leads again, and goes on.
    solo.step({ kind: 'settled', zxid: z('1:3'), jitter: 0 });
    expect(solo.tick(SETTINGS.tickMs - 1)).toEqual([]);
    solo.tick(1);
    solo.hear(1, { leader: solo.peer.sid, zxid: z('1:3'), round: 2, peerEpoch: 2 });
    solo.tick(SETTINGS.finalizeMs);
    solo.admit(2, 1, z('1:3'));
    expect(halfTicks(2)).not.toContain('close 2');
    expect(solo.peer.state).toBe('leading');
  });

  test('stepping down closes every link', () => {
    const solo = established();
    expect(solo.step({ kind: 'stepDown', reason: 'the disk is full' })).toEqual([
      'close 1: the disk is full',
      'looking election: the disk is full',
      'settle',
    ]);
  });
});
