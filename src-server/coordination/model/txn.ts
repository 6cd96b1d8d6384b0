/**
 * One transaction: what the log keeps and every member applies. Header and body in one class of stable shape.
 */
import type { Zxid } from '../../base/zxid.ts';
import { type Acl, OPEN_ACL } from './acl.ts';
import { type Code } from './codes.ts';
import { OpCode } from './ops.ts';

export class Txn {
  type: OpCode;
  sessionId = 0n;
  /** The client's xid. */
  cxid = 0;
  zxid = 0 as Zxid;
  timeMs = 0;
  path = '';
  data: Uint8Array | null = null;
  acl: Acl = OPEN_ACL;
  ephemeral = false;
  /** The parent's count of child creates after this one; −1 in logs of old servers: "one more". */
  parentCversion = 0;
  ttlMs = 0;
  /** The version the node has afterwards (setData, check) or its ACL version (setACL). */
  version = 0;
  error: Code = 0;
  timeoutMs = 0;
  /** What closing a session deletes; null in logs of old servers. */
  paths: readonly string[] | null = null;
  ops: Txn[] | null = null;
  /** Digest of the whole tree after this transaction, in two halves. */
  hasDigest = false;
  digestHigh = 0;
  digestLow = 0;

  constructor(type: OpCode) {
    this.type = type;
  }
}

/** Digest version 2: AdHash over CRC-32 of path, data and stat. */
export const DIGEST_VERSION = 2;

export function errorTxn(code: Code): Txn {
  const txn = new Txn(OpCode.ERROR);
  txn.error = code;
  return txn;
}
