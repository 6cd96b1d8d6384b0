/** Where a ring is and how one comes in, from the line and the files it names. */
import fs from 'node:fs';

import { err, ok, type Result } from '../base/result.ts';
import { defaultStorageSettings, type StorageSettings } from '../config/storage-settings.ts';
import { parseConnectString } from '../coordination/client/client.ts';
import { type NetSecurity, TLS_PROTOCOLS } from '../platform/tls.ts';
import { readStorageFile } from '../storage-folder.ts';
import { DEFAULT_CONNECT, DEFAULT_ROOT, type RingOptions } from './line.ts';

export interface RingAccess {
  readonly connect: string;
  readonly root: string;
  /** For the ensemble. */
  readonly credentials: readonly { readonly scheme: string; readonly auth: Uint8Array }[];
  /** For the storage nodes. */
  readonly user: { readonly name: string; readonly password: string } | null;
  readonly security: NetSecurity | null;
}

const TLS_TIMEOUT_MS = 5000;

export function accessOf(options: RingOptions): Result<RingAccess, string> {
  const node = options.configFile === null ? ok(null) : settingsIn(options.configFile);
  if (!node.ok) return node;
  const settings = node.value;
  const connect = options.connect ?? settings?.ensemble ?? DEFAULT_CONNECT;
  const parsed = parseConnectString(connect);
  if (!parsed.ok) return err(`--connect ${connect}: ${parsed.error}`);
  const auth = authOf(options, settings);
  if (!auth.ok) return auth;
  const user = userOf(options);
  if (!user.ok) return user;
  return ok({
    connect,
    root: options.root ?? settings?.ringRoot ?? DEFAULT_ROOT,
    credentials: auth.value,
    user: user.value,
    security: securityOf(options, settings),
  });
}

function settingsIn(file: string): Result<StorageSettings, string> {
  const read = readStorageFile(file, defaultStorageSettings('.'));
  return read.ok ? ok(read.value.settings) : read;
}

function authOf(
  { authFile }: RingOptions,
  settings: StorageSettings | null,
): Result<RingAccess['credentials'], string> {
  const found = authFile === null ? ok(settings?.ensembleAuth ?? '') : linesIn(authFile);
  if (!found.ok) return found;
  const credentials: RingAccess['credentials'][number][] = [];
  const lines = found.value.split(/\r?\n/);
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const colon = line.indexOf(':');
    // What stands there is secret, and is not repeated.
    if (colon <= 0) return err(`${authFile ?? ''}: line ${i + 1} is not scheme:secret`);
    const secret = line.slice(colon + 1);
    credentials.push({ scheme: line.slice(0, colon), auth: Buffer.from(secret) });
  }
  return ok(credentials);
}

function userOf({ user, passwordFile }: RingOptions): Result<RingAccess['user'], string> {
  if (user === null || passwordFile === null) return ok(null);
  const found = linesIn(passwordFile);
  if (!found.ok) return found;
  const [password = ''] = found.value.split(/\r?\n/);
  return password === ''
    ? err(`${passwordFile} has no password in its first line`)
    : ok({ name: user, password });
}

function linesIn(file: string): Result<string, string> {
  try {
    return ok(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    return err(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Certificates are believed as the line says, else as the node itself believes them. */
function securityOf(
  { usesTls, caFile }: RingOptions,
  settings: StorageSettings | null,
): NetSecurity | null {
  const own = settings?.clientTls ?? null;
  if (!usesTls && own === null) return null;
  const trustStore =
    caFile === null
      ? (own?.terms.trustStore ?? null)
      : { path: caFile, password: '', passwordPath: null };
  return {
    terms: {
      keyStore: own?.terms.keyStore ?? null,
      trustStore,
      isReloaded: false,
      protocols: own?.terms.protocols ?? TLS_PROTOCOLS,
      ciphers: own?.terms.ciphers ?? null,
      verifiesDialled: true,
      verifiesDialling: false,
      clientAuth: 'none',
      detectionTimeoutMs: TLS_TIMEOUT_MS,
    },
    dials: 'tls',
    accepts: 'tls',
    knownHosts: () => [],
  };
}
