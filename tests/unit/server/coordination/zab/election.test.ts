/** The rules of election, E1 to E10 of zab/README.md, one by one. */
import { describe, expect, test } from 'vitest';

import { sid } from '../../../../../src-server/base/ids.ts';
import type { Zxid } from '../../../../../src-server/base/zxid.ts';
import { NO_VOTE, type Vote } from '../../../../../src-server/coordination/zab/messages.ts';
import { entries, Solo, viewOf, z } from '../../../../sim/zab/solo.ts';
import { SETTINGS } from '../../../../sim/zab/swarm.ts';

const THREE = viewOf([1, 2, 3]);

function vote(leader: number, zxid = '0:0', more: Partial<Vote> = {}): Vote {
  return { leader: sid(leader), zxid: z(zxid), round: 1, peerEpoch: 0, ...more };
}

function looker(sidOf = 2, settings = {}): Solo {
  return new Solo({
    sid: sidOf,
    view: THREE,
    currentEpoch: 1,
    recent: entries('1:1', '1:2'),
    settings,
  });
}

describe('E1: at the beginning', () => {
  test('a voter proposes itself to every elector', () => {
    expect(looker().start()).toEqual([
      'looking election: started',
      'settle',
      'tell 1: looking, 2 1:2 in round 1',
      'tell 3: looking, 2 1:2 in round 1',
    ]);
  });

  test('electors of the next view are told, too', () => {
    const solo = new Solo({ sid: 1, view: THREE, nextView: viewOf([1, 4], [], 5) });
    expect(
      solo
        .start()
        .filter((line) => line.startsWith('tell'))
        .map((line) => line.slice(0, 6)),
    ).toEqual(['tell 2', 'tell 3', 'tell 4']);
  });

  test('an observer proposes nobody, after a pause of its own', () => {
    const solo = new Solo({ sid: 4, view: viewOf([1, 2, 3], [4]), last: z('1:2') });
    solo.tick(0);
    expect(solo.step({ kind: 'settled', zxid: z('1:2'), jitter: 0.5 })).toEqual([]);
    expect(solo.tick(99)).toEqual([]);
    expect(solo.tick(1)[0]).toBe(`tell 1: looking, ${NO_VOTE} - in round 1`);
  });

  test('a voter alone elects itself', () => {
    const solo = new Solo({ sid: 1, view: viewOf([1]) });
    solo.tick(0);
    expect(solo.step({ kind: 'settled', zxid: z('0:0'), jitter: 0 })).toContain(
      'leading broadcast: a quorum is synchronised',
    );
  });
});

describe('E2: the better vote', () => {
  test.each([
    ['a newer epoch, though the log is shorter', vote(1, '1:1', { peerEpoch: 2 }), true],
    ['an older epoch, though the log is longer', vote(3, '1:9', { peerEpoch: 0 }), false],
    ['a longer log', vote(1, '1:3', { peerEpoch: 1 }), true],
    ['a shorter log', vote(3, '1:1', { peerEpoch: 1 }), false],
    ['a larger sid', vote(3, '1:2', { peerEpoch: 1 }), true],
    ['a smaller sid', vote(1, '1:2', { peerEpoch: 1 }), false],
  ])('%s', (_, other, isBetter) => {
    const solo = looker();
    solo.start();
    expect(solo.hear(3, other).length > 0).toBe(isBetter);
  });

  test('who weighs nothing is never better', () => {
    const view = {
      ...THREE,
      groups: [{ id: 1, sids: [1, 2, 3].map(sid) }],
      weights: new Map([[sid(3), 0]]),
    };
    const solo = new Solo({ sid: 2, view });
    solo.start();
    expect(solo.hear(3, vote(3, '9:9', { peerEpoch: 9 }))).toEqual([]);
  });
});

