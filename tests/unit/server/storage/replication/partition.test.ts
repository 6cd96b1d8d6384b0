/** Stories of one partition with three replicas: a leads the first epoch. */
import { describe, expect, test } from 'vitest';

import { a, b, c, SETTINGS, Table } from './table.ts';

const LONG_MS = SETTINGS.laggardMs + 3 * SETTINGS.beatMs;

test('a ring begins: its leader takes writes and answers reads, and its followers know what is committed', () => {
  const table = new Table();
  expect(table.replica(a)).toMatchObject({ role: 'leader', serving: 'writes', hasLease: true });
  const seq = table.write(a);
  expect(table.replica(a).committedSeq).toBe(seq);
  table.pass(SETTINGS.beatMs);
  for (const node of [b, c]) {
    expect(table.replica(node)).toMatchObject({ role: 'follower', leader: a, committedSeq: seq });
    expect(table.replica(node).staleMs).toBeLessThanOrEqual(2 * SETTINGS.beatMs);
  }
});

test('R3: a write is committed when every disk that counts has it', () => {
  const table = new Table();
  table.slowDisk(c, true);
  const seq = table.write(a);
  expect(table.replica(a).committedSeq).toBe(seq - 1);
  table.slowDisk(c, false);
  expect(table.replica(a).committedSeq).toBe(seq);
});

test('R5: a member that is silent is waited for until the record is without it', () => {
  const table = new Table();
  table.told(a);
  table.cut(c, a);
  const seq = table.write(a);
  table.pass(LONG_MS);
  const wanted = table.told(a).find(({ kind }) => kind === 'wantInSync');
  expect(wanted).toMatchObject({ inSync: [a, b], expectedVersion: table.version });
  expect(table.replica(a).committedSeq).toBe(seq - 1);
  // Nobody knows whether the record was changed: it is waited for still.
  table.answer(a, 'lost');
  expect(table.replica(a).committedSeq).toBe(seq - 1);
  table.record({ inSync: [a, b] });
  expect(table.replica(a).committedSeq).toBe(seq);
});

test('R5: a member that caught up counts from when it is asked for', () => {
  const table = new Table();
  table.record({ inSync: [a, b] });
  const wanted = table.told(a).find(({ kind }) => kind === 'wantInSync');
  expect(wanted).toMatchObject({ inSync: [a, b, c] });
  table.slowDisk(c, true);
  const seq = table.write(a);
  expect(table.replica(a).committedSeq).toBe(seq - 1);
  table.answer(a, 'changed');
  table.slowDisk(c, false);
  expect(table.replica(a).committedSeq).toBe(seq);
});

test('with too few in sync writes are refused, and reads go on', () => {
  const table = new Table();
  table.cut(b, a);
  table.cut(c, a);
  table.pass(LONG_MS);
  table.record({ inSync: [a] });
  expect(table.replica(a)).toMatchObject({
    serving: 'reads',
    refusal: 'noReplicas',
    hasLease: true,
  });
});

test('R12: without the ensemble what is healthy goes on', () => {
  const table = new Table();
  for (let i = 0; i < 100; i++) {
    table.pass(1000);
    const seq = table.write(a);
    expect(table.replica(a)).toMatchObject({ committedSeq: seq, hasLease: true });
  }
});

