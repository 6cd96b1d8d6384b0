/** A new view: proposed under two quorums, put in force by its commit, and what becomes of those whose part changes. */
import { describe, expect, test } from 'vitest';

import { AssertionFailed } from '../../../../../src-server/base/assert.ts';
import { sid } from '../../../../../src-server/base/ids.ts';
import type { Message } from '../../../../../src-server/coordination/zab/messages.ts';
import type { View } from '../../../../../src-server/coordination/zab/view.ts';
import { entries, entry, PAYLOAD, Solo, viewOf, z } from '../../../../sim/zab/solo.ts';

const settings = { isReconfigEnabled: true };
const VIEW = viewOf([1, 2, 3], [4], z('1:1'));
const RECENT = entries('1:1', '1:2');

/** Server 2 leads epoch 2; 1 follows on link 1, 3 on link 3, 5 (in no view) on link 5, 4 observes on link 4. */
function leader(): Solo {
  const solo = new Solo({ sid: 2, view: VIEW, currentEpoch: 1, recent: RECENT, settings });
  solo.lead(1);
  for (const server of [1, 3, 5]) solo.admit(server, server, z('1:2'));
  solo.admit(4, 4, z('1:2'), 'observer');
  return solo;
}

const ack = (zxid: string): Message => ({ kind: 'ack', zxid: z(zxid) });

