/**
 * Reads zoo.cfg files as Apache ZooKeeper does: its own keys, and those it takes for system properties.
 *
 * A wrong value is an error; a key nobody knows is a warning that names it, since files are shared with other programs.
 */
import { err, ok, type Result } from '../base/result.ts';
import { parseProperties } from './properties.ts';
import type { Settings } from './settings.ts';

export interface ZooCfg {
  readonly settings: Settings;
  readonly warnings: readonly string[];
}

type Change = { -readonly [K in keyof Settings]?: Settings[K] };

/** Applies one value, or says what is wrong with it. */
type Apply = (value: string, change: Change) => string | null;

/** @param base what holds for keys the file does not have; its data directory only until the file names one */
export function readZooCfg(text: string, base: Settings): Result<ZooCfg, string> {
  const change: Change = {};
  const warnings: string[] = [];
  const servers: string[] = [];
  for (const [key, value] of parseProperties(text)) {
    if (key.startsWith('server.')) {
      servers.push(key);
      continue;
    }
    const apply = KEYS[key];
    if (apply !== undefined) {
      const problem = apply(value, change);
      if (problem !== null) return err(`${key}=${value}: ${problem}`);
    } else if (
      WITHOUT_EFFECT.has(key) ||
      WITHOUT_EFFECT_PREFIXES.some((prefix) => key.startsWith(prefix))
    ) {
      warnings.push(`${key} has no effect here`);
    } else {
      warnings.push(`${key} is not a setting this server knows`);
    }
  }
  if (change.dataDir === undefined)
    return err('dataDir is missing: the file must say where data is kept');
  if (servers.length > 1) {
    return err(
      `the file describes an ensemble of ${servers.length} servers, and this runs a server on its own`,
    );
  }
  const tickTimeMs = change.tickTimeMs ?? base.tickTimeMs;
  const settings: Settings = {
    ...base,
    // Apache listens on every interface unless told otherwise, and a file written for it means that.
    clientPortAddress: null,
    dataLogDir: change.dataDir,
    minSessionTimeoutMs: 2 * tickTimeMs,
    maxSessionTimeoutMs: 20 * tickTimeMs,
    ...change,
  };
  if (settings.minSessionTimeoutMs > settings.maxSessionTimeoutMs) {
    return err(
      `minSessionTimeout=${settings.minSessionTimeoutMs} is above maxSessionTimeout=${settings.maxSessionTimeoutMs}`,
    );
  }
  return ok({ settings, warnings });
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
};

/** Keys of Apache's that are about its own threads, its Java, or an ensemble; a server on its own here has none of that. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'initLimit',
  'syncLimit',
  'connectToLearnerMasterLimit',
  'electionAlg',
  'peerType',
  'syncEnabled',
  'observerMasterPort',
  'localSessionsEnabled',
  'localSessionsUpgradingEnabled',
  'quorumListenOnAllIPs',
  'standaloneEnabled',
  'dynamicConfigFile',
  'autopurge.purgeInterval',
  'serverCnxnFactory',
  'watchManagerName',
  'commitLogCount',
  'snapshotSizeFactor',
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
  'group.',
  'weight.',
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
    if (value !== 'true' && value !== 'false') return 'neither true nor false';
    change[name] = value === 'true';
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
