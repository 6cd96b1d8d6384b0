/** Which transactions and nodes somebody wants to see. */
import type { LogFilter } from '#contract/log-models.ts';

import { sessionHex } from '../../base/ids.ts';
import { opName } from '../../coordination/model/ops.ts';
import type { Txn } from '../../coordination/model/txn.ts';

export const EVERYTHING: LogFilter = {
  ops: [],
  path: '',
  sessionId: null,
  fromZxid: null,
  toZxid: null,
  fromMs: null,
  toMs: null,
  slowerThanMs: null,
  slowAt: null,
};

export function fitsTxn(filter: LogFilter, txn: Txn): boolean {
  return (
    isWithin(txn.zxid, filter.fromZxid, filter.toZxid) &&
    isWithin(txn.timeMs, filter.fromMs, filter.toMs) &&
    (filter.sessionId === null || sessionHex(txn.sessionId) === filter.sessionId) &&
    fitsOpAndPath(filter, txn)
  );
}

/** Of a snapshot's nodes only the path tells something. */
export function fitsNode(filter: LogFilter, path: string): boolean {
  return fitsPath(filter.path, path);
}

/** Of a group, one part has to fit in both, or the group as such has the wanted name. */
function fitsOpAndPath(filter: LogFilter, txn: Txn): boolean {
  const isWantedOp = filter.ops.length === 0 || filter.ops.includes(opName(txn.type));
  if (isWantedOp && hasPath(filter.path, txn)) return true;
  return txn.ops?.some((part) => fitsOpAndPath(filter, part)) ?? false;
}

function hasPath(wanted: string, txn: Txn): boolean {
  if (wanted === '') return true;
  if (txn.ops !== null) return txn.ops.some((part) => hasPath(wanted, part));
  if (txn.paths !== null) return txn.paths.some((path) => fitsPath(wanted, path));
  return txn.path !== '' && fitsPath(wanted, txn.path);
}

function fitsPath(wanted: string, path: string): boolean {
  return wanted.startsWith('/') ? path.startsWith(wanted) : path.includes(wanted);
}

function isWithin(value: number, from: number | null, to: number | null): boolean {
  return (from === null || value >= from) && (to === null || value <= to);
}
