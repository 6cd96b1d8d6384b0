/** Epoch files: what is in them, what they must agree with. */
import { beforeEach, expect, test } from 'vitest';

import { makeZxid } from '../../../../../src-server/base/zxid.ts';
import {
  checkEpochs,
  readEpochs,
  writeEpoch,
} from '../../../../../src-server/coordination/journal/epochs.ts';
import { JournalError } from '../../../../../src-server/coordination/journal/journal-error.ts';
import { SimClock } from '../../../../sim/clock.ts';
import { LOSES_EVERYTHING_UNSYNCED, SimDisk } from '../../../../sim/disk.ts';
import { recoverZxids, SimMember, VERSION_DIR } from '../../../../sim/member.ts';

let disk: SimDisk;

beforeEach(() => {
  disk = new SimDisk({ clock: new SimClock() });
  disk.makeDirectory('/d');
});

test('are null where a directory never belonged to an ensemble', () => {
  expect(readEpochs(disk, '/d')).toBeNull();
  writeEpoch(disk, '/d', 'accepted', 1);
  expect(readEpochs(disk, '/d')).toBeNull();
});

test('are decimal text, read back, durable when written, with nothing left beside them', () => {
  writeEpoch(disk, '/d', 'accepted', 12);
  writeEpoch(disk, '/d', 'current', 11);
  writeEpoch(disk, '/d', 'current', 12);
  const found = disk.afterCrash(LOSES_EVERYTHING_UNSYNCED);
  expect(readEpochs(found, '/d')).toEqual({ accepted: 12, current: 12 });
  expect(found.contents('/d/acceptedEpoch').toString()).toBe('12');
  expect(found.list('/d').map(({ name }) => name)).toEqual(['acceptedEpoch', 'currentEpoch']);
});

test('may end in a newline, as editors leave it', () => {
  disk.put('/d/acceptedEpoch', Buffer.from('3\n'));
  disk.put('/d/currentEpoch', Buffer.from('2\n'));
  expect(readEpochs(disk, '/d')).toEqual({ accepted: 3, current: 2 });
});

test.each(['', 'x', '-1', '1 2', '99999999999', '\0\0'])('%j is no epoch', (text) => {
  disk.put('/d/acceptedEpoch', Buffer.from(text));
  disk.put('/d/currentEpoch', Buffer.from('1'));
  expect(() => readEpochs(disk, '/d')).toThrow(/acceptedEpoch: the file does not hold a number/);
});

test('that contradict each other or the log are refused', () => {
  const last = makeZxid(3, 7);
  checkEpochs({ accepted: 3, current: 3 }, last, '/d');
  checkEpochs({ accepted: 9, current: 4 }, last, '/d');
  expect(() => checkEpochs({ accepted: 2, current: 3 }, last, '/d')).toThrow(
    /accepted epoch 2 is older/,
  );
  expect(() => checkEpochs({ accepted: 3, current: 2 }, last, '/d')).toThrow(
    /current epoch 2 is older than the last transaction's, 3/,
  );
  expect(() => checkEpochs({ accepted: 2, current: 2 }, last, '/d')).toThrow(JournalError);
});

test('recovery looks at them', () => {
  const member = SimMember.start();
  writeEpoch(member.disk, VERSION_DIR, 'accepted', 1);
  writeEpoch(member.disk, VERSION_DIR, 'current', 2);
  expect(() => recoverZxids(member.disk)).toThrow(
    /accepted epoch 1 is older than the current epoch 2/,
  );
  writeEpoch(member.disk, VERSION_DIR, 'accepted', 2);
  expect(recoverZxids(member.disk).lastZxid).toBe(0);
});
