/** What can be said of a transaction when it is shown: which nodes it is about, and which of its fields mean something. */
import { OpCode } from './ops.ts';
import type { Txn } from './txn.ts';

/** In the order it names them. */
export function pathsOf(txn: Txn): readonly string[] {
  if (txn.ops !== null) return txn.ops.flatMap(pathsOf);
  if (txn.paths !== null) return txn.paths;
  return txn.path === '' ? [] : [txn.path];
}

const CREATES: ReadonlySet<number> = new Set([
  OpCode.CREATE,
  OpCode.CREATE2,
  OpCode.CREATE_CONTAINER,
  OpCode.CREATE_TTL,
]);
const VERSIONED: ReadonlySet<number> = new Set([
  OpCode.SET_DATA,
  OpCode.RECONFIG,
  OpCode.SET_ACL,
  OpCode.CHECK,
]);

export function isCreate({ type }: Txn): boolean {
  return CREATES.has(type);
}

/** Whether it says the version that the node, or its list, has afterwards. */
export function isVersioned({ type }: Txn): boolean {
  return VERSIONED.has(type);
}

export function hasAcl(txn: Txn): boolean {
  return isCreate(txn) || txn.type === OpCode.SET_ACL;
}

/** 16 digits. */
export function digestHex(high: number, low: number): string {
  const half = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
  return half(high) + half(low);
}
