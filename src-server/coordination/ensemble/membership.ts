/**
 * Where the core's views are kept and shown: in the member's files, in the node that clients read, and as the addresses at
 * which the others are reached.
 */
import type { Sid } from '../../base/ids.ts';
import { zxidOf } from '../../base/zxid.ts';
import {
  type HostPort,
  isEveryHost,
  parseHostPorts,
  serverOf,
} from '../../config/ensemble-config.ts';
import type { EnsembleFiles } from '../../config/ensemble-files.ts';
import type { Settings } from '../../config/settings.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Machine, NO_ROW } from '../state/machine.ts';
import { CONFIG_PATH } from '../state/paths.ts';
import { configOf, viewText } from '../wire/views.ts';
import type { Peer } from '../zab/peer.ts';
import type { View } from '../zab/view.ts';

export interface MembershipParts {
  readonly self: Sid;
  readonly peer: Peer;
  readonly clock: Clock;
  /** Null where the configuration stands in no file. */
  readonly files: EnsembleFiles | null;
  /** The view in force says where clients of this member connect. */
  readonly onClientAddress: (address: HostPort) => void;
}

export class Membership {
  readonly #parts: MembershipParts;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** A view was proposed, or one that was is given up. */
  onSeen(view: View): void {
    const { files, peer } = this.#parts;
    if (files === null) return;
    if (view.version > peer.view.version) files.propose(configOf(view));
    else files.forgetProposed();
  }

  onActive(view: View): void {
    const { files, peer, self, onClientAddress } = this.#parts;
    const config = configOf(view);
    const client = serverOf(config, self)?.client ?? null;
    if (files !== null) {
      files.backUp();
      files.activate(config, { hasClientAddress: client !== null });
      if (peer.nextView.version === view.version) files.forgetProposed();
    }
    if (client !== null) onClientAddress(client);
  }

  /** What clients read of the configuration, where no transaction has put it there. */
  showIn(machine: Machine): void {
    const { peer, clock } = this.#parts;
    const text = Buffer.from(viewText(peer.view));
    if (!isShown(machine, text))
      machine.showConfig(text, zxidOf(peer.view.version), clock.wallMs());
  }

  /** As the views say: a server that is about to join is in the next one only. */
  electionAddressesOf(sid: Sid): readonly HostPort[] {
    const { view, nextView } = this.#parts.peer;
    const known = [view, nextView].flatMap(({ servers }) =>
      servers.filter((server) => server.sid === sid).map(({ electionAddress }) => electionAddress),
    );
    return [...new Set(known)].flatMap((text) => parseHostPorts(text) ?? []);
  }
}

function isShown(machine: Machine, text: Buffer): boolean {
  const row = machine.find(CONFIG_PATH);
  if (row === NO_ROW) return false;
  const { nodes } = machine;
  const length = nodes.dataLength(row);
  if (length !== text.length) return false;
  const at = nodes.dataOffset(row);
  return text.equals(nodes.dataBytes(row).subarray(at, at + length));
}

/** Where clients connect, as settings say it. */
export function clientAddressOf({
  host,
  port,
}: HostPort): Pick<Settings, 'clientPort' | 'clientPortAddress'> {
  return { clientPort: port, clientPortAddress: isEveryHost(host) ? null : host };
}
