/**
 * As whom the nodes of a ring are asked, and whether over TLS. It is kept in memory alone, as identities of sessions are: a
 * password is written nowhere and told to nobody.
 */
import { ApiError } from '#contract/errors.ts';

import { CertificateError, type Net, NetError } from '../../../platform/net.ts';
import type { Platform } from '../../../platform/platform.ts';
import { TLS_PROTOCOLS, type TlsTerms } from '../../../platform/tls.ts';

/** The user of whoever proves to be nobody in particular. */
const DEFAULT_USER = 'default';
const PROBE_MS = 1500;

export interface NodeAccess {
  /** Null comes as nobody. */
  readonly credentials: { readonly name: string; readonly password: string } | null;
  /** A file of certificates that are believed; without one, the well-known authorities are. Null speaks plain text. */
  readonly tls: { readonly caFile: string | null } | null;
}

export const PLAIN: NodeAccess = { credentials: null, tls: null };

export function accessOf(wish: {
  readonly user: string;
  readonly password: string;
  readonly tls: NodeAccess['tls'];
}): NodeAccess {
  const { user, password, tls } = wish;
  const isNobody = user === '' && password === '';
  return {
    credentials: isNobody ? null : { name: user === '' ? DEFAULT_USER : user, password },
    tls,
  };
}

type Nets = Pick<Platform, 'net' | 'secureNet'>;

/** @throws ApiError bad-request for a file that cannot be used, unsupported where there is no TLS */
export function netFor({ tls }: NodeAccess, { net, secureNet }: Nets): Net {
  if (tls === null) return net;
  if (secureNet === undefined) throw new ApiError('unsupported', 'there is no TLS here');
  try {
    return secureNet(securityOf(tls.caFile, { verifiesDialled: true }));
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    // The same for a file that is not there: what there is on this computer is not for every page to find out.
    throw new ApiError('bad-request', `there is no file with certificates at ${tls.caFile}`);
  }
}

/** Whether somebody there speaks TLS, whatever certificate they show. */
export async function speaksTls(
  at: { readonly host: string; readonly port: number },
  { secureNet }: Nets,
): Promise<boolean> {
  if (secureNet === undefined) return false;
  try {
    const net = secureNet(securityOf(null, { verifiesDialled: false }));
    const socket = await net.connect({ ...at, timeoutMs: PROBE_MS });
    socket.destroy();
    return true;
  } catch (error) {
    return error instanceof CertificateError;
  }
}

function securityOf(
  caFile: string | null,
  { verifiesDialled }: Pick<TlsTerms, 'verifiesDialled'>,
): Parameters<NonNullable<Platform['secureNet']>>[0] {
  return {
    terms: {
      keyStore: null,
      trustStore: caFile === null ? null : { path: caFile, password: '', passwordPath: null },
      isReloaded: true,
      protocols: TLS_PROTOCOLS,
      ciphers: null,
      verifiesDialled,
      verifiesDialling: false,
      clientAuth: 'none',
      detectionTimeoutMs: PROBE_MS,
    },
    dials: 'tls',
    accepts: 'tls',
    knownHosts: () => [],
  };
}
