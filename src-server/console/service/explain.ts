/** Failures of the ZooKeeper client in the contract's words. */
import { ApiError, type ErrorCode } from '#contract/errors.ts';

import { ClientError } from '../../coordination/client/client.ts';
import { Code, codeName } from '../../coordination/model/codes.ts';

const CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [Code.NO_NODE, 'no-node'],
  [Code.NODE_EXISTS, 'node-exists'],
  [Code.NOT_EMPTY, 'not-empty'],
  [Code.BAD_VERSION, 'bad-version'],
  [Code.NO_AUTH, 'no-auth'],
  [Code.INVALID_ACL, 'invalid-acl'],
  [Code.BAD_ARGUMENTS, 'bad-path'],
  [Code.NO_CHILDREN_FOR_EPHEMERALS, 'no-children-for-ephemerals'],
  [Code.QUOTA_EXCEEDED, 'quota-exceeded'],
  [Code.NOT_READ_ONLY, 'read-only'],
  [Code.UNIMPLEMENTED, 'unsupported'],
  [Code.RECONFIG_DISABLED, 'reconfig-disabled'],
  [Code.RECONFIG_IN_PROGRESS, 'reconfig-in-progress'],
  [Code.NEW_CONFIG_NO_QUORUM, 'reconfig-no-quorum'],
  [Code.SESSION_EXPIRED, 'session-expired'],
  [Code.SESSION_MOVED, 'session-expired'],
  [Code.AUTH_FAILED, 'auth-failed'],
  [Code.CONNECTION_LOSS, 'outcome-unknown'],
  [Code.REQUEST_TIMEOUT, 'timeout'],
]);

export function explain(error: unknown): ApiError | null {
  if (!(error instanceof ClientError)) return null;
  const code = CODES.get(error.code);
  if (code === undefined)
    return new ApiError('internal', `the server answered ${codeName(error.code)}`);
  return new ApiError(code, error.message);
}

/** For what is shown rather than thrown: an error nobody foresaw is an internal one. */
export function explainAnything(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return explain(error) ?? new ApiError('internal', message);
}

export function isCode(error: unknown, ...codes: readonly Code[]): boolean {
  return error instanceof ClientError && codes.includes(error.code);
}
