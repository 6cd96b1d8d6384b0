/**
 * Changes of history that happen whole or not at all (J4). The plan is written down first; what a crash interrupts, the next
 * recovery finishes, whatever of it was done.
 *
 *   cut        log.1 ── log.9 ──┼╳╳  log.1f ╳     snapshot.0 (the base)   snapshot.1c ╳
 *   takeover   every log ╳                        snapshot.34.tmp ─▶ snapshot.34   every other snapshot ╳
 */
import { type Zxid } from '../../base/zxid.ts';
import { type Disk, readWhole, writeWhole } from '../../platform/disk.ts';
import { listNumbered, listPackable, numberedName, temporaryName } from './file-names.ts';
import { JournalError } from './journal-error.ts';
import { SNAPSHOT_PREFIX } from './snapshot-format.ts';
import { LOG_HEADER_BYTES, LOG_PREFIX } from './txnlog-format.ts';

/** Where in which log the first transaction stands that is to go. */
export interface CutPlace {
  readonly name: string;
  readonly offset: number;
}

export interface Cut {
  readonly kind: 'cut';
  /** The last transaction that stays; logs that begin later go. */
  readonly after: Zxid;
  /** Null where the log ends there anyway. */
  readonly place: CutPlace | null;
  /** The snapshot the remaining history begins with; younger ones go. */
  readonly base: Zxid;
}

export interface Takeover {
  readonly kind: 'takeover';
  /** The snapshot, whole and durable under its temporary name, that is all there will be. */
  readonly by: Zxid;
}

export type Plan = Cut | Takeover;

export interface Places {
  readonly disk: Disk;
  readonly snapshotDir: string;
  readonly logDir: string;
}

const PLAN_FILE = 'history.plan';

/** @throws DiskError: nothing has changed */
export function writePlan({ disk, snapshotDir }: Places, plan: Plan): void {
  writeWhole(disk, snapshotDir, PLAN_FILE, Buffer.from(JSON.stringify(plan)));
}

/**
 * Carries out the plan that lies there, durably.
 * @returns whether there was one
 * @throws DiskError: it has been carried out in part, and must be finished before anything else is done here
 */
export function carryOutPlan(places: Places): boolean {
  const { disk, snapshotDir } = places;
  const path = disk.join(snapshotDir, PLAN_FILE);
  const bytes = readWhole(disk, path);
  if (bytes === null) return false;
  const plan = parsePlan(bytes.toString('utf8'), path);
  if (plan.kind === 'cut') cut(places, plan);
  else takeOver(places, plan);
  disk.remove(path);
  disk.syncDirectory(snapshotDir);
  return true;
}

function cut(places: Places, { after, place, base }: Cut): void {
  const { disk, logDir } = places;
  // Snapshots first: none may be there that knows what the log no longer does.
  removeSnapshots(places, (zxid) => zxid > base);
  removeLogs(places, (zxid) => zxid > after);
  const path = place === null ? null : disk.join(logDir, place.name);
  if (place === null || path === null || !disk.exists(path)) return;
  if (place.offset <= LOG_HEADER_BYTES) {
    disk.remove(path);
    disk.syncDirectory(logDir);
    return;
  }
  const file = disk.open(path, 'edit');
  try {
    file.truncate(place.offset);
    file.syncNow();
  } finally {
    file.close();
  }
}

function takeOver(places: Places, { by }: Takeover): void {
  const { disk, snapshotDir } = places;
  const temporary = disk.join(snapshotDir, temporaryName(SNAPSHOT_PREFIX, by));
  const path = disk.join(snapshotDir, numberedName(SNAPSHOT_PREFIX, by));
  if (disk.exists(temporary)) {
    disk.rename(temporary, path);
    disk.syncDirectory(snapshotDir);
  }
  // Somebody cleaned up meanwhile. What was to be replaced is still whole then.
  if (!disk.exists(path)) return;
  removeLogs(places, () => true);
  removeSnapshots(places, (zxid) => zxid !== by);
  // One of the same zxid that is packed held another history.
  for (const { name, zxid } of listPackable(disk, snapshotDir, SNAPSHOT_PREFIX))
    if (name !== numberedName(SNAPSHOT_PREFIX, zxid)) disk.remove(disk.join(snapshotDir, name));
  disk.syncDirectory(snapshotDir);
}

function removeSnapshots({ disk, snapshotDir }: Places, isGone: (zxid: Zxid) => boolean): void {
  for (const { name, zxid } of listPackable(disk, snapshotDir, SNAPSHOT_PREFIX))
    if (isGone(zxid)) disk.remove(disk.join(snapshotDir, name));
  disk.syncDirectory(snapshotDir);
}

function removeLogs({ disk, logDir }: Places, isGone: (zxid: Zxid) => boolean): void {
  for (const { name, zxid } of listNumbered(disk, logDir, LOG_PREFIX))
    if (isGone(zxid)) disk.remove(disk.join(logDir, name));
  disk.syncDirectory(logDir);
}

function parsePlan(text: string, path: string): Plan {
  try {
    const plan = JSON.parse(text) as Plan;
    if (plan.kind === 'cut' && Number.isSafeInteger(plan.after) && Number.isSafeInteger(plan.base))
      return plan;
    if (plan.kind === 'takeover' && Number.isSafeInteger(plan.by)) return plan;
  } catch {
    // Told below, as everything else that is no plan.
  }
  throw new JournalError(
    'damaged',
    path,
    null,
    'a change of history was begun, and this is not what it was to be',
    'Restore the directory from a backup, or empty it and let another member fill it',
  );
}
