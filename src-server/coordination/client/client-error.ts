/** Why a request of our client failed. */
import { type Code, codeName } from '../model/codes.ts';

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