describe('E3: votes of those who look', () => {
  test('a better vote is taken over and told', () => {
    const solo = looker();
    solo.start();
    expect(solo.hear(3, vote(3, '1:2', { peerEpoch: 1 }))).toEqual([
      'tell 1: looking, 3 1:2 in round 1',
      'tell 3: looking, 3 1:2 in round 1',
    ]);
    expect(solo.tick(200)).toContain('following discovery: elected');
  });

  test('a quorum waits for a better vote, and takes it', () => {
    const solo = looker();
    solo.start();
    solo.hear(1, vote(2, '1:2', { peerEpoch: 1 }));
    expect(solo.tick(150)).toEqual([]);
    expect(solo.hear(3, vote(3, '1:2', { peerEpoch: 1 }))).toHaveLength(2);
    expect(solo.tick(200)).toContain('following discovery: elected');
    expect(solo.peer.leader).toBe(3);
  });

  test('E11: who has no room proposes another that knows as much, and itself where nobody does', () => {
    const solo = looker(3);
    solo.tick(0);
    solo.step({ kind: 'room', hasRoom: false });
    expect(solo.step({ kind: 'settled', zxid: z('1:2'), jitter: 0 })).toEqual([]);
    solo.hear(1, vote(1, '1:1', { peerEpoch: 1 }));
    solo.hear(2, vote(2, '1:2', { peerEpoch: 1 }));
    expect(solo.tick(SETTINGS.tickMs).join()).toContain('2');
    solo.tick(SETTINGS.finalizeMs);
    expect(solo.peer.leader).toBe(2);

    const alone = looker(3);
    alone.tick(0);
    alone.step({ kind: 'room', hasRoom: false });
    alone.step({ kind: 'settled', zxid: z('1:2'), jitter: 0 });
    alone.hear(1, vote(1, '1:1', { peerEpoch: 1 }));
    alone.tick(SETTINGS.tickMs);
    alone.hear(1, vote(3, '1:2', { peerEpoch: 1 }));
    alone.tick(SETTINGS.finalizeMs);
    expect(alone.peer.state).toBe('leading');
  });

  test('any message restarts the silence', () => {
    const solo = looker();
    solo.start();
    solo.hear(1, vote(2, '1:2', { peerEpoch: 1 }));
    solo.tick(150);
    solo.hear(1, vote(2, '1:2', { peerEpoch: 1 }));
    expect(solo.tick(150)).toEqual([]);
    expect(solo.tick(50)).toContain('leading discovery: elected');
  });

  test('a quorum does not wait when everybody says the same', () => {
    const solo = looker();
    solo.start();
    solo.hear(1, vote(2, '1:2', { peerEpoch: 1 }));
    expect(solo.hear(3, vote(2, '1:2', { peerEpoch: 1 }))).toContain('leading discovery: elected');
  });

  test('nor for who cannot be connected to, before the quorum or after it', () => {
    const early = looker();
    early.start();
    expect(early.step({ kind: 'unreachable', sid: sid(3) })).toEqual([]);
    expect(early.hear(1, vote(2, '1:2', { peerEpoch: 1 }))).toContain('leading discovery: elected');
    const late = looker();
    late.start();
    late.hear(1, vote(2, '1:2', { peerEpoch: 1 }));
    expect(late.step({ kind: 'unreachable', sid: sid(3) })).toContain('leading discovery: elected');
  });

  test('who was heard since is waited for, and so is everybody in the next election', () => {
    const solo = looker();
    solo.start();
    solo.step({ kind: 'unreachable', sid: sid(3) });
    solo.hear(3, vote(3, '1:1', { peerEpoch: 1 }));
    solo.hear(1, vote(2, '1:2', { peerEpoch: 1 }));
    expect(solo.tick(199)).toEqual([]);
    expect(solo.tick(1)).toContain('leading discovery: elected');
    solo.step({ kind: 'unreachable', sid: sid(3) });
    solo.step({ kind: 'stepDown', reason: 'asked to' });
    solo.step({ kind: 'settled', zxid: z('1:2'), jitter: 0 });
    solo.hear(1, vote(2, '1:2', { peerEpoch: 1, round: 2 }));
    expect(solo.peer.state).toBe('looking');
  });

  test('a newer round is joined with the own vote, or with a better one', () => {
    const solo = looker();
    solo.start();
    expect(solo.hear(1, vote(1, '1:1', { peerEpoch: 1, round: 5 }))).toContain(
      'tell 3: looking, 2 1:2 in round 5',
    );
    expect(solo.hear(3, vote(3, '1:2', { peerEpoch: 1, round: 7 }))).toContain(
      'tell 1: looking, 3 1:2 in round 7',
    );
  });

  test('votes of different lengths of the log are different votes', () => {
    const solo = new Solo({ sid: 2, view: viewOf([1, 2, 3, 4, 5]), last: z('1:2') });
    solo.start();
    solo.hear(1, vote(2, '1:2'));
    solo.hear(3, vote(2, '1:1'));
    expect(solo.tick(199)).toEqual([]);
    expect(solo.peer.state).toBe('looking');
    solo.hear(3, vote(2, '1:2'));
    expect(solo.tick(200)).toContain('leading discovery: elected');
  });

  test('an empty database that is not trusted neither votes nor is voted for', () => {
    const solo = new Solo({ sid: 2, view: THREE, last: -1 });
    solo.start();
    expect(solo.hear(3, vote(3, '1:2'))).toEqual([]);
    const other = looker();
    other.start();
    expect(other.hear(3, vote(2, '1:2', { zxid: -1 as Zxid, peerEpoch: 9 }))).toEqual([]);
  });

  test('votes of strangers and for strangers do not count', () => {
    const solo = looker();
    solo.start();
    expect(solo.hear(3, vote(9, '9:9', { peerEpoch: 9 }))).toEqual([]);
    solo.hear(8, vote(2, '1:2', { peerEpoch: 1 }));
    solo.tick(190);
    expect(solo.peer.state).toBe('looking');
  });

  test('a quorum of the view in force is not enough while a newer one is known', () => {
    const solo = new Solo({
      sid: 2,
      view: THREE,
      nextView: viewOf([2, 4, 5], [], 9),
      last: z('1:2'),
    });
    solo.start();
    solo.hear(1, vote(2, '1:2'));
    expect(solo.tick(199)).toEqual([]);
    solo.hear(4, vote(2, '1:2'));
    expect(solo.tick(200)).toContain('leading discovery: elected');
  });
});

