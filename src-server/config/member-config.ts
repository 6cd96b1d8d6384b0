/**
 * Everything a member starts from, read from its files: zoo.cfg, the dynamic file it names, the configuration that was being
 * agreed on when it stopped, and `myid`.
 *
 *   zoo.cfg ──dynamicConfigFile──▶ zoo.cfg.dynamic.<version>     the configuration in force
 *      │                           zoo.cfg.dynamic.next          the last one heard of
 *      └──dataDir──▶ myid
 */
import { sid } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';
import { type Disk, readWhole } from '../platform/disk.ts';
import {
  type EnsembleConfig,
  type EnsembleServer,
  hostPortText,
  isDistributed,
  isEveryHost,
  parseEnsembleConfig,
  readEnsembleConfig,
  serverOf,
  whyUnworkable,
} from './ensemble-config.ts';
import { nextConfigFile } from './ensemble-files.ts';
import { parseProperties } from './properties.ts';
import type { Settings } from './settings.ts';
import { readZooCfg, type ZooCfg } from './zoo-cfg.ts';

export interface MemberConfig {
  readonly settings: Settings;
  readonly warnings: readonly string[];
  /** The zoo.cfg itself. */
  readonly file: string;
  /** Null for a server on its own. */
  readonly ensemble: EnsembleConfig | null;
  /** A configuration that was proposed and perhaps decided, or null. */
  readonly next: EnsembleConfig | null;
}

/** @param options base: what holds for keys the file does not have */
export function readMemberConfig(options: {
  readonly disk: Disk;
  readonly file: string;
  readonly base: Settings;
}): Result<MemberConfig, string> {
  const { disk, file, base } = options;
  const text = readText(disk, file);
  if (!text.ok) return text;
  const read = readZooCfg(text.value, base);
  if (!read.ok) return err(`${file}: ${read.error}`);
  const cfg = read.value;
  const ensemble = readEnsemble(disk, file, cfg);
  if (!ensemble.ok) return ensemble;
  const { standaloneEnabled } = cfg.settings;
  if (ensemble.value === null || !isDistributed(ensemble.value, standaloneEnabled)) {
    const idle = cfg.ensembleKeys.filter((key) => key !== 'standaloneEnabled');
    return ok({
      settings: cfg.settings,
      warnings: [...cfg.warnings, ...idle.map((key) => `${key} has no effect here`)],
      file,
      ensemble: null,
      next: null,
    });
  }
  return joinEnsemble({ disk, file, cfg, ensemble: ensemble.value });
}

function joinEnsemble(parts: {
  readonly disk: Disk;
  readonly file: string;
  readonly cfg: ZooCfg;
  readonly ensemble: EnsembleConfig;
}): Result<MemberConfig, string> {
  const { disk, file, cfg, ensemble } = parts;
  if (cfg.settings.initLimitTicks === 0)
    return err(`${file}: initLimit is missing: an ensemble needs it`);
  if (cfg.settings.syncLimitTicks === 0)
    return err(`${file}: syncLimit is missing: an ensemble needs it`);
  const id = readMyId(disk, cfg.settings);
  if (!id.ok) return id;
  const warnings = [...cfg.warnings];
  const self = serverOf(ensemble, sid(id.value));
  if (self !== null && cfg.peerType !== null && self.role !== cfg.peerType) {
    warnings.push(
      `peerType=${cfg.peerType} contradicts the server list, where server.${id.value} is ${self.role}; the list holds`,
    );
  }
  const client = clientSettings(cfg, self);
  if (!client.ok) return err(`${file}: ${client.error}`);
  const next = cfg.dynamicConfigFile === null ? ok(null) : readNext(disk, file);
  if (!next.ok) return next;
  return ok({
    settings: { ...cfg.settings, ...client.value, serverId: id.value },
    warnings,
    file,
    ensemble,
    next: next.value,
  });
}

