/**
 * Which servers an ensemble has, and where to ask them: those of its configuration, and those of the connect string that the
 * configuration does not name by an address of their own.
 *
 * A configuration of an ordinary zoo.cfg says where servers meet each other and not where clients connect. Such a server is
 * found by the id that it tells of itself, by its host, or, on a host of its own, at the port that is in use elsewhere.
 */
import {
  type EnsembleConfig,
  type EnsembleServer,
  type HostPort,
  hostPortsText,
  hostPortText,
  isEveryHost,
} from '../../../config/ensemble-config.ts';

export interface Seat {
  readonly key: string;
  readonly id: number | null;
  /** Where it is asked; null where nobody says. */
  readonly at: HostPort | null;
  readonly quorumAddress: string | null;
  readonly votes: boolean | null;
  /** It takes clients over TLS and not otherwise. */
  readonly isTlsOnly: boolean;
}

export interface Known {
  /** Of the connect string, in its order. */
  readonly hosts: readonly HostPort[];
  readonly config: EnsembleConfig | null;
  /** Ids that servers told of themselves, by `host:port`. */
  readonly ids: ReadonlyMap<string, number>;
}

export function seatsOf({ hosts, config, ids }: Known): Seat[] {
  if (config === null || config.servers.length === 0) {
    return hosts.map((at) => ({ ...NOBODY, key: hostPortText(at), at, id: idAt(ids, at) }));
  }
  const taken = new Set<string>();
  const seats = config.servers.map((server): Seat => {
    const at = addressOf(server, { hosts, config, ids });
    if (at !== null) taken.add(hostPortText(at));
    return {
      key: String(server.id),
      id: server.id,
      at,
      quorumAddress: quorumAddressOf(server),
      votes: server.role === 'participant',
      isTlsOnly: at === null && server.secureClient !== null,
    };
  });
  const members = new Set<number>(config.servers.map(({ id }) => id));
  for (const at of hosts) {
    const id = idAt(ids, at);
    // Another name or address of somebody who is listed already.
    if (taken.has(hostPortText(at)) || (id !== null && members.has(id))) continue;
    if (config.servers.some((server) => isAt(server, at))) continue;
    seats.push({ ...NOBODY, key: hostPortText(at), at, id });
  }
  return withoutDoubles(seats);
}

/**
 * Servers of one host that do not tell their ids are there twice: as members without an address, and as addresses of nobody
 * known. The addresses can be asked.
 */
function withoutDoubles(seats: readonly Seat[]): Seat[] {
  const isUnplaced = ({ at, isTlsOnly }: Seat): boolean => at === null && !isTlsOnly;
  const unplaced = seats.filter(isUnplaced).length;
  const unnamed = seats.filter(({ id }) => id === null).length;
  return seats.filter((seat) => unnamed < unplaced || !isUnplaced(seat));
}

const NOBODY = { quorumAddress: null, votes: null, isTlsOnly: false } as const;

function addressOf(server: EnsembleServer, { hosts, config, ids }: Known): HostPort | null {
  const client = clientOf(server);
  if (client !== null) {
    // As people wrote it, where that is the same: their network may know no other name.
    return hosts.find((at) => idAt(ids, at) === server.id) ?? client;
  }
  const told = hosts.find((at) => idAt(ids, at) === server.id);
  if (told !== undefined) return told;
  if (server.secureClient !== null) return null;
  const host = server.addresses[0]!.host;
  const isAlone = config!.servers.every(
    (other) => other.id === server.id || other.addresses[0]!.host !== host,
  );
  if (!isAlone) return null;
  const listed = hosts.find((at) => at.host === host);
  if (listed !== undefined) return idAt(ids, listed) === null ? listed : null;
  const port = hosts[0]?.port;
  return port === undefined ? null : { host, port };
}

/** Where its clients connect, by the configuration. A server that listens everywhere is reached where its peers reach it. */
function clientOf({ client, addresses }: EnsembleServer): HostPort | null {
  if (client === null) return null;
  return isEveryHost(client.host) ? { host: addresses[0]!.host, port: client.port } : client;
}

function quorumAddressOf({ addresses }: EnsembleServer): string {
  return addresses
    .map(({ host, quorumPort, electionPort }) =>
      [hostPortsText([{ host, port: quorumPort }]), electionPort].join(':'),
    )
    .join('|');
}

/** Whether its clients connect there; the names of this computer are one. */
function isAt(server: EnsembleServer, at: HostPort): boolean {
  const client = clientOf(server);
  if (client?.port !== at.port) return false;
  return client.host === at.host || (isThisComputer(client.host) && isThisComputer(at.host));
}

function isThisComputer(host: string): boolean {
  return host === 'localhost' || host === '127.0.0.1' || host === '::1';
}

function idAt(ids: ReadonlyMap<string, number>, at: HostPort): number | null {
  return ids.get(hostPortText(at)) ?? null;
}
