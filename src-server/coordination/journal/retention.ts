/** What may be deleted: all but the newest snapshots, and logs that none of those needs. */
import type { Disk } from '../../platform/disk.ts';
import { listNumbered, type NumberedFile } from './file-names.ts';
import { SNAPSHOT_PREFIX } from './snapshot-format.ts';
import { LOG_PREFIX } from './txnlog-format.ts';

export interface Directories {
  readonly disk: Disk;
  /** Where snapshots lie. */
  readonly snapshots: string;
  /** Where logs lie. */
  readonly logs: string;
}

/**
 * The files nobody needs once the newest `retainCount` snapshots are kept. Each kept snapshot needs the log that holds the
 * transaction after it, which is the last one starting at or before it, and all later ones.
 */
export function purgeable(
  snapshots: readonly NumberedFile[],
  logs: readonly NumberedFile[],
  retainCount: number,
): { readonly snapshots: NumberedFile[]; readonly logs: NumberedFile[] } {
  const oldestKept = snapshots.at(-retainCount);
  if (oldestKept === undefined) return { snapshots: [], logs: [] };
  const neededFrom = logs.findLast((log) => log.zxid <= oldestKept.zxid)?.zxid ?? 0;
  return {
    snapshots: snapshots.filter((snapshot) => snapshot.zxid < oldestKept.zxid),
    logs: logs.filter((log) => log.zxid < neededFrom),
  };
}

/** @returns names of the deleted files */
export function purge(directories: Directories, retainCount: number): string[] {
  const { disk } = directories;
  const stale = purgeable(
    listNumbered(disk, directories.snapshots, SNAPSHOT_PREFIX),
    listNumbered(disk, directories.logs, LOG_PREFIX),
    retainCount,
  );
  // Snapshots first: a snapshot without its logs is useless, logs without their snapshot are only too many.
  for (const { name } of stale.snapshots) disk.remove(disk.join(directories.snapshots, name));
  for (const { name } of stale.logs) disk.remove(disk.join(directories.logs, name));
  return [...stale.snapshots, ...stale.logs].map(({ name }) => name);
}
