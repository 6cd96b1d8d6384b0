import { describe, expect, test } from 'vitest';

import { Effects } from '../../../../../src-server/storage/replication/effects.ts';
import { Fates } from '../../../../../src-server/storage/replication/fates.ts';
import type { LogFacts } from '../../../../../src-server/storage/replication/messages.ts';
import { ReplicaLog } from '../../../../../src-server/storage/replication/replica-log.ts';

/** A log of so many entries for each epoch. */
function logOf(...epochs: (readonly [epoch: number, entries: number])[]): ReplicaLog {
  const log = new ReplicaLog(null);
  log.create();
  for (const [epoch, entries] of epochs) {
    for (let i = 0; i < entries; i++) log.append(epoch, log.lastSeq + 1);
  }
  return log;
}

function facts(...epochs: (readonly [epoch: number, entries: number])[]): LogFacts {
  return logOf(...epochs).facts;
}

describe('R4: logs are the same up to where their epochs part', () => {
  const leader = logOf([1, 5], [3, 5], [6, 2]);

  test.each([
    { what: 'the same log', other: facts([1, 5], [3, 5], [6, 2]), shared: 12 },
    { what: 'a shorter one', other: facts([1, 5], [3, 2]), shared: 7 },
    { what: 'a longer end of the same epoch', other: facts([1, 9]), shared: 5 },
    { what: 'an epoch the leader never saw', other: facts([1, 5], [3, 1], [5, 8]), shared: 6 },
    { what: 'nothing in common but the beginning', other: facts([2, 8]), shared: 0 },
    { what: 'nothing at all', other: facts(), shared: 0 },
  ])('$what', ({ other, shared }) => {
    expect(leader.sharedWith(other)).toBe(shared);
  });

  test('what is told of another log is not enough', () => {
    const other = facts([2, 8], [4, 3]);
    expect(leader.sharedWith({ ...other, epochs: other.epochs.slice(1) })).toBeNull();
  });
});

test('a report of a sync says nothing about an entry that was taken back since', () => {
  const log = logOf([5, 7], [6, 2]);
  log.onDurable(5, 7);
  log.truncate(7);
  log.append(5, 8);
  log.onDurable(6, 8);
  expect(log.durableSeq).toBe(7);
  log.onDurable(5, 8);
  expect(log.durableSeq).toBe(8);
});

test('nothing committed is taken back', () => {
  const log = logOf([1, 5]);
  log.commit(4);
  expect(() => log.truncate(3)).toThrow('R4');
});

describe('R9: what becomes of an entry is told when it cannot change any more', () => {
  test('an entry that was cut is discarded when another one is committed in its place', () => {
    const log = logOf([1, 5]);
    const effects = new Effects();
    const fates = new Fates(0);
    for (const seq of [3, 4, 5]) fates.onProposed(1, seq);
    log.truncate(3);
    fates.onTruncated(3);
    fates.onCommitted(3, log, effects);
    expect(effects.list).toEqual([]);
    log.append(2, 4);
    fates.onCommitted(4, log, effects);
    const range = { epoch: 1, fromSeq: 4, toSeq: 5 };
    expect(effects.list).toEqual([{ kind: 'discarded', partition: 0, ...range }]);
    expect(fates.isEmpty).toBe(true);
  });

  test('an entry that was cut and came back with a later leader is not discarded', () => {
    const log = logOf([1, 5]);
    const effects = new Effects();
    const fates = new Fates(0);
    for (const seq of [4, 5]) fates.onProposed(1, seq);
    log.truncate(3);
    fates.onTruncated(3);
    log.append(1, 4);
    log.append(3, 5);
    fates.onCommitted(5, log, effects);
    const range = { epoch: 1, fromSeq: 5, toSeq: 5 };
    expect(effects.list).toEqual([{ kind: 'discarded', partition: 0, ...range }]);
  });

  test('what nobody here will learn is in doubt', () => {
    const effects = new Effects();
    const fates = new Fates(7);
    fates.onProposed(1, 4);
    fates.giveUp(effects);
    expect(effects.list).toEqual([{ kind: 'inDoubt', partition: 7, fromSeq: 4 }]);
  });
});
