/**
 * Reads zoo.cfg files as Apache ZooKeeper does: its own keys, and those it takes for system properties.
 *
 * A wrong value is an error; a key nobody knows is a warning that names it, since files are shared with other programs. What
 * lies outside the file (the dynamic file, `myid`) is read by member-config.ts.
 */
import { err, ok, type Result } from '../base/result.ts';
import { isEnsembleKey, type Role } from './ensemble-config.ts';
import { parseProperties, type Property } from './properties.ts';
import { isQuorumTlsKey, readQuorumTls } from './quorum-tls.ts';
import type { Settings } from './settings.ts';

export interface ZooCfg {
  readonly settings: Settings;
  readonly warnings: readonly string[];
  /** The server, group and weight lines. */
  readonly ensembleLines: readonly Property[];
  /** The file that has these lines instead, or null. */
  readonly dynamicConfigFile: string | null;
  /** What this member believes itself to be, if the file says so; the server list knows better. */
  readonly peerType: Role | null;
  /** Keys in the file that matter to members of an ensemble only. */
  readonly ensembleKeys: readonly string[];
  readonly namesClientPort: boolean;
}

type Change = { -readonly [K in keyof Settings]?: Settings[K] };

/** Applies one value, or says what is wrong with it. */
type Apply = (value: string, change: Change) => string | null;

/** @param base what holds for keys the file does not have; its data directory only until the file names one */
export function readZooCfg(text: string, base: Settings): Result<ZooCfg, string> {
  const change: Change = {};
  const warnings: string[] = [];
  const properties = parseProperties(text);
  const ensembleLines: Property[] = [];
  const ensembleKeys: string[] = [];
  const tlsLines: Property[] = [];
  let dynamicConfigFile: string | null = null;
  let peerType: Role | null = null;
  for (const property of properties.values()) {
    const { key, value } = property;
    const apply = KEYS[key] ?? ENSEMBLE_KEYS[key];
    if (isEnsembleKey(key)) {
      if (properties.has('dynamicConfigFile'))
        return err(wrong(property, 'with dynamicConfigFile, this line belongs into that file'));
      ensembleLines.push(property);
    } else if (apply !== undefined) {
      const problem = apply(value, change);
      if (problem !== null) return err(wrong(property, problem));
      if (!Object.hasOwn(KEYS, key)) ensembleKeys.push(key);
    } else if (key === 'dynamicConfigFile') {
      if (value === '') return err(wrong(property, 'empty'));
      dynamicConfigFile = value;
    } else if (key === 'peerType') {
      const role = value.toLowerCase();
      if (role !== 'participant' && role !== 'observer')
        return err(wrong(property, 'neither participant nor observer'));
      peerType = role;
      ensembleKeys.push(key);
    } else if (isQuorumTlsKey(key)) {
      tlsLines.push(property);
      ensembleKeys.push(key);
    } else if (key === 'electionAlg') {
      if (value !== '3') return err(wrong(property, '3 is the only way of election left'));
    } else if (key === 'syncEnabled') {
      if (value.toLowerCase() === 'false')
        warnings.push(
          'syncEnabled=false has no effect here: an observer keeps its log, and may vote one day',
        );
      ensembleKeys.push(key);
    } else if (REFUSED[key]?.isMeant(value) === true) {
      return err(wrong(property, REFUSED[key].why));
    } else if (
      WITHOUT_EFFECT.has(key) ||
      WITHOUT_EFFECT_PREFIXES.some((prefix) => key.startsWith(prefix))
    ) {
      warnings.push(`${key} has no effect here`);
    } else {
      warnings.push(`${key} is not a setting this server knows`);
    }
  }
  const quorumTls = readQuorumTls(tlsLines);
  if (!quorumTls.ok) {
    const { at, problem } = quorumTls.error;
    return err(at === null ? problem : wrong(at, problem));
  }
  if (change.dataDir === undefined)
    return err('dataDir is missing: the file must say where data is kept');
  const tickTimeMs = change.tickTimeMs ?? base.tickTimeMs;
  const settings: Settings = {
    ...base,
    // Apache listens on every interface unless told otherwise, and a file written for it means that.
    clientPortAddress: null,
    dataLogDir: change.dataDir,
    minSessionTimeoutMs: 2 * tickTimeMs,
    maxSessionTimeoutMs: 20 * tickTimeMs,
    quorumTls: quorumTls.value,
    ...change,
  };
  if (settings.minSessionTimeoutMs > settings.maxSessionTimeoutMs) {
    return err(
      `minSessionTimeout=${settings.minSessionTimeoutMs} is above maxSessionTimeout=${settings.maxSessionTimeoutMs}`,
    );
  }
  if (settings.notificationIntervalMinMs > settings.notificationIntervalMaxMs) {
    return err(
      `fastleader.minNotificationInterval=${settings.notificationIntervalMinMs} is above ` +
        `fastleader.maxNotificationInterval=${settings.notificationIntervalMaxMs}`,
    );
  }
  return ok({
    settings,
    warnings,
    ensembleLines,
    dynamicConfigFile,
    peerType,
    ensembleKeys,
    namesClientPort: properties.has('clientPort'),
  });
}

