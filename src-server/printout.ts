/**
 * Prints a log or a snapshot: a line for each transaction or node, for people or as JSON, and what is damaged.
 *
 * Lines go to where output goes, what is wrong with the file to where errors go, and how it ended is the program's exit code.
 */
import { sessionHex } from './base/ids.ts';
import { zxidHex } from './base/zxid.ts';
import type { PrintOptions } from './command-line.ts';
import { type LogItem, LogReader } from './coordination/journal/log-reader.ts';
import { SnapshotReader, type StoredNode } from './coordination/journal/snapshot-reader.ts';
import { type FileKind, fileKindOf } from './coordination/journal/stored-files.ts';
import { codeName } from './coordination/model/codes.ts';
import { OpCode, opName } from './coordination/model/ops.ts';
import { kindOfOwner } from './coordination/model/owner.ts';
import type { Txn } from './coordination/model/txn.ts';
import { digestHex, hasAcl, isVersioned, pathsOf } from './coordination/model/txn-facts.ts';
import { type Disk, DiskError } from './platform/disk.ts';

/** The file is whole, or merely its last write is torn, as a crash may leave it. */
const EXIT_WHOLE = 0;
const EXIT_FAILED = 1;
const EXIT_DAMAGED = 3;

export interface Printer {
  /** Resolves once there is room for more; false when nobody reads any more. */
  line(text: string): Promise<boolean>;
  problem(text: string): void;
}

/** @returns the program's exit code */
export async function print(
  wanted: FileKind,
  options: PrintOptions,
  { disk, to }: { readonly disk: Disk; readonly to: Printer },
): Promise<number> {
  try {
    const kind = fileKindOf(disk, options.file);
    if (kind !== wanted) {
      const what = kind === null ? 'neither a log nor a snapshot' : `a ${kind}`;
      to.problem(`${options.file} is ${what}, not a ${wanted}`);
      return EXIT_FAILED;
    }
    return kind === 'log'
      ? await printLog(options, disk, to)
      : await printSnapshot(options, disk, to);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    to.problem(error.message);
    return EXIT_FAILED;
  }
}

async function printLog(options: PrintOptions, disk: Disk, to: Printer): Promise<number> {
  const reader = new LogReader(disk, options.file);
  let code = EXIT_WHOLE;
  try {
    for (let item = reader.next(); item !== null; item = reader.next()) {
      if (item === 'later') continue;
      if (item.kind === 'mark') {
        to.problem(`${options.file} at byte ${item.at}: ${sentenceOf(item)}`);
        if (item.damage === 'damaged') code = EXIT_DAMAGED;
        if (options.asJson && !(await to.line(JSON.stringify(item)))) return code;
        continue;
      }
      if (!isWanted(options, item.txn)) continue;
      const line = options.asJson ? JSON.stringify(txnJson(item)) : txnLine(item.txn);
      if (!(await to.line(line))) return code;
    }
    return code;
  } finally {
    reader.close();
  }
}

function sentenceOf({ damage, problem, bytes }: Extract<LogItem, { kind: 'mark' }>): string {
  return damage === 'torn'
    ? `${problem}; nobody was told that it is safe, and a server goes on from here`
    : `damaged: ${problem}; ${bytes} bytes are passed over, and a server refuses this file`;
}

function isWanted({ fromZxid, toZxid, path }: PrintOptions, txn: Txn): boolean {
  return (
    (fromZxid === null || txn.zxid >= fromZxid) &&
    (toZxid === null || txn.zxid <= toZxid) &&
    (path === null || pathsOf(txn).some((one) => one.startsWith(path)))
  );
}

function txnLine(txn: Txn): string {
  return [
    `0x${zxidHex(txn.zxid)}`,
    new Date(txn.timeMs).toISOString(),
    `0x${sessionHex(txn.sessionId)}`,
    `cxid ${txn.cxid}`,
    wordsOf(txn),
  ].join('  ');
}

function wordsOf(txn: Txn): string {
  if (txn.ops !== null) return `multi [${txn.ops.map(wordsOf).join('; ')}]`;
  const words = [opName(txn.type)];
  if (txn.path !== '') words.push(txn.path);
  if (txn.type === OpCode.ERROR) words.push(codeName(txn.error));
  if (txn.type === OpCode.CREATE_SESSION) words.push(`timeout ${txn.timeoutMs} ms`);
  if (txn.type === OpCode.CREATE_TTL) words.push(`ttl ${txn.ttlMs} ms`);
  if (txn.ephemeral) words.push('ephemeral');
  if (isVersioned(txn)) words.push(`version ${txn.version}`);
  if (txn.data !== null) words.push(`${txn.data.length} bytes`);
  if (txn.paths !== null && txn.paths.length > 0) words.push(`deletes ${txn.paths.join(' ')}`);
  return words.join(' ');
}