test('E4: votes of observers are not looked at', () => {
  const solo = looker();
  solo.start();
  expect(solo.hear(3, vote(3, '9:9', { peerEpoch: 9 }), 'observing')).toEqual([]);
});

describe('E5: votes of those who have a leader', () => {
  test('a quorum, and the leader says that it leads', () => {
    const solo = looker();
    solo.start();
    expect(solo.hear(1, vote(3, '0:0', { peerEpoch: 1 }), 'following')).toEqual([]);
    expect(solo.hear(3, vote(3, '0:0', { peerEpoch: 1 }), 'leading')).toContain(
      'following discovery: elected',
    );
  });

  test('a leader that does not say so is not followed, as it may have fallen', () => {
    const solo = new Solo({ sid: 2, view: viewOf([1, 2, 3, 4, 5]) });
    solo.start();
    for (const other of [1, 4, 5]) solo.hear(other, vote(3, '0:0', { round: 8 }), 'following');
    expect(solo.peer.state).toBe('looking');
  });

  test('rounds and logs may differ, epochs may not', () => {
    const solo = new Solo({ sid: 2, view: viewOf([1, 2, 3, 4, 5]) });
    solo.start();
    solo.hear(1, vote(3, '1:1', { round: 4, peerEpoch: 2 }), 'following');
    solo.hear(4, vote(3, '1:9', { round: 6, peerEpoch: 1 }), 'following');
    expect(solo.hear(3, vote(3, '1:7', { round: 5, peerEpoch: 2 }), 'leading')).toEqual([]);
    expect(solo.hear(5, vote(3, '1:8', { round: 9, peerEpoch: 2 }), 'following')).toContain(
      'following discovery: elected',
    );
  });

  test('old formats do not know the epoch, and only the leader counts', () => {
    const solo = looker();
    solo.start();
    solo.hear(1, vote(3, '1:1', { round: 4, peerEpoch: 2 }), 'following', { version: 0 });
    expect(solo.hear(3, vote(3, '1:1', { round: 4, peerEpoch: 3 }), 'leading')).toContain(
      'following discovery: elected',
    );
  });

  test('to be the leader oneself takes the own round', () => {
    const solo = looker();
    solo.start();
    solo.hear(1, vote(2, '1:2', { round: 4 }), 'following');
    solo.hear(3, vote(2, '1:2', { round: 4 }), 'following');
    expect(solo.peer.state).toBe('looking');
    expect(solo.hear(1, vote(2, '1:2', { round: 1 }), 'following')).toContain(
      'leading discovery: elected',
    );
  });

  test('a next view that was given up keeps nobody from joining', () => {
    const solo = new Solo({ sid: 2, view: THREE, nextView: viewOf([2, 8, 9], [], 7) });
    solo.start();
    solo.hear(1, vote(3), 'following');
    expect(solo.hear(3, vote(3), 'leading')).toContain('following discovery: elected');
  });
});