describe('the leader', () => {
  test('Z2: needs both quorums from the reconfiguration on, the new one alone after it', () => {
    const solo = leader();
    expect(solo.propose(viewOf([2, 5], [4]))).toEqual([
      'viewSeen 2:1',
      'append 2:1',
      '1,3,5 <- PROPOSAL 2:1',
    ]);
    solo.propose();
    expect(solo.message(1, ack('2:2'))).toEqual([]);
    expect(solo.message(3, ack('2:2'))).toEqual([]);
    expect(solo.message(5, ack('2:1'))).toEqual([
      '1,3,5 <- commitAndActivate 2:1 for 2',
      '4 <- informAndActivate 2:1 for 2',
      'commit 2:1',
      'viewActive 2:1',
    ]);
    expect(solo.message(5, ack('2:2'))).toEqual([
      '1,3,5 <- COMMIT 2:2',
      '4 <- INFORM 2:2',
      'commit 2:2',
    ]);
  });

  test('R1: one at a time', () => {
    const solo = leader();
    solo.propose(viewOf([1, 2]));
    expect(() => solo.propose(viewOf([2, 3]))).toThrow(AssertionFailed);
  });

  test('knows before whether a quorum of the new view is there; observers are not asked', () => {
    const { peer } = leader();
    expect(peer.isSynchronised(viewOf([2, 5]))).toBe(true);
    expect(peer.isSynchronised(viewOf([2, 4]))).toBe(false);
    expect(peer.isSynchronised(viewOf([7, 8, 2]))).toBe(false);
  });

  test('R2: that is the only voter leads on, although it moves to another address', () => {
    const solo = leader();
    const alone = viewOf([2], [4]);
    const servers = alone.servers.map((server) =>
      server.sid === 2 ? { ...server, quorumAddress: 'elsewhere' } : server,
    );
    solo.propose({ ...alone, servers });
    expect(solo.message(1, ack('2:1'))).toEqual([
      '1,3,5 <- commitAndActivate 2:1 for 2',
      '4 <- informAndActivate 2:1 for 2',
      'commit 2:1',
      'viewActive 2:1',
    ]);
  });

  test('R2: that does not vote in the new view names who acknowledged most, and follows', () => {
    const solo = leader();
    solo.propose(viewOf([1, 3], [2]));
    solo.propose();
    solo.message(3, ack('2:2'));
    expect(solo.message(1, ack('2:1'))).toEqual([
      '1,3,5 <- commitAndActivate 2:1 for 3',
      '4 <- informAndActivate 2:1 for 3',
      'commit 2:1',
      'viewActive 2:1',
      'close 1: the configuration names another leader',
      'close 3: the configuration names another leader',
      'close 5: the configuration names another leader',
      'close 4: the configuration names another leader',
      'looking election: the configuration names another leader',
      'settle',
    ]);
    // No election: it observes the one that was named. What was outstanding is for that one to decide.
    expect(solo.step({ kind: 'settled', zxid: z('2:2'), jitter: 0 })).toEqual([
      'observing discovery: named',
      'connect to 3 (1)',
    ]);
  });

  test('whose address changes does not lead on', () => {
    const solo = leader();
    const moved: View = {
      ...VIEW,
      servers: VIEW.servers.map((server) =>
        server.sid === 2 ? { ...server, quorumAddress: 'elsewhere:2888' } : server,
      ),
    };
    solo.propose(moved);
    expect(solo.message(1, ack('2:1'))[0]).toBe('1,3,5 <- commitAndActivate 2:1 for 1');
  });

  test('a view written by hand gets the epoch as its version, and is in force when a quorum has it', () => {
    const solo = new Solo({ sid: 2, view: viewOf([1, 2, 3]), settings });
    solo.lead(1);
    solo.greet(1, 1);
    expect(solo.message(1, { kind: 'ackEpoch', lastZxid: z('0:0'), currentEpoch: 0 })).toContain(
      'viewSeen 1:0',
    );
    expect(solo.acknowledgeEpoch(1)).toEqual([
      'viewActive 1:0',
      '1 <- UPTODATE',
      'leading broadcast: a quorum is synchronised',
    ]);
  });

  test('a next view found in the log needs both quorums to be established in', () => {
    const solo = new Solo({
      sid: 2,
      view: VIEW,
      nextView: viewOf([2, 5, 6], [], z('1:2')),
      currentEpoch: 1,
      recent: RECENT,
      settings,
    });
    solo.start();
    const vote = { leader: sid(2), zxid: z('1:2'), peerEpoch: 1 };
    solo.hear(1, vote);
    solo.hear(5, vote);
    solo.tick(200);
    expect(solo.admit(1, 1, z('1:2'))).not.toContain('leading broadcast: a quorum is synchronised');
    expect(solo.admit(5, 5, z('1:2'))).toEqual([
      '5 <- LEADERINFO 2',
      '5 <- DIFF 1:2',
      '5 <- NEWLEADER 2',
      'viewActive 1:2',
      '1,5 <- UPTODATE',
      'leading broadcast: a quorum is synchronised',
    ]);
  });

  test('that makes no progress, as the next view needs servers that still observe, gives way', () => {
    const solo = leader();
    solo.propose(viewOf([2, 5]));
    solo.step({ kind: 'linkDown', link: 5 });
    solo.admit(5, 5, z('1:2'), 'observer');
    const lines: string[] = [];
    for (let i = 0; i < 40; i++) {
      lines.push(...solo.tick(200));
      for (const link of [1, 3]) solo.message(link, ack('2:1'));
      for (const link of [4, 5]) solo.message(link, { kind: 'pong', zxid: z('2:1'), touches: [] });
      if (solo.peer.state === 'looking') break;
    }
    expect(lines).toContain('looking election: proposals are not decided');
  });
});

