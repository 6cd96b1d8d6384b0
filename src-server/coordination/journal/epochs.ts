/** The epoch files of an ensemble member: `acceptedEpoch` and `currentEpoch`, decimal text, replaced whole. */
import { epochOf, type Zxid } from '../../base/zxid.ts';
import { type Disk, readWhole, writeWhole } from '../../platform/disk.ts';
import { JournalError } from './journal-error.ts';

export interface Epochs {
  readonly accepted: number;
  readonly current: number;
}

const ACCEPTED = 'acceptedEpoch';
const CURRENT = 'currentEpoch';

/** Null where the directory never belonged to an ensemble. */
export function readEpochs(disk: Disk, directory: string): Epochs | null {
  const accepted = readEpoch(disk, directory, ACCEPTED);
  const current = readEpoch(disk, directory, CURRENT);
  if (accepted === null || current === null) return null;
  return { accepted, current };
}

/** Refuses epochs that contradict each other or the log: such a member would break promises it made before. */
export function checkEpochs(epochs: Epochs, lastZxid: Zxid, directory: string): void {
  const { current } = epochs;
  checkAccepted(epochs, directory);
  if (epochOf(lastZxid) <= current) return;
  throw contradiction(
    directory,
    `the current epoch ${current} is older than the last transaction's, ${epochOf(lastZxid)}`,
  );
}

function checkAccepted({ accepted, current }: Epochs, directory: string): void {
  if (accepted >= current) return;
  throw contradiction(
    directory,
    `the accepted epoch ${accepted} is older than the current epoch ${current}`,
  );
}

function contradiction(directory: string, problem: string): JournalError {
  return new JournalError(
    'inconsistent',
    directory,
    null,
    problem,
    'Restore the directory from a backup, or empty it and let another member fill it',
  );
}

/**
 * The epochs of an ensemble's member. Files that are missing are written as Apache does, from the last transaction's epoch.
 *
 * The log may end in a later epoch than the current one, as far as that was accepted: the member fell after it had its
 * leader's history on disk and before it could say so.
 * @throws JournalError where they contradict each other or the log
 */
export function takeUpEpochs(disk: Disk, directory: string, lastZxid: Zxid): Epochs {
  const take = (which: keyof Epochs, name: string): number => {
    const found = readEpoch(disk, directory, name);
    if (found !== null) return found;
    writeEpoch(disk, directory, which, epochOf(lastZxid));
    return epochOf(lastZxid);
  };
  const current = take('current', CURRENT);
  const accepted = take('accepted', ACCEPTED);
  checkAccepted({ accepted, current }, directory);
  if (epochOf(lastZxid) <= accepted) return { accepted, current };
  throw contradiction(
    directory,
    `the accepted epoch ${accepted} is older than the last transaction's, ${epochOf(lastZxid)}`,
  );
}

export function writeEpoch(
  disk: Disk,
  directory: string,
  which: keyof Epochs,
  epoch: number,
): void {
  writeWhole(
    disk,
    directory,
    which === 'accepted' ? ACCEPTED : CURRENT,
    Buffer.from(String(epoch)),
  );
}

function readEpoch(disk: Disk, directory: string, name: string): number | null {
  const path = disk.join(directory, name);
  const text = readWhole(disk, path)?.toString('latin1').trim();
  if (text === undefined) return null;
  if (!/^[0-9]{1,10}$/.test(text)) {
    throw new JournalError(
      'damaged',
      path,
      null,
      'the file does not hold a number',
      'Restore it from a backup',
    );
  }
  return Number(text);
}