test('E6: silence is answered with the same again, after twice the time, up to a bound', () => {
  const solo = looker(2, { notifyMaxMs: 1000 });
  solo.start();
  for (const waitMs of [200, 400, 800, 1000, 1000]) {
    expect(solo.tick(waitMs - 1)).toEqual([]);
    expect(solo.tick(1)).toEqual([
      'tell 1: looking, 2 1:2 in round 1',
      'tell 3: looking, 2 1:2 in round 1',
    ]);
  }
});

describe('E7: answers', () => {
  test('a laggard hears at once which round it is', () => {
    const solo = looker();
    solo.start();
    solo.hear(1, vote(1, '1:1', { round: 5 }));
    expect(solo.hear(3, vote(3, '1:2', { round: 2, peerEpoch: 1 }))).toEqual([
      'tell 3: looking, 2 1:2 in round 5',
    ]);
  });

  test('who has a leader tells those who look, and nobody else', () => {
    const solo = looker();
    solo.follow(3, 1);
    expect(solo.hear(1, vote(1, '1:1', { round: 9 }))).toEqual([
      'tell 1: following, 3 0:0 in round 1',
    ]);
    expect(solo.hear(1, vote(3), 'following')).toEqual([]);
  });

  test('strangers are answered, but not as fast as they can ask', () => {
    const solo = looker();
    solo.start();
    expect(solo.hear(9, vote(9))).toEqual(['tell 9: looking, 2 1:2 in round 1']);
    expect(solo.hear(9, vote(9))).toEqual([]);
    solo.tick(200);
    expect(solo.hear(9, vote(9))).toEqual(['tell 9: looking, 2 1:2 in round 1']);
  });
});

test('E8: once synchronised, the vote names the new epoch', () => {
  const solo = new Solo({ sid: 2, view: THREE });
  solo.lead(1);
  solo.admit(1, 1, z('0:0'));
  let told = '';
  solo
    .step({
      kind: 'notification',
      from: sid(3),
      notification: { state: 'looking', vote: vote(3), version: 2, view: null },
    })
    .forEach((line) => (told = line));
  expect(told).toBe('tell 3: leading, 2 0:0 in round 1');
  expect(solo.peer.currentEpoch).toBe(1);
});

describe('E9: newer views', () => {
  const settings = { isReconfigEnabled: true };

  test('are taken over, and the election begins anew', () => {
    const solo = looker(2, settings);
    solo.start();
    expect(solo.hear(3, vote(3), 'looking', { view: viewOf([2, 3, 4], [], 8) })).toEqual([
      'viewActive 0:8',
      'tell 3: looking, 2 1:2 in round 2',
      'tell 4: looking, 2 1:2 in round 2',
    ]);
  });

  test('with the same servers change nothing', () => {
    const solo = looker(2, settings);
    solo.start();
    expect(solo.hear(1, vote(1), 'looking', { view: viewOf([1, 2, 3], [], 8) })).toEqual([
      'viewActive 0:8',
    ]);
  });

  test('are not looked at where reconfiguration is off, or when older', () => {
    const solo = looker();
    solo.start();
    expect(solo.hear(1, vote(1), 'looking', { view: viewOf([2, 3, 4], [], 8) })).toEqual([]);
  });
});

test('E10: a leader that its voters left stops waiting for their epochs', () => {
  const solo = looker(2, { epochWaitMaxMs: 500 });
  solo.lead(1);
  solo.tick(400);
  solo.hear(1, vote(1, '1:1', { round: 2 }));
  expect(solo.peer.state).toBe('leading');
  solo.tick(200);
  expect(solo.hear(1, vote(1, '1:1', { round: 2 }))).toContain(
    'looking election: a voter that elected this leader looks again',
  );
});

test('what is heard while the role before is put away is not forgotten', () => {
  const solo = looker();
  solo.tick(0);
  solo.hear(1, vote(3, '0:0', { peerEpoch: 1 }), 'following');
  solo.hear(3, vote(3, '0:0', { peerEpoch: 1 }), 'leading');
  expect(solo.step({ kind: 'settled', zxid: z('1:2'), jitter: 0 })).toContain(
    'following discovery: elected',
  );
});
