/** Which nodes a transaction is about, in the order it names them. */
import type { Txn } from './txn.ts';

export function pathsOf(txn: Txn): readonly string[] {
  if (txn.ops !== null) return txn.ops.flatMap(pathsOf);
  if (txn.paths !== null) return txn.paths;
  return txn.path === '' ? [] : [txn.path];
}
