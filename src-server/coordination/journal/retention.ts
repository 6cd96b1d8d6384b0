/** What may be deleted: all but the newest snapshots, and logs that none of those needs. */
import type { Zxid } from '../../base/zxid.ts';
import type { Disk, DiskError } from '../../platform/disk.ts';
import { listNumbered, listPackable, type NumberedFile } from './file-names.ts';
import { looksFinished } from './snapshot.ts';
import { SNAPSHOT_PREFIX } from './snapshot-format.ts';
import { LOG_PREFIX } from './txnlog-format.ts';

export interface Directories {
  readonly disk: Disk;
  readonly snapshotDir: string;
  readonly logDir: string;
}

/**
 * The files nobody needs once the snapshot of `oldestKept` and all newer ones are kept. They need the log that holds the
 * transaction after the oldest of them, which is the last one starting at or before it, and all later ones.
 */
export function purgeable(
  snapshots: readonly NumberedFile[],
  logs: readonly NumberedFile[],
  oldestKept: Zxid | undefined,
): { readonly snapshots: NumberedFile[]; readonly logs: NumberedFile[] } {
  if (oldestKept === undefined) return { snapshots: [], logs: [] };
  const neededFrom = logs.findLast((log) => log.zxid <= oldestKept)?.zxid ?? 0;
  return {
    snapshots: snapshots.filter((snapshot) => snapshot.zxid < oldestKept),
    logs: logs.filter((log) => log.zxid < neededFrom),
  };
}

/**
 * Keeps the newest `retainCount` snapshots. One that was never finished is none to fall back to, and does not count.
 * @param done told the names of what was removed, once it is: in the background, because freeing a large file takes longer
 *   than clients should wait
 */
export function purge(
  directories: Directories,
  retainCount: number,
  done: (removed: readonly string[], error: DiskError | null) => void,
): void {
  const { disk } = directories;
  const snapshots = listPackable(disk, directories.snapshotDir, SNAPSHOT_PREFIX);
  const isUsable = ({ name }: NumberedFile): boolean =>
    looksFinished(disk, disk.join(directories.snapshotDir, name));
  const stale = purgeable(
    snapshots,
    listNumbered(disk, directories.logDir, LOG_PREFIX),
    snapshots.filter(isUsable).at(-retainCount)?.zxid,
  );
  // Snapshots first: a snapshot without its logs is useless, logs without their snapshot are only too many.
  const paths = [
    ...stale.snapshots.map(({ name }) => disk.join(directories.snapshotDir, name)),
    ...stale.logs.map(({ name }) => disk.join(directories.logDir, name)),
  ];
  const removeFrom = (at: number): void => {
    const path = paths[at];
    if (path === undefined) {
      done(paths, null);
      return;
    }
    disk.remove(path, (error) => {
      if (error === null) removeFrom(at + 1);
      else done(paths.slice(0, at), error);
    });
  };
  removeFrom(0);
}
