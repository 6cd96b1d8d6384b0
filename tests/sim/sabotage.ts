/**
 * Things that are not what they promise, put between the product and its world: each is a bug that the checkers must find.
 */
import { type Sid, sid } from '../../src-server/base/ids.ts';
import { epochOf, type Zxid } from '../../src-server/base/zxid.ts';
import type { Epochs } from '../../src-server/coordination/journal/epochs.ts';
import { Journal } from '../../src-server/coordination/journal/journal.ts';
import { Proposals } from '../../src-server/coordination/zab/proposals.ts';
import { type Quorum, quorumOf } from '../../src-server/coordination/zab/quorum.ts';
import type { View } from '../../src-server/coordination/zab/view.ts';
import type { Disk, DiskError, DiskFile } from '../../src-server/platform/disk.ts';
import type { Platform } from '../../src-server/platform/platform.ts';
import { CLIENT_PORT, isQuorumPort, type Sabotage } from './cluster.ts';
import { packetsIn, PacketType } from './quorum-packets.ts';
import type { End } from './stream.ts';

/** A sync of the log that is reported and never happened: acknowledging from the page cache. */
export const LYING_SYNCS: Sabotage = {
  platform: (platform) => ({
    ...platform,
    disk: disguised(platform, (path) => path.includes('/log.')),
  }),
};

/** A member that starts again knows the epochs of its log, and none that it has accepted since. */
export const FORGOTTEN_ACCEPTED_EPOCH: Sabotage = {
  plant: () =>
    planted(Journal.prototype, 'takeUpEpochs', {
      value: (lastZxid: Zxid): Epochs => ({
        accepted: epochOf(lastZxid),
        current: epochOf(lastZxid),
      }),
    }),
};

/** Pieces of a stream overtake each other. */
export const OVERTAKING: Sabotage = {
  tamper: {
    overtakes: (from) => from.localPort === CLIENT_PORT || from.remotePort === CLIENT_PORT,
  },
};

/** Timers of a member ring in half the time. */
export const HASTY_TIMERS: Sabotage = {
  platform: (platform) => ({
    ...platform,
    clock: {
      nowMs: () => platform.clock.nowMs() * 2,
      wallMs: () => platform.clock.wallMs(),
      after: (delayMs, task) => platform.clock.after(delayMs / 2, task),
      defer: (task) => platform.clock.defer(task),
    },
  }),
};

/** A notification now and then is not sent. */
export function lostNotifications(every: number): Sabotage {
  let count = 0;
  return {
    tamper: {
      written: (bytes, from) =>
        isFromMember(from)
          ? joined(framesOf(bytes).filter((frame) => !isNotification(frame) || ++count % every > 0))
          : bytes,
    },
  };
}

/** Notifications leave behind the answers of their turn. */
export const LATE_NOTIFICATIONS: Sabotage = {
  tamper: {
    written: (bytes, from) => {
      if (!isFromMember(from)) return bytes;
      const frames = framesOf(bytes);
      const told = frames.filter(isNotification);
      return told.length === 0
        ? bytes
        : joined([...frames.filter((frame) => !isNotification(frame)), ...told]);
    },
  },
};

/** A learner with undecided transactions is told to go on from where it is. */
export const SKIPPED_TRUNC: Sabotage = {
  tamper: {
    written: (bytes, from) => {
      if (!isQuorumPort(from.localPort)) return bytes;
      const trunc = packetsIn(bytes).find(({ type }) => type === PacketType.TRUNC);
      if (trunc === undefined) return bytes;
      const changed = Buffer.from(bytes);
      changed.writeInt32BE(PacketType.DIFF, trunc.at);
      return changed;
    },
  },
};

/** A leader commits what it has proposed, whoever has it. */
export const NO_QUORUM: Sabotage = {
  plant: () =>
    planted(Proposals.prototype, 'isHeadAgreed', {
      get(this: Proposals) {
        return this.count > 0;
      },
    }),
};

/** Three voters of five servers need two; here the two that should only observe are asked as well, and counted. */
export const COUNTED_OBSERVERS: Sabotage = {
  plant: () => {
    const majority = Object.getPrototypeOf(quorumOf(NOBODY)) as Quorum;
    return planted(majority, 'isMet', {
      value: (has: (sid: Sid) => boolean) => SIDS.filter((id) => has(id)).length >= 2,
    });
  },
};

/** The first member takes itself for a quorum. */
export const QUORUM_OF_ONE: Sabotage = {
  ensemble: (ensemble, number) =>
    number !== 1
      ? ensemble
      : {
          ...ensemble,
          config: {
            ...ensemble.config,
            servers: ensemble.config.servers.map((server) =>
              server.id === 1 ? server : { ...server, role: 'observer' },
            ),
          },
        },
};

const SIDS = [1, 2, 3, 4, 5].map((id) => sid(id));
const NOBODY: View = { version: 0, servers: [], groups: null, weights: new Map() };

/** Another method or getter in the place of one of the product's. */
export function planted(prototype: object, name: string, instead: PropertyDescriptor): () => void {
  const before = Object.getOwnPropertyDescriptor(prototype, name)!;
  Object.defineProperty(prototype, name, { ...instead, configurable: true });
  return () => Object.defineProperty(prototype, name, before);
}

// --- disks ---

/** A disk on which the syncs of some files are reported and never happen. */
export function disguised({ disk, clock }: Platform, lies: (path: string) => boolean): Disk {
  const fileOf = (file: DiskFile): DiskFile => {
    if (!lies(file.path)) return file;
    return {
      path: file.path,
      size: () => file.size(),
      read: (into, at) => file.read(into, at),
      write: (bytes, at) => file.write(bytes, at),
      truncate: (size) => file.truncate(size),
      sync: (done: (error: DiskError | null) => void) => clock.defer(() => done(null)),
      syncNow: () => undefined,
      close: () => file.close(),
    };
  };
  return {
    open: (path, mode) => fileOf(disk.open(path, mode)),
    list: (directory) => disk.list(directory),
    exists: (path) => disk.exists(path),
    makeDirectory: (path) => disk.makeDirectory(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path, done) => disk.remove(path, done),
    syncDirectory: (path, done) => disk.syncDirectory(path, done),
    freeBytes: (path) => disk.freeBytes(path),
    totalBytes: (path) => disk.totalBytes(path),
    join: (...parts) => disk.join(...parts),
  };
}

// --- what members send to clients ---

function isFromMember(from: End): boolean {
  return from.localPort === CLIENT_PORT;
}

/** A member writes whole frames, each behind its length. */
function framesOf(bytes: Uint8Array): Buffer[] {
  const all = Buffer.from(bytes);
  const frames: Buffer[] = [];
  for (let at = 0; at < all.length;) {
    const end = at + 4 + all.readInt32BE(at);
    frames.push(all.subarray(at, end));
    at = end;
  }
  return frames;
}

function isNotification(frame: Buffer): boolean {
  return frame.length > 8 && frame.readInt32BE(4) === -1;
}

function joined(frames: readonly Buffer[]): Buffer {
  return Buffer.concat(frames);
}
