/** Reads `storage.conf`, which says what one storage node is: `key=value` lines, as zoo.cfg has them. */
import { byteCount } from '../base/byte-count.ts';
import { err, ok, type Result } from '../base/result.ts';
import { type StoreFile, TLS_PROTOCOLS } from '../platform/tls.ts';
import { parseProperties, type Property } from './properties.ts';
import type { StorageSettings, StorageTls } from './storage-settings.ts';

type Change = { -readonly [Key in keyof StorageSettings]?: StorageSettings[Key] };
/** @returns what is wrong with the value, or null */
type Apply = (value: string, change: Change) => string | null;
type TextKey =
  'region' | 'zone' | 'host' | 'dataDir' | 'advertisedHost' | 'ensemble' | 'ringRoot' | 'usersFile';
type NumberKey = {
  [Key in keyof StorageSettings]: StorageSettings[Key] extends number ? Key : never;
}[keyof StorageSettings];

/**
 * A key that is none is refused: a misspelt `users` would let everybody in.
 *
 * @param base what holds for keys that the file does not have
 */
export function readStorageConf(
  text: string,
  base: StorageSettings,
): Result<StorageSettings, string> {
  const change: Change = {};
  const tls = { client: new Map<string, string>(), peer: new Map<string, string>() };
  for (const property of parseProperties(text).values()) {
    const { key, value } = property;
    const [, side, name] = /^(client|peer)Tls\.(\w+)$/.exec(key) ?? [];
    const apply = KEYS[key];
    if (side !== undefined && TLS_KEYS.has(name!)) {
      tls[side as 'client' | 'peer'].set(name!, value);
    } else if (apply === undefined) {
      return err(`line ${property.line}: ${key} is not a setting of a storage node`);
    } else {
      const problem = apply(value, change);
      if (problem !== null) return err(wrong(property, problem));
    }
  }
  if (change.nodeId === undefined) return err('id is missing: what the ring is to call this node');
  if (change.dataDir === undefined) return err('dataDir is missing: where its data is kept');
  const clientTls = securityOf('client', tls.client);
  if (!clientTls.ok) return clientTls;
  const peerTls = securityOf('peer', tls.peer);
  if (!peerTls.ok) return peerTls;
  const settings: StorageSettings = {
    ...base,
    ...change,
    clientTls: clientTls.value,
    peerTls: peerTls.value,
  };
  const problem = whyUnworkable(settings);
  if (problem !== null) return err(problem);
  return ok({ ...settings, host: settings.host || settings.nodeId });
}

function whyUnworkable(settings: StorageSettings): string | null {
  const { replicaCount, minInSync, partitionCount, advertisedHost, address } = settings;
  if (minInSync > replicaCount)
    return `minInSync=${minInSync} is above replicaCount=${replicaCount}: no write would ever be accepted`;
  if ((partitionCount & (partitionCount - 1)) !== 0)
    return `partitionCount=${partitionCount} is no power of two`;
  const isLoopback = advertisedHost === '127.0.0.1' || advertisedHost === 'localhost';
  if (isLoopback && address !== '127.0.0.1' && address !== 'localhost')
    return `advertisedHost is missing: others cannot reach a node at ${advertisedHost}`;
  return null;
}

function wrong({ line, key, value }: Property, problem: string): string {
  return `line ${line}: ${key}=${value}: ${problem}`;
}

// --- kinds of values ---

function text(name: TextKey): Apply {
  return (value, change) => {
    if (value === '') return 'empty';
    change[name] = value;
    return null;
  };
}

function whole(
  name: NumberKey,
  { min, max }: { readonly min: number; readonly max: number },
): Apply {
  return (value, change) => {
    const number = /^[0-9]{1,15}$/.test(value) ? Number(value) : NaN;
    if (!(number >= min && number <= max)) return `not a whole number from ${min} to ${max}`;
    change[name] = number;
    return null;
  };
}

function bytes(
  name: NumberKey | 'capBytes',
  { min, max = Number.MAX_SAFE_INTEGER }: { readonly min: number; readonly max?: number },
): Apply {
  return (value, change) => {
    const number = byteCount(value);
    if (!(number >= min && number <= max))
      return `not a number of bytes from ${min} to ${max}, such as 64MiB`;
    change[name] = number;
    return null;
  };
}

function oneOf<Name extends 'mode' | 'strategy'>(
  name: Name,
  ...values: readonly StorageSettings[Name][]
): Apply {
  return (value, change) => {
    const found = values.find((one) => one === value);
    if (found === undefined) return `not ${values.join(' or ')}`;
    change[name] = found;
    return null;
  };
}

const PORT = { min: 0, max: 65535 };
const TIME = { min: 1, max: 86_400_000 };
const LONG_TIME = { min: 1, max: 366 * 86_400_000 };
const NODE_ID = /^[A-Za-z0-9._-]{1,32}$/;