function wrong({ line, key, value }: Property, problem: string): string {
  return `line ${line}: ${key}=${value}: ${problem}`;
}

const KEYS: Readonly<Record<string, Apply>> = {
  dataDir: text('dataDir'),
  dataLogDir: text('dataLogDir'),
  clientPort: whole('clientPort', { min: 1, max: 65535 }),
  clientPortAddress: text('clientPortAddress'),
  clientPortListenBacklog: (value, change) => {
    // −1 leaves it to the system, which is what our default does.
    if (value === '-1') return null;
    return whole('clientPortListenBacklog', { min: 1, max: 65535 })(value, change);
  },
  tickTime: whole('tickTimeMs', { min: 1, max: 3_600_000 }),
  minSessionTimeout: timeout('minSessionTimeoutMs'),
  maxSessionTimeout: timeout('maxSessionTimeoutMs'),
  maxClientCnxns: whole('maxClientConnections', { min: 0, max: 1_000_000 }),
  maxCnxns: whole('maxConnections', { min: 0, max: 10_000_000 }),
  'nio.sessionlessCnxnTimeout': whole('sessionlessTimeoutMs', { min: 1, max: 3_600_000 }),
  'jute.maxbuffer': whole('requestBytesMax', { min: 1024, max: 0x3fff_ffff }),
  globalOutstandingLimit: whole('globalOutstandingLimit', { min: 1, max: 10_000_000 }),
  '4lw.commands.whitelist': (value, change) => {
    const words = value.split(',').map((word) => word.trim());
    change.fourLetterWords = words.includes('*') ? '*' : words.filter((word) => word !== '');
    return null;
  },
  skipACL: yesNo('skipAcl'),
  'DigestAuthenticationProvider.superDigest': text('superDigest'),
  extendedTypesEnabled: flag('extendedTypes'),
  enforceQuota: flag('enforceQuota'),
  reconfigEnabled: flag('reconfigEnabled'),
  'znode.container.checkIntervalMs': whole('containerCheckIntervalMs', { min: 1, max: 86_400_000 }),
  'znode.container.maxPerMinute': whole('containerRemovalsPerMinute', { min: 1, max: 10_000_000 }),
  'znode.container.maxNeverUsedIntervalMs': whole('containerNeverUsedMs', {
    min: 0,
    max: 86_400_000_000,
  }),
  forceSync: yesNo('forceSync'),
  preAllocSize: (value, change) => {
    const kilobytes = parseWhole(value);
    if (kilobytes === null || kilobytes < 0 || kilobytes > 4_194_304)
      return 'not a number of kilobytes from 0 to 4194304';
    change.preallocateBytes = kilobytes * 1024;
    return null;
  },
  'fsync.warningthresholdms': whole('fsyncWarningMs', { min: 0, max: 3_600_000 }),
  snapCount: whole('snapCount', { min: 2, max: 1_000_000_000 }),
  'autopurge.snapRetainCount': (value, change) => {
    const count = parseWhole(value);
    if (count === null || count < 0) return 'not a number of snapshots';
    // Apache keeps three at the least, whatever the file says.
    change.snapRetainCount = Math.max(3, count);
    return null;
  },
  'digest.enabled': flag('digestEnabled'),
  'snapshot.compression.method': (value, change) => {
    const method = value.toLowerCase();
    if (method !== '' && method !== 'gz' && method !== 'snappy') return 'neither gz nor snappy';
    change.snapshotPacking = method === '' ? null : method;
    return null;
  },
};

