/**
 * An ensemble's configuration as text: who its servers are, how their votes count, and its version.
 *
 *   server.N=host:quorum port:election port[:role][|host:…][;[client host:]client port[;[secure host:]secure port]]
 *   group.G=1:2:3
 *   weight.N=w
 *   version=<hex>
 *
 * What is written is, byte for byte, what Apache ZooKeeper writes: peers put it into notifications, the leader into NEWLEADER,
 * and clients read it from `/zookeeper/config`.
 */
import { type Sid, sid } from '../base/ids.ts';
import { err, ok, type Result } from '../base/result.ts';
import { parseProperties, type Property } from './properties.ts';

export type Role = 'participant' | 'observer';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** One network address of a server, with the ports it has there. */
export interface ServerAddress {
  readonly host: string;
  /** Learners connect to the leader here. */
  readonly quorumPort: number;
  /** Everybody connects to everybody here. */
  readonly electionPort: number;
}

export interface EnsembleServer {
  readonly id: Sid;
  /** At least one, ordered by host. */
  readonly addresses: readonly ServerAddress[];
  readonly role: Role;
  /** Null where the server's own zoo.cfg says where its clients connect. */
  readonly client: HostPort | null;
  readonly secureClient: HostPort | null;
}

export interface EnsembleConfig {
  /** The zxid of the transaction that made it; 0 for what people wrote. */
  readonly version: number;
  /** By id. */
  readonly servers: readonly EnsembleServer[];
  /** Group → its servers; null where a plain majority decides. */
  readonly groups: ReadonlyMap<number, readonly Sid[]> | null;
  /** Only with groups: what each participant's vote counts, and whatever else was written. */
  readonly weights: ReadonlyMap<Sid, number>;
}

/** Whether a key belongs to the ensemble's configuration and not to one member's. */
export function isEnsembleKey(key: string): boolean {
  return key.startsWith('server.') || key.startsWith('group') || key.startsWith('weight');
}

/** @returns the configuration, or the line, the key and what is wrong there */
export function parseEnsembleConfig(text: string): Result<EnsembleConfig, string> {
  return readEnsembleConfig(parseProperties(text).values());
}

export function readEnsembleConfig(properties: Iterable<Property>): Result<EnsembleConfig, string> {
  const found: Found = { version: 0, servers: new Map(), groups: new Map(), weights: new Map() };
  for (const property of properties) {
    const problem = readProperty(property, found);
    if (problem !== null)
      return err(`line ${property.line}: ${property.key}=${property.value}: ${problem}`);
  }
  const servers = [...found.servers.values()].sort((a, b) => a.id - b.id);
  const isGrouped = found.groups.size > 0 || found.weights.size > 0;
  if (!isGrouped) return ok({ version: found.version, servers, groups: null, weights: new Map() });

  const members = new Set<number>();
  for (const [group, ids] of found.groups) {
    for (const id of ids) {
      if (members.has(id)) return err(`group.${group}: server ${id} is in another group as well`);
      members.add(id);
    }
  }
  for (const { id, role } of servers) {
    if (role === 'observer') continue;
    if (!members.has(id)) return err(`server.${id}: with groups, every participant is in one`);
    if (!found.weights.has(id)) found.weights.set(id, 1);
  }
  for (const id of members) {
    // Apache cannot read such a line.
    if (!found.weights.has(sid(id)))
      return err(`server ${id} is in a group, and is neither a participant nor has a weight`);
  }
  const groups = new Map([...found.groups].sort(byNumber).map(([id, ids]) => [id, ids.sort(less)]));
  const weights = new Map([...found.weights].sort(byNumber));
  return ok({ version: found.version, servers, groups, weights });
}

function less(a: number, b: number): number {
  return a - b;
}

function byNumber(a: readonly [number, unknown], b: readonly [number, unknown]): number {
  return a[0] - b[0];
}

export function participantsOf(config: EnsembleConfig): readonly EnsembleServer[] {
  return config.servers.filter(({ role }) => role === 'participant');
}

export function serverOf(config: EnsembleConfig, id: Sid): EnsembleServer | null {
  return config.servers.find((server) => server.id === id) ?? null;
}

/** Whether its servers have to agree at all; one participant alone usually runs as a server on its own. */
export function isDistributed(config: EnsembleConfig, standaloneEnabled: boolean): boolean {
  return !standaloneEnabled || participantsOf(config).length > 1;
}

/** Why no quorum could ever form, or null. */
export function whyUnworkable(config: EnsembleConfig, standaloneEnabled: boolean): string | null {
  const participants = participantsOf(config).length;
  const observers = config.servers.length - participants;
  if (participants === 0) {
    if (!standaloneEnabled) return 'with standaloneEnabled=false there is at least one participant';
    if (observers > 0) return 'there are observers, and no participant whom they could observe';
  } else if (participants === 1 && standaloneEnabled && observers > 0) {
    return 'one participant runs on its own, and then nobody can observe it (standaloneEnabled=false would let it)';
  }
  return null;
}

