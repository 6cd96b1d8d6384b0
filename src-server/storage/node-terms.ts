/** What the settings of a node mean for its parts, and what the ring's records mean for its links. */
import type { StorageSettings, StorageTls } from '../config/storage-settings.ts';
import { type Net, NetError } from '../platform/net.ts';
import type { Platform } from '../platform/platform.ts';
import type { RingView } from './control/membership.ts';
import { type ControlTerms, DEFAULT_TERMS } from './control/round.ts';
import type { PeerPlace } from './replication/mesh/links.ts';
import type { NodeId } from './ring/topology.ts';

/** Whoever was ever here may be there although the ensemble does not hear of it. */
export function placesOf({ members, nodes }: RingView): ReadonlyMap<NodeId, PeerPlace> {
  const places = new Map<NodeId, PeerPlace>();
  for (const { id, address: host, peerPort: port, incarnation } of [
    ...members.values(),
    ...nodes.values(),
  ])
    places.set(id, { host, port, incarnation });
  return places;
}

export function termsOf(settings: StorageSettings): ControlTerms {
  const { formNodes, partitionCount, replicaCount, minInSync, strategy, downOutMs } = settings;
  const terms = { formNodes, partitionCount, replicaCount, minInSync, strategy, downOutMs };
  const { transferBytesPerSecond, retireAfterMs: graceMs } = settings;
  return { ...DEFAULT_TERMS, ...terms, transferBytesPerSecond, graceMs };
}

export function credentialsOf({
  ensembleAuth,
}: StorageSettings): readonly { readonly scheme: string; readonly auth: Uint8Array }[] {
  if (ensembleAuth === null) return [];
  const colon = ensembleAuth.indexOf(':');
  return [
    { scheme: ensembleAuth.slice(0, colon), auth: Buffer.from(ensembleAuth.slice(colon + 1)) },
  ];
}

/** @throws NetError where keys or certificates cannot be used */
export function netOf({ net, secureNet }: Platform, tls: StorageTls | null): Net {
  if (tls === null) return net;
  if (secureNet === undefined) throw new NetError('tls', 'connections cannot be protected here');
  // Who may come is settled by certificates, not by the names of hosts.
  return secureNet({ ...tls, knownHosts: () => [] });
}
