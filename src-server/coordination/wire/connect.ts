/** The handshake: ConnectRequest and ConnectResponse, the only messages without a header. */
import type { Reader } from '../../bytes/reader.ts';
import type { Writer } from '../../bytes/writer.ts';

export const PASSWORD_BYTES = 16;

export interface ConnectRequest {
  readonly protocolVersion: number;
  readonly lastZxidSeen: number;
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Buffer;
  readonly readOnly: boolean;
  /** Clients before 3.4 and several of other makers leave the last byte out, and must not get one back. */
  readonly hasReadOnly: boolean;
}

/** Null where the body is not the record. */
export function readConnectRequest(reader: Reader): ConnectRequest | null {
  const protocolVersion = reader.int32();
  const lastZxidSeen = reader.long();
  const timeoutMs = reader.int32();
  const sessionId = reader.bigint();
  const password = reader.buffer() ?? Buffer.alloc(0);
  if (!reader.ok) return null;
  const hasReadOnly = reader.left > 0;
  const readOnly = hasReadOnly && reader.bool();
  return { protocolVersion, lastZxidSeen, timeoutMs, sessionId, password, readOnly, hasReadOnly };
}

export function writeConnectRequest(
  writer: Writer,
  request: Omit<ConnectRequest, 'protocolVersion'>,
): void {
  const frame = writer.gap(4);
  writer.int32(0);
  writer.long(request.lastZxidSeen);
  writer.int32(request.timeoutMs);
  writer.bigint(request.sessionId);
  writer.buffer(request.password);
  if (request.hasReadOnly) writer.bool(request.readOnly);
  writer.patchInt32(frame, writer.length - frame - 4);
}

export interface ConnectResponse {
  /** 0 says the session is gone. */
  readonly timeoutMs: number;
  readonly sessionId: bigint;
  readonly password: Uint8Array;
  /** Whether the server itself can only read at present. */
  readonly readOnly: boolean;
}

export function writeConnectResponse(
  writer: Writer,
  response: ConnectResponse,
  withReadOnly: boolean,
): void {
  const frame = writer.gap(4);
  writer.int32(0);
  writer.int32(response.timeoutMs);
  writer.bigint(response.sessionId);
  writer.buffer(response.password);
  if (withReadOnly) writer.bool(response.readOnly);
  writer.patchInt32(frame, writer.length - frame - 4);
}

export function readConnectResponse(reader: Reader): ConnectResponse | null {
  reader.int32();
  const timeoutMs = reader.int32();
  const sessionId = reader.bigint();
  const password = reader.buffer() ?? Buffer.alloc(0);
  if (!reader.ok) return null;
  return { timeoutMs, sessionId, password, readOnly: reader.left > 0 && reader.bool() };
}