/** Whether a host stands for every interface. */
export function isEveryHost(host: string | null): boolean {
  return host === null || host === '0.0.0.0' || host === '::' || host === '0:0:0:0:0:0:0:0';
}

// --- reading ---

interface Found {
  version: number;
  readonly servers: Map<Sid, EnsembleServer>;
  readonly groups: Map<number, Sid[]>;
  readonly weights: Map<Sid, number>;
}

function readProperty({ key, value }: Property, found: Found): string | null {
  if (key === 'version') {
    const version = /^[0-9a-fA-F]{1,16}$/.test(value) ? Number.parseInt(value, 16) : NaN;
    if (!Number.isSafeInteger(version)) return 'not a version in hexadecimal digits';
    found.version = version;
    return null;
  }
  if (!isEnsembleKey(key)) return 'this does not belong to the configuration of an ensemble';
  const dot = key.indexOf('.');
  const id = readId(key.slice(dot + 1));
  if (dot < 0 || id === null) return 'the key does not end in a number';
  if (key.startsWith('server.')) {
    const server = readServer(id, value);
    if (!server.ok) return server.error;
    found.servers.set(id, server.value);
  } else if (key.startsWith('group')) {
    const ids = value.split(':').map(readId);
    if (ids.includes(null)) return 'not a list of server ids with colons between them';
    found.groups.set(id, ids as Sid[]);
  } else {
    const weight = readId(value);
    if (weight === null) return 'not a weight';
    found.weights.set(id, weight);
  }
  return null;
}

function readId(text: string): Sid | null {
  return /^[0-9]{1,15}$/.test(text) ? sid(Number(text)) : null;
}

function readServer(id: Sid, value: string): Result<EnsembleServer, string> {
  const [server = '', client = '', secure = '', ...more] = value.split(';');
  if (more.length > 0) return err('more than a client and a secure client address');
  const addresses: ServerAddress[] = [];
  let role: Role | null = null;
  for (const text of server.split('|')) {
    const address = readAddress(text);
    if (!address.ok) return address;
    addresses.push(address.value.address);
    const stated = address.value.role;
    if (role !== null && stated !== null && stated !== role)
      return err(`one server cannot be ${role} and ${stated}`);
    role ??= stated;
  }
  addresses.sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
  const clientAt = readClient(client);
  if (!clientAt.ok) return clientAt;
  const secureAt = readClient(secure);
  if (!secureAt.ok) return secureAt;
  return ok({
    id,
    addresses,
    role: role ?? 'participant',
    client: clientAt.value,
    secureClient: secureAt.value,
  });
}

const FORM = 'not of the form host:quorum port:election port[:role]';

function readAddress(text: string): Result<{ address: ServerAddress; role: Role | null }, string> {
  const parts = splitHost(text);
  if (parts === null) return err(`${text} begins with [ and has no ] before a port`);
  const [host = '', quorum = '', election = '', roleText = '', ...more] = parts;
  if (parts.length < 3 || more.length > 0 || host === '' || /\s/.test(host)) return err(FORM);
  const quorumPort = readPort(quorum);
  const electionPort = readPort(election);
  if (quorumPort === null) return err(`${quorum} is not a port`);
  if (electionPort === null) return err(`${election} is not a port`);
  if (quorumPort === electionPort) return err('the quorum port and the election port are the same');
  const role = roleText.trim().toLowerCase();
  if (role !== '' && role !== 'participant' && role !== 'observer')
    return err(`${roleText} is neither participant nor observer`);
  return ok({
    address: { host: canonicalHost(host), quorumPort, electionPort },
    role: role === '' ? null : role,
  });
}

/** `port`, `host:port`, or nothing. */
function readClient(text: string): Result<HostPort | null, string> {
  if (text === '') return ok(null);
  const parts = splitHost(text);
  if (parts === null || parts.length > 2) return err(`${text} is neither a port nor host:port`);
  const port = readPort(parts.at(-1) ?? '');
  if (port === null) return err(`${parts.at(-1) ?? ''} is not a port`);
  const host = parts.length === 2 ? parts[0]! : '0.0.0.0';
  if (host === '' || /\s/.test(host)) return err(`${text} has no host before its colon`);
  return ok({ host: canonicalHost(host), port });
}

/** The host, without the brackets of an IPv6 address, and what follows it between colons. */
function splitHost(text: string): string[] | null {
  if (!text.startsWith('[')) return withoutEmptyEnd(text.split(':'));
  const end = text.indexOf(']');
  if (end < 0 || (end + 1 < text.length && text[end + 1] !== ':')) return null;
  return withoutEmptyEnd([text.slice(1, end), ...text.slice(end + 2).split(':')]);
}

