/** Names of logs and snapshots: a prefix and a zxid in hexadecimal. */
import { type Zxid, zxidHex, zxidOf } from '../../base/zxid.ts';
import type { Disk } from '../../platform/disk.ts';

/** Directory inside the data directories, named by Apache after the format's version. */
export const VERSION_DIRECTORY = 'version-2';

export interface NumberedFile {
  readonly name: string;
  readonly zxid: Zxid;
  readonly bytes: number;
  readonly modifiedMs: number;
}

const LEFTOVER_END = '.tmp';

export function numberedName(prefix: string, zxid: Zxid): string {
  return prefix + zxidHex(zxid);
}

/** What a file is called until it is whole. @param origin tells two of them apart */
export function temporaryName(prefix: string, zxid: Zxid, origin = ''): string {
  return numberedName(prefix, zxid) + (origin === '' ? '' : `.${origin}`) + LEFTOVER_END;
}

/** Names of files of that kind that never became whole. */
export function listLeftovers(disk: Disk, directory: string, prefix: string): string[] {
  return disk
    .list(directory)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix) && name.endsWith(LEFTOVER_END));
}

/** Files of that kind, oldest zxid first. Names that do not end in a zxid are nobody's business here. */
export function listNumbered(disk: Disk, directory: string, prefix: string): NumberedFile[] {
  return listEnding(disk, directory, prefix, /^([0-9a-f]{1,16})$/);
}

/** The same for files that Apache may have packed. */
export function listPackable(disk: Disk, directory: string, prefix: string): NumberedFile[] {
  return listEnding(disk, directory, prefix, /^([0-9a-f]{1,16})(?:\.gz|\.snappy)?$/);
}

function listEnding(disk: Disk, directory: string, prefix: string, ending: RegExp): NumberedFile[] {
  const files: NumberedFile[] = [];
  for (const { name, bytes, modifiedMs } of disk.list(directory)) {
    const hex = name.startsWith(prefix) ? ending.exec(name.slice(prefix.length))?.[1] : undefined;
    if (hex === undefined) continue;
    const zxid = Number.parseInt(hex, 16);
    if (Number.isSafeInteger(zxid)) files.push({ name, zxid: zxidOf(zxid), bytes, modifiedMs });
  }
  return files.sort((a, b) => a.zxid - b.zxid);
}
