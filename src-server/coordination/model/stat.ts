/** What is known about a node besides its data: the Stat record clients see. */
import type { Zxid } from '../../base/zxid.ts';

export interface Stat {
  czxid: Zxid;
  mzxid: Zxid;
  /** Wall milliseconds, stamped by the leader. */
  ctime: number;
  mtime: number;
  version: number;
  /** Twice the number of child creates, less the children there are: what clients see. The tree keeps the creates alone. */
  cversion: number;
  aversion: number;
  /** The session of an ephemeral node; 0 for every other kind, containers and TTL nodes included. */
  ephemeralOwner: bigint;
  dataLength: number;
  numChildren: number;
  pzxid: Zxid;
}
