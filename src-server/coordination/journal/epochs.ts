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
  if (epochs.accepted < epochs.current) {
    throw new JournalError(
      'inconsistent',
      directory,
      null,
      `the accepted epoch ${epochs.accepted} is older than the current epoch ${epochs.current}`,
      'Restore the directory from a backup, or empty it and let another member fill it',
    );
  }
  if (epochOf(lastZxid) > epochs.current) {
    throw new JournalError(
      'inconsistent',
      directory,
      null,
      `the current epoch ${epochs.current} is older than the last transaction's, ${epochOf(lastZxid)}`,
      'Restore the directory from a backup, or empty it and let another member fill it',
    );
  }
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
