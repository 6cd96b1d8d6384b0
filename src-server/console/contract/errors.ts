/** Why a call failed, as a stable code for the interface's words and a sentence for the log. */

export const ERROR_CODES = [
  /** The parameters do not fit the contract. */
  'bad-request',
  /** No such method, topic, cluster, tree or operation. */
  'not-found',
  'cancelled',
  /** There is no session with the cluster at present. */
  'not-connected',
  /** The connection broke: the request may or may not have been carried out. */
  'outcome-unknown',
  'timeout',
  'no-node',
  'node-exists',
  'not-empty',
  'bad-version',
  'no-auth',
  'invalid-acl',
  'bad-path',
  'no-children-for-ephemerals',
  'quota-exceeded',
  /** The server takes no writes: it has no quorum, or its disk is nearly full. */
  'read-only',
  /** The server does not know this operation, or it is switched off there. */
  'unsupported',
  'session-expired',
  'auth-failed',
  /** A server on its own has no members to change. */
  'not-an-ensemble',
  /** The servers were started without `reconfigEnabled`. */
  'reconfig-disabled',
  'reconfig-in-progress',
  /** Too few voters of the new configuration follow the leader. */
  'reconfig-no-quorum',
  /** The servers do not accept this configuration, or the console would not send it; the sentence says why. */
  'reconfig-refused',
  /** The tree changed since the plan was shown. */
  'plan-outdated',
  /** The ring has moved on since the plan was shown. */
  'ring-moved',
  /** The ring is not changed so, or not now; the sentence says why. */
  'rebalance-refused',
  /** No storage node can be asked. */
  'node-unreachable',
  /** The partition has nobody who leads it at present. */
  'no-leader',
  /** Too few copies are in sync to take writes. */
  'too-few-copies',
  /** The node takes no more: its disk or its memory is nearly full. */
  'disk-full',
  /** The node wants to know who asks, or does not let them. */
  'node-auth',
  /** The node speaks TLS and the console does not, or the other way round, or its certificate is not accepted. */
  'node-tls',
  /** The node refused it; the sentence says why. */
  'node-refused',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
