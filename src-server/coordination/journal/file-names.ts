/** Names of logs and snapshots: a prefix and a zxid in hexadecimal. */
import { type Zxid, zxidHex, zxidOf } from '../../base/zxid.ts';
import type { Disk } from '../../platform/disk.ts';

export interface NumberedFile {
  readonly name: string;
  readonly zxid: Zxid;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export function numberedName(prefix: string, zxid: Zxid): string {
  return prefix + zxidHex(zxid);
}

/** Files of that kind, oldest zxid first. Names that do not end in a zxid are nobody's business here. */
export function listNumbered(disk: Disk, directory: string, prefix: string): NumberedFile[] {
  const files: NumberedFile[] = [];
  for (const { name, bytes, modifiedMs } of disk.list(directory)) {
    const hex = name.slice(prefix.length);
    if (!name.startsWith(prefix) || !/^[0-9a-f]{1,16}$/.test(hex)) continue;
    const zxid = Number.parseInt(hex, 16);
    if (Number.isSafeInteger(zxid)) files.push({ name, zxid: zxidOf(zxid), bytes, modifiedMs });
  }
  return files.sort((a, b) => a.zxid - b.zxid);
}
