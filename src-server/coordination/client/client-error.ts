/** Why a request of our client failed. */
import { Code, codeName } from '../model/codes.ts';

export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** A result code of the protocol, or one of the client's own (connection loss, timeout). */
  readonly code: Code;
  readonly path: string | null;

  constructor(code: Code, path: string | null, detail?: string) {
    super(`${detail ?? codeName(code)}${path === null ? '' : ` (${path})`}`);
    this.code = code;
    this.path = path;
  }
}

/** The request may or may not have been carried out: the connection broke before its answer. */
export function isOutcomeUnknown(error: unknown): boolean {
  return (
    error instanceof ClientError &&
    (error.code === Code.CONNECTION_LOSS || error.code === Code.REQUEST_TIMEOUT)
  );
}