/** Keys that say something to members of an ensemble, and nothing to a server on its own. */
const ENSEMBLE_KEYS: Readonly<Record<string, Apply>> = {
  initLimit: whole('initLimitTicks', { min: 1, max: 1_000_000 }),
  syncLimit: whole('syncLimitTicks', { min: 1, max: 1_000_000 }),
  connectToLearnerMasterLimit: whole('connectToLearnerMasterLimitTicks', {
    min: 0,
    max: 1_000_000,
  }),
  leaderConnectDelayDuringRetryMs: whole('leaderConnectRetryMs', { min: 1, max: 60_000 }),
  electionPortBindRetry: whole('electionPortBindRetry', { min: 0, max: 1_000_000 }),
  cnxTimeout: whole('electionConnectTimeoutMs', { min: 1, max: 3_600_000 }),
  quorumCnxnTimeoutMs: (value, change) => {
    // −1 stands for syncLimit.
    if (value === '-1') return null;
    return whole('electionHelloTimeoutMs', { min: 1, max: 3_600_000 })(value, change);
  },
  quorumListenOnAllIPs: flag('quorumListenOnAllIps'),
  'multiAddress.enabled': flag('multiAddressEnabled'),
  'readonlymode.enabled': flag('readOnlyModeEnabled'),
  localSessionsEnabled: flag('localSessionsEnabled'),
  localSessionsUpgradingEnabled: flag('localSessionsUpgradingEnabled'),
  'fastleader.minNotificationInterval': whole('notificationIntervalMinMs', {
    min: 1,
    max: 3_600_000,
  }),
  'fastleader.maxNotificationInterval': whole('notificationIntervalMaxMs', {
    min: 1,
    max: 3_600_000,
  }),
  'observer.election.DelayMs': whole('observerElectionDelayMs', { min: 0, max: 3_600_000 }),
  'observer.reconnectDelayMs': whole('observerReconnectDelayMs', { min: 0, max: 3_600_000 }),
  'db.autocreate': flag('dbAutocreate'),
  standaloneEnabled: flag('standaloneEnabled'),
  commitLogCount: (value, change) => {
    const count = parseWhole(value);
    if (count === null || count < 0 || count > 10_000_000) return 'not a number of transactions';
    // Apache keeps 500 at the least, whatever the file says.
    change.commitLogCount = Math.max(500, count);
    return null;
  },
  snapshotSizeFactor: (value, change) => {
    if (!/^-?[0-9]{0,9}(\.[0-9]{1,9})?$/.test(value) || Number.isNaN(Number.parseFloat(value)))
      return 'not a share, such as 0.33';
    change.snapshotSizeFactor = Number.parseFloat(value);
    return null;
  },
  forceSnapshotSync: flag('forceSnapshotSync'),
};

interface Refusal {
  readonly isMeant: (value: string) => boolean;
  readonly why: string;
}

const whenOn = (why: string): Refusal => ({
  isMeant: (value) => value.toLowerCase() === 'true',
  why,
});
const always = (why: string): Refusal => ({ isMeant: () => true, why });
const NO_SASL =
  'members cannot prove with SASL here who they are; with TLS they can (sslQuorum=true)';

/** What a member must not pass over: it would be less safe, or decide otherwise, than its file says. */
const REFUSED: Readonly<Record<string, Refusal>> = {
  'quorum.auth.enableSasl': whenOn(NO_SASL),
  'quorum.auth.learnerRequireSasl': whenOn(NO_SASL),
  'quorum.auth.serverRequireSasl': whenOn(NO_SASL),
  'enforce.auth.enabled': whenOn('clients that prove nothing would be let in here'),
  sessionRequireClientSASLAuth: whenOn('clients cannot prove with SASL here who they are'),
  secureClientPort: always('clients cannot connect with TLS here; take this line out'),
  oraclePath: always('no oracle decides for two servers here'),
};

/** Keys of Apache's that are about its own threads, its Java, or parts of an ensemble that there are not here. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'observerMasterPort',
  'autopurge.purgeInterval',
  'serverCnxnFactory',
  'watchManagerName',
  'maxBatchSize',
  'flushDelay',
  'leaderServes',
  'tcpKeepAlive',
  'clientTcpKeepAlive',
]);

const WITHOUT_EFFECT_PREFIXES: readonly string[] = [
  'admin.',
  'metricsProvider.',
  'nio.',
  'netty.',
  'commitProcessor.',
  'jvm.pause.monitor.',
  'quorum.',
  'quorumPort',
  'fastleader.',
  'leader.',
  'learner.',
  'observer.',
  'multiAddress.',
];

type KeysOf<T> = { [K in keyof Settings]: T extends Settings[K] ? K : never }[keyof Settings];

function text(name: 'dataDir' | 'dataLogDir' | 'clientPortAddress' | 'superDigest'): Apply {
  return (value, change) => {
    if (value === '') return 'empty';
    change[name] = value;
    return null;
  };
}

function whole(
  name: Exclude<KeysOf<number>, 'serverId'>,
  { min, max }: { readonly min: number; readonly max: number },
): Apply {
  return (value, change) => {
    const number = parseWhole(value);
    if (number === null || number < min || number > max)
      return `not a whole number from ${min} to ${max}`;
    change[name] = number;
    return null;
  };
}

/** −1 stands for the default, which depends on the tick. */
function timeout(name: 'minSessionTimeoutMs' | 'maxSessionTimeoutMs'): Apply {
  const apply = whole(name, { min: 1, max: 86_400_000 });
  return (value, change) => (value === '-1' ? null : apply(value, change));
}

function flag(name: KeysOf<boolean>): Apply {
  return (value, change) => {
    const is = value.toLowerCase();
    if (is !== 'true' && is !== 'false') return 'neither true nor false';
    change[name] = is === 'true';
    return null;
  };
}

function yesNo(name: 'skipAcl' | 'forceSync'): Apply {
  return (value, change) => {
    if (value !== 'yes' && value !== 'no') return 'neither yes nor no';
    change[name] = value === 'yes';
    return null;
  };
}

function parseWhole(value: string): number | null {
  return /^-?[0-9]{1,15}$/.test(value) ? Number(value) : null;
}