/** The server list, wherever it stands; null where there is none. */
function readEnsemble(
  disk: Disk,
  file: string,
  cfg: ZooCfg,
): Result<EnsembleConfig | null, string> {
  const where = cfg.dynamicConfigFile ?? file;
  const config = cfg.dynamicConfigFile === null ? readInline(cfg) : readDynamic(disk, where);
  if (!config.ok) return err(`${where}: ${config.error}`);
  if (config.value === null) return ok(null);
  const { standaloneEnabled, multiAddressEnabled } = cfg.settings;
  const problem = whyUnworkable(config.value, standaloneEnabled);
  if (problem !== null) return err(`${where}: ${problem}`);
  const several = config.value.servers.find(({ addresses }) => addresses.length > 1);
  if (several !== undefined && !multiAddressEnabled) {
    return err(
      `${where}: server.${several.id} has several addresses, which multiAddress.enabled=true would allow`,
    );
  }
  return ok(config.value);
}

function readInline(cfg: ZooCfg): Result<EnsembleConfig | null, string> {
  return cfg.ensembleLines.length === 0 ? ok(null) : readEnsembleConfig(cfg.ensembleLines);
}

function readDynamic(disk: Disk, file: string): Result<EnsembleConfig, string> {
  const bytes = readWhole(disk, file);
  if (bytes === null) return err('this file, named by dynamicConfigFile, does not exist');
  const properties = parseProperties(bytes.toString('utf8'));
  const stated = properties.get('version');
  if (stated !== undefined)
    return err(`line ${stated.line}: version: the name of this file says the version`);
  const config = readEnsembleConfig(properties.values());
  return config.ok ? ok({ ...config.value, version: versionInName(file) }) : config;
}

/** `zoo.cfg.dynamic.100000003` is version 0x100000003; a name without one is version 0. */
function versionInName(file: string): number {
  const ending = /\.([0-9a-fA-F]{1,13})$/.exec(file)?.[1];
  return ending === undefined ? 0 : Number.parseInt(ending, 16);
}

function readNext(disk: Disk, file: string): Result<EnsembleConfig | null, string> {
  const where = nextConfigFile(file);
  const bytes = readWhole(disk, where);
  if (bytes === null) return ok(null);
  const config = parseEnsembleConfig(bytes.toString('utf8'));
  return config.ok ? config : err(`${where}: ${config.error}`);
}

const MY_ID = 'myid';
/** It is a byte of every session id, of which TTL nodes use the highest value. */
const ID_MAX = 255;

function readMyId(disk: Disk, settings: Settings): Result<number, string> {
  const where = disk.join(settings.dataDir, MY_ID);
  const text = readWhole(disk, where)?.toString('latin1').split(/\r?\n/, 1)[0]?.trim();
  if (text === undefined)
    return err(`${where} is missing: it says which of the servers this one is`);
  const max = settings.extendedTypes ? ID_MAX - 1 : ID_MAX;
  const id = /^[0-9]{1,3}$/.test(text) ? Number(text) : NaN;
  if (!(id <= max)) return err(`${where}: "${text}" is not a server id from 0 to ${max}`);
  return ok(id);
}

/** Where clients connect, if the server list says it; it must not contradict the file. */
function clientSettings(
  cfg: ZooCfg,
  self: EnsembleServer | null,
): Result<Partial<Pick<Settings, 'clientPort' | 'clientPortAddress'>>, string> {
  if (self === null || self.client === null) return ok({});
  const { host, port } = self.client;
  const { clientPort, clientPortAddress } = cfg.settings;
  const isSame =
    clientPort === port && (isEveryHost(clientPortAddress) || clientPortAddress === host);
  if (cfg.namesClientPort && !isSame) {
    return err(
      `clientPort=${clientPort} contradicts the server list, where clients of server.${self.id} connect to ` +
        hostPortText(self.client),
    );
  }
  return ok({ clientPort: port, clientPortAddress: isEveryHost(host) ? null : host });
}

function readText(disk: Disk, file: string): Result<string, string> {
  const bytes = readWhole(disk, file);
  return bytes === null ? err(`${file} cannot be read: no such file`) : ok(bytes.toString('utf8'));
}
