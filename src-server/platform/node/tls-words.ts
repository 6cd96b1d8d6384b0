/** What goes wrong with TLS between members, in words that say what to do. */
import type { NetError } from '../net.ts';
import { netWords } from './net.ts';

type Words = Pick<NetError, 'code' | 'message'>;

const UNTRUSTED =
  'its certificate is signed by nobody who is trusted here; put its authority into the trust store here';
const NOT_TRUSTED_THERE =
  "it does not accept this member's certificate; its trust store must have the authority that signed it, and the " +
  'certificate must name the host of this member';
const NO_TLS =
  'it does not speak TLS here; switch TLS on there as well, or use portUnification=true on all members meanwhile';

/** What certificates are found to be, by the names that OpenSSL has for it. */
const CERTIFICATES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired; give it a new one',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; compare the clocks of both hosts',
  INVALID_PURPOSE:
    'its certificate is not made for this; it must be good for servers and for clients',
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
};

export function certificateWords(reason: string): string {
  return CERTIFICATES[reason] ?? `its certificate is not accepted (${reason})`;
}

/** Ends of handshakes and of connections: the peer's alerts, and what we make of its bytes. */
const ENDS: readonly (readonly [RegExp, string])[] = [
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE/, NO_TLS],
  [/UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE/, NOT_TRUSTED_THERE],
  [/CERTIFICATE_EXPIRED/, "it says that this member's certificate has expired"],
  [/CERTIFICATE_REQUIRED/, 'it wants a certificate of this member and got none'],
  [
    /ALERT_HANDSHAKE_FAILURE|NO_SHARED_CIPHER|UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|NO_PROTOCOLS/,
    'both sides have no protocol and cipher in common, or it does not accept the certificate; compare their TLS settings',
  ],
  [/ERR_TLS_HANDSHAKE_TIMEOUT/, 'it did not finish the TLS handshake in time'],
];

const ENDED_EARLY =
  'it ended the connection within the TLS handshake; perhaps it has no TLS (sslQuorum), or does not accept the certificate';

/** Of an error within a handshake. */
export function handshakeWords(error: Error): Words {
  const code = codeOf(error);
  if (code === 'ECONNRESET' || code === 'EPIPE') return { code: 'tls', message: ENDED_EARLY };
  return tlsWords(error);
}

/** Of an error at any time later. */
export function tlsWords(error: Error): Words {
  const code = codeOf(error);
  const known = ENDS.find(([pattern]) => pattern.test(code) || pattern.test(error.message));
  if (known !== undefined) return { code: 'tls', message: known[1] };
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO')
    return { code: 'tls', message: error.message };
  return netWords(error);
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