const KEYS: Readonly<Partial<Record<string, Apply>>> = {
  id: (value, change) => {
    if (!NODE_ID.test(value)) return 'not 1 to 32 letters, digits, dots, underscores or hyphens';
    change.nodeId = value;
    return null;
  },
  region: text('region'),
  zone: text('zone'),
  host: text('host'),
  weight: (value, change) => {
    const weight = /^[0-9]{1,6}(\.[0-9]{1,6})?$/.test(value) ? Number(value) : NaN;
    if (Number.isNaN(weight)) return 'not a number such as 1 or 2.5';
    change.weight = weight;
    return null;
  },
  cap: bytes('capBytes', { min: 1 }),
  dataDir: text('dataDir'),
  address: (value, change) => {
    change.address = value === '*' || value === '0.0.0.0' || value === '::' ? null : value;
    return null;
  },
  advertisedHost: text('advertisedHost'),
  clusterPort: whole('clusterPort', PORT),
  proxyPort: whole('proxyPort', PORT),
  peerPort: whole('peerPort', PORT),
  ensemble: text('ensemble'),
  ensembleAuth: (value, change) => {
    if (!/^\w+:./.test(value)) return 'not scheme:secret, such as digest:ring:password';
    change.ensembleAuth = value;
    return null;
  },
  ringRoot: (value, change) => {
    if (!/^(\/[^/]+)+$/.test(value)) return 'not a path such as /ring';
    change.ringRoot = value;
    return null;
  },
  sessionTimeoutMs: whole('sessionTimeoutMs', TIME),
  formNodes: whole('formNodes', { min: 1, max: 1000 }),
  partitionCount: whole('partitionCount', { min: 16, max: 16384 }),
  replicaCount: whole('replicaCount', { min: 1, max: 9 }),
  minInSync: whole('minInSync', { min: 1, max: 9 }),
  strategy: oneOf('strategy', 'balanced', 'tokens'),
  downOutMs: whole('downOutMs', TIME),
  retireAfterMs: whole('retireAfterMs', TIME),
  mode: oneOf('mode', 'durable', 'cache'),
  segmentBytes: bytes('segmentBytes', { min: 0x10_0000, max: 0x4000_0000 }),
  memoryBytes: bytes('memoryBytes', { min: 0x10_0000 }),
  diskReserveBytes: bytes('diskReserveBytes', { min: 0 }),
  fullDiskPercent: whole('fullDiskPercent', { min: 10, max: 99 }),
  valueBytesMax: bytes('valueBytesMax', { min: 1024, max: 0x400_0000 }),
  scrubWithinMs: whole('scrubWithinMs', LONG_TIME),
  compareWithinMs: whole('compareWithinMs', LONG_TIME),
  parkMs: whole('parkMs', TIME),
  writeTimeoutMs: whole('writeTimeoutMs', TIME),
  leaseMs: whole('leaseMs', { min: 10, max: 600_000 }),
  transferBytesPerSecond: bytes('transferBytesPerSecond', { min: 1024 }),
  maxClients: whole('maxClients', { min: 1, max: 1_000_000 }),
  parkedMax: whole('parkedMax', { min: 1, max: 1_000_000 }),
  users: text('usersFile'),
};

// --- TLS ---

const TLS_KEYS: ReadonlySet<string> = new Set([
  'keyStore',
  'keyStorePassword',
  'trustStore',
  'trustStorePassword',
  'clientAuth',
]);

function securityOf(
  side: 'client' | 'peer',
  values: ReadonlyMap<string, string>,
): Result<StorageTls | null, string> {
  if (values.size === 0) return ok(null);
  const keyStore = values.get('keyStore');
  const trustStore = values.get('trustStore');
  const clientAuth = values.get('clientAuth') ?? (side === 'peer' ? 'need' : 'none');
  if (keyStore === undefined)
    return err(`${side}Tls.keyStore is missing: the file with this node's key and certificates`);
  if (clientAuth !== 'need' && clientAuth !== 'want' && clientAuth !== 'none')
    return err(`${side}Tls.clientAuth=${clientAuth}: not need, want or none`);
  const store = (path: string, password: string | undefined): StoreFile => ({
    path,
    password: password ?? '',
    passwordPath: null,
  });
  return ok({
    dials: 'tls',
    accepts: 'tls',
    terms: {
      keyStore: store(keyStore, values.get('keyStorePassword')),
      trustStore:
        trustStore === undefined ? null : store(trustStore, values.get('trustStorePassword')),
      isReloaded: true,
      protocols: TLS_PROTOCOLS,
      ciphers: null,
      verifiesDialled: true,
      verifiesDialling: false,
      clientAuth,
      detectionTimeoutMs: 5000,
    },
  });
}