function txnJson({ at, bytes, txn }: Extract<LogItem, { kind: 'txn' }>): unknown {
  return {
    kind: 'txn',
    at,
    bytes,
    zxid: `0x${zxidHex(txn.zxid)}`,
    time: new Date(txn.timeMs).toISOString(),
    session: `0x${sessionHex(txn.sessionId)}`,
    cxid: txn.cxid,
    ...partJson(txn),
    ...(txn.hasDigest ? { digest: `0x${digestHex(txn.digestHigh, txn.digestLow)}` } : {}),
  };
}

function partJson(txn: Txn): Record<string, unknown> {
  return {
    op: opName(txn.type),
    ...(txn.path === '' ? {} : { path: txn.path }),
    ...(txn.data === null ? {} : { data: Buffer.from(txn.data).toString('base64') }),
    ...(hasAcl(txn) ? { acl: txn.acl } : {}),
    ...(txn.ephemeral ? { ephemeral: true } : {}),
    ...(txn.type === OpCode.CREATE_TTL ? { ttlMs: txn.ttlMs } : {}),
    ...(isVersioned(txn) ? { version: txn.version } : {}),
    ...(txn.type === OpCode.CREATE_SESSION ? { timeoutMs: txn.timeoutMs } : {}),
    ...(txn.type === OpCode.ERROR ? { error: codeName(txn.error) } : {}),
    ...(txn.paths === null ? {} : { deletes: txn.paths }),
    ...(txn.ops === null ? {} : { parts: txn.ops.map(partJson) }),
  };
}

async function printSnapshot(options: PrintOptions, disk: Disk, to: Printer): Promise<number> {
  const { file, asJson, path } = options;
  const lines: string[] = [];
  const reader: SnapshotReader = new SnapshotReader(disk, file, {
    onSession: (id, timeoutMs) => {
      const session = `0x${sessionHex(id)}`;
      if (path === null)
        lines.push(
          asJson
            ? JSON.stringify({ kind: 'session', session, timeoutMs })
            : `session ${session}  timeout ${timeoutMs} ms`,
        );
    },
    onNode: (node) => {
      if (path !== null && !node.path.startsWith(path)) return;
      lines.push(asJson ? JSON.stringify(nodeJson(node, reader)) : nodeLine(node));
    },
  });
  try {
    for (;;) {
      const progress = reader.step();
      for (const line of lines.splice(0)) if (!(await to.line(line))) return EXIT_WHOLE;
      switch (progress.kind) {
        case 'more':
          continue;
        case 'damaged':
          to.problem(`${file} at byte ${progress.at}: damaged: ${progress.problem}`);
          return EXIT_DAMAGED;
        case 'whole': {
          const { digest, lastZxid } = progress.end;
          const end = {
            ...(digest === null
              ? {}
              : {
                  digest: `0x${digestHex(digest.high, digest.low)}`,
                  digestZxid: `0x${zxidHex(digest.zxid)}`,
                }),
            ...(lastZxid === null ? {} : { lastZxid: `0x${zxidHex(lastZxid)}` }),
          };
          const words = Object.entries(end).map(([name, value]) => `${name} ${value}`);
          const line = asJson ? JSON.stringify({ kind: 'end', ...end }) : words.join('  ');
          if (line !== '') await to.line(line);
          return EXIT_WHOLE;
        }
      }
    }
  } finally {
    reader.close();
  }
}

function nodeLine({ path, data, stat }: StoredNode): string {
  const owner = ownerOf(stat);
  const kind = kindOfOwner(owner, true);
  return [
    path,
    data === null ? 'no data' : `${data.length} bytes`,
    `version ${stat.version}`,
    `mzxid 0x${zxidHex(stat.mzxid)}`,
    new Date(stat.mtime).toISOString(),
    kind === 'ephemeral' ? `ephemeral 0x${sessionHex(owner)}` : kind,
  ].join('  ');
}

function nodeJson({ at, path, data, aclKey, stat }: StoredNode, reader: SnapshotReader): unknown {
  const { czxid, mzxid, pzxid, ctime, mtime, version, cversion, aversion } = stat;
  return {
    kind: 'node',
    at,
    path,
    data: data === null ? null : Buffer.from(data).toString('base64'),
    acl: reader.aclOf(aclKey),
    czxid: `0x${zxidHex(czxid)}`,
    mzxid: `0x${zxidHex(mzxid)}`,
    pzxid: `0x${zxidHex(pzxid)}`,
    ctime,
    mtime,
    version,
    cversion,
    aversion,
    owner: `0x${sessionHex(ownerOf(stat))}`,
  };
}

function ownerOf({ ownerHigh, ownerLow }: StoredNode['stat']): bigint {
  return (BigInt(ownerHigh) << 32n) | BigInt(ownerLow >>> 0);
}
