/**
 * What an order to change the ensemble leads to: a pure decision, with the checks in the order in which they answer.
 *
 *   one at a time ▸ based on the present version ▸ readable ▸ enough voters ▸ enough of them are with the leader
 */
import { type Sid, sid } from '../../base/ids.ts';
import {
  type EnsembleConfig,
  type EnsembleServer,
  type HostPort,
  hostPortText,
  isEveryHost,
  parseEnsembleConfig,
  participantsOf,
} from '../../config/ensemble-config.ts';
import { Code } from '../model/codes.ts';
import type { ReconfigOrder } from '../model/request.ts';

export interface Circumstances {
  /** The newest configuration heard of, decided or not. */
  readonly newest: EnsembleConfig;
  readonly isAnotherUnderWay: boolean;
  readonly standaloneEnabled: boolean;
  /** Whether a quorum of a configuration is synchronised with this leader. */
  readonly isSynchronised: (config: EnsembleConfig) => boolean;
}

const ANY_VERSION = -1;

/** @returns the configuration, still with the version before, or why it is refused */
export function reconfigured(order: ReconfigOrder, now: Circumstances): EnsembleConfig | Code {
  const { newest } = now;
  if (now.isAnotherUnderWay) return Code.RECONFIG_IN_PROGRESS;
  if (order.fromVersion !== ANY_VERSION && order.fromVersion !== newest.version)
    return Code.BAD_VERSION;
  const config = order.members === null ? changed(newest, order) : replaced(newest, order.members);
  if (typeof config === 'number') return config;
  if (participantsOf(config).length < (now.standaloneEnabled ? 2 : 1)) return Code.BAD_ARGUMENTS;
  return now.isSynchronised(config) ? config : Code.NEW_CONFIG_NO_QUORUM;
}

/** A whole new list: lines, or the same with commas between them. */
function replaced(before: EnsembleConfig, members: string): EnsembleConfig | Code {
  const config = parseEnsembleConfig(members.replaceAll(',', '\n'));
  return config.ok ? { ...config.value, version: before.version } : Code.BAD_ARGUMENTS;
}

/** Some go, some come: only where each voter counts the same, as nobody says what the new ones would weigh. */
function changed(before: EnsembleConfig, order: ReconfigOrder): EnsembleConfig | Code {
  if (before.groups !== null) return Code.BAD_ARGUMENTS;
  const servers = new Map(before.servers.map((server) => [server.id, server]));
  for (const text of partsOf(order.leaving)) {
    const id = readId(text);
    if (id === null) return Code.MARSHALLING_ERROR;
    servers.delete(id);
  }
  for (const text of partsOf(order.joining)) {
    const server = readJoining(text);
    if (typeof server === 'number') return server;
    for (const other of servers.values())
      if (other.id !== server.id && sharesAddress(server, other)) return Code.BAD_ARGUMENTS;
    servers.set(server.id, server);
  }
  const byId = [...servers.values()].sort((a, b) => a.id - b.id);
  return { version: before.version, servers: byId, groups: null, weights: new Map() };
}

function partsOf(list: string | null): string[] {
  return (list ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** What is no number Apache fails to read, which is not the same to it as a wrong argument. */
function readId(text: string): Sid | null {
  return /^[+-]?[0-9]{1,15}$/.test(text) ? sid(Number(text)) : null;
}

/** `server.4=…` with a client port: who joins is to serve. */
function readJoining(text: string): EnsembleServer | Code {
  const [key = '', value, ...more] = text.split('=').map((part) => part.trim());
  if (value === undefined || value === '' || more.length > 0) return Code.BAD_ARGUMENTS;
  const id = readId(key.slice(key.lastIndexOf('.') + 1));
  if (id === null) return Code.MARSHALLING_ERROR;
  const config = parseEnsembleConfig(`server.${id}=${value}`);
  const server = config.ok ? config.value.servers[0] : undefined;
  return server === undefined || server.client === null ? Code.BAD_ARGUMENTS : server;
}

function sharesAddress(a: EnsembleServer, b: EnsembleServer): boolean {
  const theirs = new Set(addressesOf(b));
  return addressesOf(a).some((address) => theirs.has(address));
}

function addressesOf({ addresses, client }: EnsembleServer): string[] {
  const all: HostPort[] = addresses.flatMap(({ host, quorumPort, electionPort }) => [
    { host, port: quorumPort },
    { host, port: electionPort },
  ]);
  if (client !== null) all.push(client);
  return all.filter(({ host }) => !isEveryHost(host)).map(hostPortText);
}
