/** What every role of a peer answers to; what a role has no part in, it leaves out. */
import type { LinkId } from './events.ts';
import type {
  AcceptedEpochStored,
  Connected,
  ConnectFailed,
  CurrentEpochStored,
  Durable,
  LogRead,
  Propose,
  SnapshotReceived,
  SnapshotSaved,
  SnapshotSent,
  SyncRequested,
  Truncated,
} from './events.ts';
import type { Message } from './messages.ts';

/** Events that belong to one role, and mean nothing to another. */
export type RoleEvent =
  | Connected
  | ConnectFailed
  | Durable
  | AcceptedEpochStored
  | CurrentEpochStored
  | Truncated
  | SnapshotReceived
  | SnapshotSaved
  | SnapshotSent
  | LogRead
  | Propose
  | SyncRequested;

export interface Role {
  readonly wakeAtMs: number;
  begin(): void;
  onTick(): void;
  onMessage(link: LinkId, message: Message): void;
  onLinkDown(link: LinkId): void;
  on(event: RoleEvent): void;
  /** Closes every link. */
  end(reason: string): void;
}
