/** What applying one transaction yielded: the result for its client and the facts that watchers are told. */
import type { Zxid } from '../../base/zxid.ts';
import type { Acl } from './acl.ts';
import type { Code } from './codes.ts';
import type { OpCode } from './ops.ts';
import type { Stat } from './stat.ts';

/** A change other clients may watch, with the lists that decide who may hear of it. */
export interface Change {
  readonly kind: 'created' | 'deleted' | 'changed';
  readonly path: string;
  readonly acl: Acl;
  readonly parentAcl: Acl;
}

export interface Outcome {
  readonly type: OpCode;
  readonly zxid: Zxid;
  readonly code: Code;
  readonly path: string;
  /** The node's Stat at that moment, where the operation answers with one. */
  readonly stat: Stat | null;
  readonly changes: readonly Change[];
  /** Results of the parts of a multi. */
  readonly parts: readonly Outcome[] | null;
}

export const NO_CHANGES: readonly Change[] = [];