describe('another leader', () => {
  test('a hand-over: who led gives back what it was granted, and nothing waits', () => {
    const table = new Table();
    const seq = table.write(a);
    table.record({ epoch: 2, leader: b });
    expect(table.replica(b)).toMatchObject({ role: 'leader', serving: 'writes', hasLease: true });
    expect(table.replica(a)).toMatchObject({ role: 'follower', leader: b, epoch: 2 });
    expect(table.replica(b).committedSeq).toBe(seq + 1);
  });

  test('R7: who cannot be heard is not replaced before its lease has run out', () => {
    const table = new Table();
    table.pass(1000);
    for (const other of [b, c]) {
      table.cut(a, other);
      table.cut(other, a);
    }
    table.record({ epoch: 2, leader: b, inSync: [b, c] }, [b, c]);
    expect(table.replica(a).hasLease).toBe(true);
    expect(table.replica(b).serving).toBe('none');
    while (table.replica(a).hasLease) {
      expect(table.replica(b).serving).toBe('none');
      table.pass(10);
    }
    table.pass(SETTINGS.leaseMs);
    expect(table.replica(b).serving).toBe('writes');
  });

  test('R1: a leader that was stopped commits nothing, and learns that it leads no more', () => {
    const table = new Table();
    for (const other of [b, c]) {
      table.cut(a, other);
      table.cut(other, a);
    }
    table.record({ epoch: 2, leader: b, inSync: [b, c] }, [b, c]);
    const lost = table.write(a);
    table.pass(SETTINGS.leaseMs);
    const seq = table.write(b);
    expect(table.replica(a).committedSeq).toBe(lost - 1);
    table.told(a);
    table.mendAll();
    table.pass(SETTINGS.beatMs);
    const { role, leader, committedSeq } = table.replica(a);
    expect({ role, leader, committedSeq }).toEqual({
      role: 'follower',
      leader: b,
      committedSeq: seq,
    });
    // R9: its client is told that the write never happened, when that is certain.
    const discarded = { kind: 'discarded', epoch: 1, fromSeq: lost, toSeq: lost };
    expect(table.told(a)).toContainEqual({ ...discarded, partition: 0 });
  });

  test('R9: an entry of the former leader that the next one has is committed, and its client told so', () => {
    const table = new Table();
    table.slowDisk(c, true);
    const seq = table.write(a);
    expect(table.replica(a).committedSeq).toBe(seq - 1);
    table.told(a);
    table.record({ epoch: 2, leader: b });
    table.slowDisk(c, false);
    table.pass(SETTINGS.beatMs);
    expect(table.kinds(a)).not.toContain('discarded');
    expect(table.replica(a).committedSeq).toBe(seq + 1);
  });

  test('R11: a leader that was started again waits to be elected again', () => {
    const table = new Table();
    table.restart(a);
    table.learn(a);
    table.settle();
    expect(table.replica(a).role).toBe('follower');
    expect(table.told(a)).toContainEqual({
      kind: 'wantEpoch',
      partition: 0,
      expectedVersion: table.version,
      why: 'restarted',
    });
    table.record({ epoch: 2, leaderIncarnation: 2 });
    // It does not remember what it granted.
    expect(table.replica(a).serving).toBe('none');
    table.pass(SETTINGS.leaseMs);
    expect(table.replica(a).serving).toBe('writes');
  });

  test('R10: a replica whose log is gone leads nothing', () => {
    const table = new Table();
    table.write(a);
    table.record({ epoch: 2, leader: b });
    table.restart(c, { isWiped: true });
    table.record({ epoch: 3, leader: c, leaderIncarnation: 2 });
    expect(table.replica(c)).toMatchObject({ role: 'follower', serving: 'none' });
    expect(table.told(c)).toContainEqual(
      expect.objectContaining({ kind: 'wantEpoch', why: 'unfit' }),
    );
  });
});

describe('logs that are not there', () => {
  test('R10: a copy of a new partition that was elected away before it began still begins', () => {
    const table = new Table();
    // Nothing reached their disks, and the first epoch is over.
    for (const node of [a, b, c]) table.restart(node, { isForgetful: true });
    table.record({ epoch: 2, leader: b, leaderIncarnation: 2 });
    table.pass(SETTINGS.leaseMs);
    expect(table.replica(b).serving).toBe('writes');
    expect(table.write(b)).toBeGreaterThan(0);
  });

  test('R10: an operator who chooses a copy that has nothing is believed, for that start of it', () => {
    const table = new Table();
    table.write(a);
    table.restart(c, { isWiped: true });
    table.record({ epoch: 2, leader: c, leaderIncarnation: 2, inSync: [c], forcedEpoch: 2 });
    expect(table.replica(c)).toMatchObject({ role: 'leader' });
    table.pass(SETTINGS.leaseMs);
    expect(table.replica(c).committedSeq).toBe(1);
    const again = new Table();
    again.restart(c, { isWiped: true });
    again.record({ epoch: 2, leader: c, leaderIncarnation: 1, inSync: [c], forcedEpoch: 2 });
    expect(again.replica(c).role).toBe('follower');
  });
});

describe('reads', () => {
  test('a strict read waits for everybody who could have elected another', () => {
    const table = new Table();
    table.told(a);
    table.readStrictly(a, 1);
    expect(table.kinds(a)).toEqual(['readsConfirmed']);
    table.cut(c, a);
    table.readStrictly(a, 2);
    expect(table.kinds(a)).toEqual([]);
    table.mendAll();
    expect(table.told(a)).toEqual([{ kind: 'readsConfirmed', partition: 0, upToToken: 2 }]);
  });

  test('a leader that leads no more refuses them', () => {
    const table = new Table();
    table.cut(c, a);
    table.readStrictly(a, 7);
    table.told(a);
    table.record({ epoch: 2, leader: b });
    expect(table.told(a)).toContainEqual({ kind: 'readsRefused', partition: 0, upToToken: 7 });
  });

  test('R8: without grants there is no lease, however long the links stay', () => {
    const table = new Table();
    table.cut(c, a);
    table.pass(SETTINGS.leaseMs);
    expect(table.replica(a).hasLease).toBe(false);
    table.mendAll();
    table.pass(SETTINGS.beatMs);
    expect(table.replica(a).hasLease).toBe(true);
  });

  test('a follower that hears nothing knows that what it has grows old', () => {
    const table = new Table();
    table.pass(1000);
    table.cut(a, c);
    table.pass(5000);
    expect(table.replica(c).staleMs).toBeGreaterThanOrEqual(5000);
    expect(table.replica(b).staleMs).toBeGreaterThan(1000);
  });
});
