/** Transactions as the console shows them: a line, and everything. */
import type { LogPart, LogRecord, LogRow } from '#contract/log-models.ts';
import type { AclEntry } from '#contract/models.ts';

import { sessionHex } from '../../base/ids.ts';
import type { TxnItem } from '../../coordination/journal/log-reader.ts';
import type { Acl } from '../../coordination/model/acl.ts';
import { Code, codeName } from '../../coordination/model/codes.ts';
import { OpCode, opName } from '../../coordination/model/ops.ts';
import type { Txn } from '../../coordination/model/txn.ts';
import {
  digestHex,
  hasAcl,
  isCreate,
  isVersioned,
  pathsOf,
} from '../../coordination/model/txn-facts.ts';

/** A line has no room for more. */
const PREVIEW_BYTES = 96;

export function txnRow({ at, txn }: TxnItem): LogRow {
  const paths = pathsOf(txn);
  const refused = txn.type === OpCode.ERROR ? txn : txn.ops?.find(isDecisive);
  return {
    kind: 'txn',
    at,
    zxid: txn.zxid,
    timeMs: txn.timeMs,
    op: opName(txn.type),
    sessionId: sessionHex(txn.sessionId),
    cxid: txn.cxid,
    path: paths[0] ?? null,
    morePaths: Math.max(0, paths.length - 1),
    error: refused === undefined ? null : codeName(refused.error),
    data: preview(txn.data),
    parts: txn.ops?.length ?? 0,
    timing: null,
    client: null,
  };
}

/** The parts of a refused group before and after the one that was refused carry codes that say only so. */
function isDecisive(part: Txn): boolean {
  const says: Code = part.error;
  return part.type === OpCode.ERROR && says !== Code.OK && says !== Code.RUNTIME_INCONSISTENCY;
}

export function preview(data: Uint8Array | null): { bytes: number; start: Uint8Array } | null {
  if (data === null) return null;
  return { bytes: data.length, start: Uint8Array.from(data.subarray(0, PREVIEW_BYTES)) };
}

export function txnRecord(file: string, { at, bytes, txn }: TxnItem): LogRecord {
  return {
    kind: 'txn',
    file,
    at,
    bytes,
    zxid: txn.zxid,
    timeMs: txn.timeMs,
    sessionId: sessionHex(txn.sessionId),
    cxid: txn.cxid,
    digest: txn.hasDigest ? digestHex(txn.digestHigh, txn.digestLow) : null,
    whole: partOf(txn),
    parts: (txn.ops ?? []).map(partOf),
  };
}

export function shownAcl(acl: Acl | null): AclEntry[] | null {
  if (acl === null) return null;
  return acl.map(({ permissions, scheme, id }) => ({
    permissions,
    scheme: scheme ?? '',
    id: id ?? '',
  }));
}

function partOf(txn: Txn): LogPart {
  const { type } = txn;
  const isPlainCreate = type === OpCode.CREATE || type === OpCode.CREATE2;
  return {
    op: opName(type),
    path: txn.path === '' ? null : txn.path,
    data: txn.data === null ? null : Uint8Array.from(txn.data),
    acl: hasAcl(txn) ? shownAcl(txn.acl) : null,
    version: isVersioned(txn) ? txn.version : null,
    parentCversion: isCreate(txn) ? txn.parentCversion : null,
    isEphemeral: isPlainCreate ? txn.ephemeral : null,
    ttlMs: type === OpCode.CREATE_TTL ? txn.ttlMs : null,
    timeoutMs: type === OpCode.CREATE_SESSION ? txn.timeoutMs : null,
    error: type === OpCode.ERROR ? codeName(txn.error) : null,
    deletes: type === OpCode.CLOSE_SESSION ? txn.paths : null,
  };
}
