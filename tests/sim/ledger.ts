/**
 * Every transaction there was, by zxid, as the logs on the disks tell after a run: those still there and those that were
 * purged.
 */
import { VERSION_DIRECTORY } from '../../src-server/coordination/journal/journal.ts';
import { LogScan } from '../../src-server/coordination/journal/txnlog-scan.ts';
import type { Code } from '../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../src-server/coordination/model/ops.ts';
import type { Txn } from '../../src-server/coordination/model/txn.ts';
import type { Clock } from '../../src-server/platform/clock.ts';
import type { Disk } from '../../src-server/platform/disk.ts';
import { SimDisk } from './disk.ts';
import { Failure } from './failure.ts';

export interface Entry {
  readonly zxid: number;
  readonly sessionId: bigint;
  readonly cxid: number;
  readonly timeMs: number;
  readonly type: OpCode;
  readonly path: string;
  readonly error: Code;
  readonly timeoutMs: number;
  /** Why each part of a multi was refused; 0 for one that was not. */
  readonly parts: readonly Code[];
  /** What the end of a session deletes, in that order. */
  readonly paths: readonly string[];
  /** Everything that was logged, as text, to compare copies. */
  readonly text: string;
}

const RECORD_BYTES_MAX = 0x40_0000;

export type Ledger = ReadonlyMap<number, Entry>;

/** Oldest first. */
function entriesOf(disk: Disk, dataDir: string): Entry[] {
  const directory = `${dataDir}/${VERSION_DIRECTORY}`;
  return numbered(disk, directory, 'log').flatMap(({ name }) => scan(disk, `${directory}/${name}`));
}

/** What a log file held. */
export function entriesIn(bytes: Buffer, clock: Clock): Entry[] {
  const disk = new SimDisk({ clock });
  disk.put('/removed/log', bytes);
  return bytes.length === 0 ? [] : scan(disk, '/removed/log');
}

function scan(disk: Disk, path: string): Entry[] {
  const found: Entry[] = [];
  const log = new LogScan(disk, path, { recordBytesMax: RECORD_BYTES_MAX });
  try {
    if (log.open() !== 'whole') return [];
    for (let txn = log.next(); txn !== null; txn = log.next()) found.push(entryOf(txn));
  } finally {
    log.close();
  }
  return found;
}

/** A log as one disk had it at one time. */
export interface Copy {
  readonly name: string;
  readonly entries: readonly Entry[];
  /** The snapshots beside it, oldest first. */
  readonly snapshots: readonly number[];
  /** Names and sizes of the log files. */
  readonly files: ReadonlySet<string>;
}

/** Whether everything on the disk is in this copy already. */
export function isCovered(disk: Disk, dataDir: string, copy: Copy): boolean {
  return filesOf(disk, dataDir).every((file) => copy.files.has(file));
}

function filesOf(disk: Disk, dataDir: string): string[] {
  return disk
    .list(`${dataDir}/${VERSION_DIRECTORY}`)
    .filter(({ name }) => name.startsWith('log.'))
    .map(({ name, bytes }) => `${name} ${bytes}`);
}

export function copyOf(disk: Disk, dataDir: string, name: string): Copy {
  const snapshots = numbered(disk, `${dataDir}/${VERSION_DIRECTORY}`, 'snapshot');
  return {
    name,
    entries: entriesOf(disk, dataDir),
    snapshots: snapshots.map(({ zxid }) => zxid),
    files: new Set(filesOf(disk, dataDir)),
  };
}

function numbered(
  disk: Disk,
  directory: string,
  prefix: string,
): { readonly name: string; readonly zxid: number }[] {
  return disk
    .list(directory)
    .filter(({ name, bytes }) => bytes > 0 && new RegExp(`^${prefix}\\.[0-9a-f]+$`).test(name))
    .map(({ name }) => ({ name, zxid: Number.parseInt(name.slice(prefix.length + 1), 16) }))
    .sort((a, b) => a.zxid - b.zxid);
}

/**
 * Lays the copies on top of each other.
 * @throws Failure where two of them say different things of one zxid
 */
export function mergeCopies(copies: readonly Copy[]): Map<number, Entry> {
  const merged = new Map<number, Entry>();
  const from = new Map<number, string>();
  for (const { name, entries } of copies) {
    for (const entry of entries) {
      const known = merged.get(entry.zxid);
      if (known !== undefined && known.text !== entry.text) {
        throw new Failure(
          'agreement',
          `zxid ${entry.zxid} is ${known.text} in ${from.get(entry.zxid)} and ${entry.text} in ${name}`,
        );
      }
      merged.set(entry.zxid, entry);
      from.set(entry.zxid, name);
    }
  }
  return merged;
}

/** Of a member on its own: everything its logs ever held. */
export function ledgerOfOne(copies: readonly Copy[]): Ledger {
  return new Map([...mergeCopies(copies)].sort(([a], [b]) => a - b));
}

function entryOf(txn: Txn): Entry {
  return {
    zxid: txn.zxid,
    sessionId: txn.sessionId,
    cxid: txn.cxid,
    timeMs: txn.timeMs,
    type: txn.type,
    path: txn.path,
    error: txn.error,
    timeoutMs: txn.timeoutMs,
    parts: partsOf(txn),
    paths: txn.type === OpCode.CLOSE_SESSION ? (txn.paths ?? []) : [],
    text: textOf(txn),
  };
}

/**
 * Apache's follower may apply a refused multi before it writes it, and applying makes errors of the parts before the one that
 * failed, whose bytes stay: what it writes as their code is then the length of a path.
 */
function partsOf({ ops }: Txn): Code[] {
  return (ops ?? []).map(({ type, error }) => (type === OpCode.ERROR && error < 0 ? error : 0));
}

function textOf(txn: Txn): string {
  const data = txn.data === null ? '' : Buffer.from(txn.data).toString('latin1');
  const codes = partsOf(txn);
  const isRefused = codes.some((code) => code !== 0);
  const parts = isRefused ? `refused ${codes.join(' ')}` : (txn.ops ?? []).map(textOf).join(', ');
  return [
    `type ${txn.type}`,
    `session ${txn.sessionId}`,
    `xid ${txn.cxid}`,
    `time ${txn.timeMs}`,
    txn.path,
    data.slice(0, 40),
    `v${txn.version}`,
    `error ${txn.error}`,
    `digest ${txn.digestHigh}:${txn.digestLow}`,
    parts === '' ? '' : `[${parts}]`,
    (txn.paths ?? []).join(' '),
  ]
    .filter((word) => word !== '')
    .join(' ');
}
