/** How a connection gets its session: a new one, or one it had before. */
import type { Settings } from '../../config/settings.ts';
import type { Machine } from '../state/machine.ts';
import { type ConnectRequest, type ConnectResponse, PASSWORD_BYTES } from '../wire/connect.ts';
import { isPasswordOf, passwordOf } from './password.ts';

/** What clients may do here at present. */
export type Service = 'none' | 'read-only' | 'full';

export type Verdict =
  /** The client should look for another server. */
  | { readonly kind: 'turn-away'; readonly why: string }
  | { readonly kind: 'create'; readonly timeoutMs: number }
  /** Whether the session still lives is to be asked. */
  | { readonly kind: 'reattach'; readonly sessionId: bigint; readonly timeoutMs: number }
  /** Not this client's. */
  | { readonly kind: 'refuse'; readonly claimedId: bigint };

export type HandshakeSettings = Pick<Settings, 'minSessionTimeoutMs' | 'maxSessionTimeoutMs'>;

/** The checks in the order of the protocol. */
export function judge(
  request: ConnectRequest,
  machine: Machine,
  settings: HandshakeSettings,
  service: Service,
): Verdict {
  if (service === 'none') return { kind: 'turn-away', why: 'there is no leader' };
  if (service === 'read-only' && !request.readOnly)
    return { kind: 'turn-away', why: 'this server can only read at present' };
  if (request.lastZxidSeen > machine.lastZxid) {
    return { kind: 'turn-away', why: 'the client has seen a later zxid than this server' };
  }
  const timeoutMs = Math.min(
    Math.max(request.timeoutMs, settings.minSessionTimeoutMs),
    settings.maxSessionTimeoutMs,
  );
  if (request.sessionId === 0n) return { kind: 'create', timeoutMs };
  const { sessionId } = request;
  if (!isPasswordOf(sessionId, request.password)) return { kind: 'refuse', claimedId: sessionId };
  return { kind: 'reattach', sessionId, timeoutMs };
}

export function accepted(sessionId: bigint, timeoutMs: number, readOnly: boolean): ConnectResponse {
  return { timeoutMs, sessionId, password: passwordOf(sessionId), readOnly };
}

/** Timeout 0 tells the client that its session has expired. */
export const EXPIRED: ConnectResponse = {
  timeoutMs: 0,
  sessionId: 0n,
  password: new Uint8Array(PASSWORD_BYTES),
  readOnly: false,
};