function withoutEmptyEnd(parts: string[]): string[] {
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  return parts;
}

function readPort(text: string): number | null {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : null;
}

/** `host:port`, several with `|` between them; null where one of them is none. */
export function parseHostPorts(text: string): HostPort[] | null {
  const found: HostPort[] = [];
  for (const part of text.split('|')) {
    const [host = '', portText = '', ...more] = splitHost(part) ?? [];
    const port = readPort(portText);
    if (host === '' || /\s/.test(host) || port === null || more.length > 0) return null;
    found.push({ host: canonicalHost(host), port });
  }
  return found;
}

// --- writing ---

/** The text as peers and clients see it: no line end after the version. */
export function ensembleConfigText(config: EnsembleConfig): string {
  return [...memberLines(config), `version=${versionHex(config)}`].join('\n');
}

/** The text as it is kept in a dynamic file: sorted lines, the version only where the file's name does not say it. */
export function ensembleFileText(config: EnsembleConfig, withVersion: boolean): string {
  const lines = memberLines(config);
  if (withVersion) lines.push(`version=${versionHex(config)}`);
  return lines.sort((a, b) => (a < b ? -1 : 1)).join('\n');
}

export function versionHex({ version }: EnsembleConfig): string {
  return version.toString(16);
}

function memberLines({ servers, groups, weights }: EnsembleConfig): string[] {
  const byId = new Map(servers.map((server) => [server.id, server]));
  const lines = hashOrder([...byId.keys()]).map(
    (id) => `server.${id}=${serverText(byId.get(id)!)}`,
  );
  if (groups === null) return lines;
  const groupOf = new Map<Sid, number>();
  for (const [group, ids] of groups) for (const id of ids) groupOf.set(id, group);
  const grouped = hashOrder([...groupOf.keys()]);
  for (const group of hashOrder([...groups.keys()]))
    lines.push(`group.${group}=${grouped.filter((id) => groupOf.get(id) === group).join(':')}`);
  for (const id of hashOrder([...weights.keys()])) lines.push(`weight.${id}=${weights.get(id)!}`);
  return lines;
}

function serverText({ addresses, role, client, secureClient }: EnsembleServer): string {
  const at = addresses
    .map(({ host, quorumPort, electionPort }) => `${bracketed(host)}:${quorumPort}:${electionPort}`)
    .join('|');
  const clientAt = client === null ? '' : hostPortText(client);
  if (secureClient !== null) return `${at}:${role};${clientAt};${hostPortText(secureClient)}`;
  return client === null ? `${at}:${role}` : `${at}:${role};${clientAt}`;
}

export function hostPortText({ host, port }: HostPort): string {
  return `${bracketed(host)}:${port}`;
}

export function hostPortsText(addresses: readonly HostPort[]): string {
  return addresses.map(hostPortText).join('|');
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Ids in the order in which Java's HashMap gives them, so that the same configuration has the same text everywhere. Ids that
 * share a bucket (16 apart, in a small ensemble) come in an order there that depends on how they were read; here, by size.
 */
function hashOrder<T extends number>(ids: readonly T[]): T[] {
  let buckets = 16;
  while (ids.length > buckets * 0.75) buckets *= 2;
  const bucketOf = (id: number): number => {
    const hash = (id | 0) ^ Math.floor(id / 0x1_0000_0000);
    return (hash ^ (hash >>> 16)) & (buckets - 1);
  };
  return [...ids].sort((a, b) => bucketOf(a) - bucketOf(b) || a - b);
}

/** Hosts that are numbers in one spelling, Java's: an IPv6 address has all its eight parts, without leading zeros. */
function canonicalHost(host: string): string {
  if (!host.includes(':')) return host;
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(host);
  const text =
    dotted === null
      ? host
      : `${dotted[1]!}${hexPair(dotted[2]!, dotted[3]!)}:${hexPair(dotted[4]!, dotted[5]!)}`;
  const [head = '', tail, ...more] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = 8 - before.length - after.length;
  const isWhole = tail === undefined ? missing === 0 : missing > 0 && more.length === 0;
  const parts = [...before, ...new Array<string>(Math.max(0, missing)).fill('0'), ...after];
  if (!isWhole || !parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return host;
  const words = parts.map((part) => Number.parseInt(part, 16));
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
    const [high, low] = [words[6]!, words[7]!];
    return [high >>> 8, high & 255, low >>> 8, low & 255].join('.');
  }
  return words.map((word) => word.toString(16)).join(':');
}

function hexPair(high: string, low: string): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}
