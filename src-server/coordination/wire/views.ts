/** A view of the ensemble ⇄ the text that peers exchange and the files keep. */
import {
  type EnsembleConfig,
  ensembleConfigText,
  type EnsembleServer,
  hostPortsText,
  hostPortText,
  parseEnsembleConfig,
  parseHostPorts,
} from '../../config/ensemble-config.ts';
import type { Server, View } from '../zab/view.ts';

/** Null where the text is no configuration. */
export function readView(text: string): View | null {
  const config = parseEnsembleConfig(text);
  return config.ok ? viewOf(config.value) : null;
}

export function viewText(view: View): string {
  return ensembleConfigText(configOf(view));
}

export function viewOf(config: EnsembleConfig): View {
  return {
    version: config.version,
    servers: config.servers.map(serverViewOf),
    groups: config.groups === null ? null : [...config.groups].map(([id, sids]) => ({ id, sids })),
    weights: config.weights,
  };
}

export function configOf(view: View): EnsembleConfig {
  const servers = view.servers.map(serverConfigOf);
  const { version, groups } = view;
  if (groups === null) return { version, servers, groups, weights: new Map() };
  const weights = new Map(view.weights);
  // The text says what every participant weighs.
  for (const { id, role } of servers)
    if (role === 'participant' && !weights.has(id)) weights.set(id, 1);
  return { version, servers, groups: new Map(groups.map(({ id, sids }) => [id, sids])), weights };
}

function serverViewOf({ id, role, addresses, client, secureClient }: EnsembleServer): Server {
  const clientText = client === null ? '' : hostPortText(client);
  return {
    sid: id,
    role,
    quorumAddress: hostPortsText(addresses.map(({ host, quorumPort: port }) => ({ host, port }))),
    electionAddress: hostPortsText(
      addresses.map(({ host, electionPort: port }) => ({ host, port })),
    ),
    clientAddress:
      secureClient === null ? clientText : `${clientText};${hostPortText(secureClient)}`,
  };
}

function serverConfigOf(server: Server): EnsembleServer {
  const election = parseHostPorts(server.electionAddress) ?? [];
  const [client = '', secure = ''] = server.clientAddress.split(';');
  return {
    id: server.sid,
    role: server.role,
    addresses: (parseHostPorts(server.quorumAddress) ?? []).map(({ host, port }, i) => ({
      host,
      quorumPort: port,
      electionPort: election[i]?.port ?? 0,
    })),
    client: parseHostPorts(client)?.[0] ?? null,
    secureClient: parseHostPorts(secure)?.[0] ?? null,
  };
}