describe('a follower', () => {
  function follower(self = 1): Solo {
    const solo = new Solo({ sid: self, view: VIEW, currentEpoch: 1, recent: RECENT, settings });
    solo.follow(3, self === 1 ? 2 : 1);
    solo.greetLeader(2);
    for (const message of [
      { kind: 'diff', zxid: z('1:2') },
      { kind: 'newLeader', epoch: 2, view: VIEW },
      { kind: 'upToDate' },
    ] as Message[])
      solo.message(1, message);
    return solo;
  }

  function reconfigure(solo: Solo, view: View, leads: number): string[] {
    solo.message(1, entry('2:1', { ...view, version: z('2:1') }));
    return solo.message(1, { kind: 'commitAndActivate', zxid: z('2:1'), leader: sid(leads) });
  }

  test('whose part does not change goes on', () => {
    expect(reconfigure(follower(), viewOf([1, 3, 5]), 3)).toEqual(['commit 2:1', 'viewActive 2:1']);
  });

  test('keeps the view from the proposal on', () => {
    expect(follower().message(1, entry('2:1', viewOf([1, 3], [], z('2:1'))))).toEqual([
      'viewSeen 2:1',
      'append 2:1',
      '1 <- ACK 2:1',
    ]);
  });

  test('that is removed goes on without a vote', () => {
    const solo = follower();
    expect(reconfigure(solo, viewOf([2, 3]), 3)).toEqual(['commit 2:1', 'viewActive 2:1']);
    expect(solo.peer.state).toBe('following');
    expect(solo.message(1, entry('2:2'))).toContain('1 <- ACK 2:2');
  });

  test('that becomes an observer comes again as one', () => {
    const solo = follower();
    expect(reconfigure(solo, viewOf([2, 3], [1]), 3)).toEqual([
      'commit 2:1',
      'viewActive 2:1',
      'close 1: the configuration changes what this server does',
      'looking election: the configuration changes what this server does',
      'settle',
    ]);
    expect(solo.step({ kind: 'settled', zxid: z('2:1'), jitter: 0 })).toEqual([
      'observing discovery: named',
      'connect to 3 (2)',
    ]);
  });

  test('that is named leads, without an election', () => {
    const solo = follower();
    reconfigure(solo, viewOf([1, 2]), 1);
    expect(solo.step({ kind: 'settled', zxid: z('2:1'), jitter: 0 })).toEqual([
      'leading discovery: named',
    ]);
  });

  test('learns of a view with UPTODATE, and looks again when its leader is not in it', () => {
    const solo = new Solo({ sid: 1, view: VIEW, currentEpoch: 1, recent: RECENT, settings });
    solo.follow(3, 2);
    solo.greetLeader(2);
    solo.message(1, { kind: 'diff', zxid: z('1:2') });
    expect(
      solo.message(1, { kind: 'newLeader', epoch: 2, view: viewOf([1, 2], [], z('1:2')) })[0],
    ).toBe('viewSeen 1:2');
    expect(solo.message(1, { kind: 'upToDate' })).toContain(
      'looking election: the configuration changes what this server does',
    );
    expect(solo.step({ kind: 'settled', zxid: z('1:2'), jitter: 0 })[0]).toBe(
      'tell 2: looking, 1 1:2 in round 2',
    );
  });

  test('R3: forgets a view whose transaction was cut', () => {
    const solo = new Solo({
      sid: 1,
      view: VIEW,
      nextView: viewOf([1, 8, 9], [], z('1:2')),
      currentEpoch: 1,
      recent: RECENT,
      settings,
    });
    solo.follow(3, 2);
    solo.greetLeader(2);
    expect(solo.message(1, { kind: 'trunc', zxid: z('1:1') })).toEqual([
      'truncate 1:1',
      'viewSeen 1:1',
    ]);
    expect(solo.peer.nextView).toBe(VIEW);
  });

  test('with reconfiguration off, views are not looked at', () => {
    const solo = new Solo({ sid: 1, view: VIEW, currentEpoch: 1, recent: RECENT });
    solo.follow(3, 2);
    solo.greetLeader(2);
    solo.message(1, { kind: 'diff', zxid: z('1:2') });
    expect(
      solo.message(1, { kind: 'newLeader', epoch: 2, view: viewOf([1, 2], [], z('1:2')) }),
    ).toEqual(['storeCurrentEpoch 2', '1 <- ACK 2:0']);
    expect(solo.message(1, { kind: 'upToDate' })).toContain('following broadcast: synchronised');
  });
});

test('an observer that becomes a voter comes again as a follower', () => {
  const solo = new Solo({ sid: 4, view: VIEW, currentEpoch: 1, recent: RECENT, settings });
  solo.follow(3, 2);
  solo.greetLeader(2);
  for (const message of [
    { kind: 'diff', zxid: z('1:2') },
    { kind: 'newLeader', epoch: 2, view: VIEW },
    { kind: 'upToDate' },
  ] as Message[])
    solo.message(1, message);
  const view = viewOf([1, 2, 3, 4], [], z('2:1'));
  expect(
    solo.message(1, {
      kind: 'informAndActivate',
      zxid: z('2:1'),
      leader: sid(3),
      payload: PAYLOAD,
      view,
    }),
  ).toContain('looking election: the configuration changes what this server does');
  expect(solo.step({ kind: 'settled', zxid: z('2:1'), jitter: 0 })).toEqual([
    'following discovery: named',
    'connect to 3 (2)',
  ]);
});
