/**
 * One client request, decoded.
 *
 * A single class with fixed fields instead of twenty small ones: dispatch over one shape costs 2–3 ns, over twelve 15–19.
 * A field an operation does not use keeps its empty value.
 */
import type { Acl, Identity } from './acl.ts';
import type { Code } from './codes.ts';
import { OpCode } from './ops.ts';

/** Create flags of the wire (CreateMode in the Java client). */
export const CreateFlag = {
  PERSISTENT: 0,
  EPHEMERAL: 1,
  PERSISTENT_SEQUENTIAL: 2,
  EPHEMERAL_SEQUENTIAL: 3,
  CONTAINER: 4,
  PERSISTENT_WITH_TTL: 5,
  PERSISTENT_SEQUENTIAL_WITH_TTL: 6,
} as const;

/** A list or a path that is null ends the request where it is met, after those before it have had their effect. */
export interface WatchLists {
  readonly data: PathList;
  readonly exist: PathList;
  readonly child: PathList;
  readonly persistent: PathList;
  readonly recursive: PathList;
}

export type PathList = readonly (string | null)[] | null;

export interface ReconfigOrder {
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly members: string | null;
  /** Configuration version the order is based on, −1 for any. */
  readonly fromVersion: number;
}

export const NO_TTL = -1;

export class Request {
  op: OpCode;
  xid = 0;
  path: string | null = null;
  /** Borrowed from the received chunk until the end of the turn. */
  data: Uint8Array | null = null;
  acl: Acl | null = null;
  flags = 0;
  version = 0;
  ttlMs = NO_TTL;
  watch = false;
  /** AddWatch mode, or the watcher type to look for or remove. */
  mode = 0;
  /** The newest zxid a reconnecting client saw. */
  zxid = 0;
  timeoutMs = 0;
  /** Sub-operations of multi and multiRead. */
  ops: Request[] | null = null;
  watches: WatchLists | null = null;
  reconfig: ReconfigOrder | null = null;
  identities: readonly Identity[] = NOBODY;
  /** The record as it came, which a learner passes on to its leader. Borrowed like the data. */
  body: Uint8Array = NO_BYTES;
  /** MARSHALLING_ERROR when the bytes did not hold the record; the request still runs its course, as a refused one. */
  malformed: Code = 0;

  constructor(op: OpCode) {
    this.op = op;
  }
}

/** Whether it would make a node that lives as long as its session. */
export function makesEphemeral({ op, flags, ops }: Request): boolean {
  if (op === OpCode.MULTI) return ops?.some(makesEphemeral) ?? false;
  if (op !== OpCode.CREATE && op !== OpCode.CREATE2) return false;
  return flags === CreateFlag.EPHEMERAL || flags === CreateFlag.EPHEMERAL_SEQUENTIAL;
}

const NOBODY: readonly Identity[] = [];
const NO_BYTES = new Uint8Array();
