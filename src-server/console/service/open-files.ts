/**
 * Logs and snapshots that people have open, and those that can be opened: those of the data folder by themselves, any other
 * by its path. What is neither is not read, and nothing is told of it, not even whether it exists.
 */
import { ApiError } from '#contract/errors.ts';
import type { StoredFile, StoredKind } from '#contract/log-models.ts';
import type { Guest } from '#rpc/server.ts';

import {
  type FileKind,
  fileKindOf,
  listStored,
  VERSION_DIRECTORY,
} from '../../coordination/journal/stored-files.ts';
import type { Clock } from '../../platform/clock.ts';
import { type Disk, DiskError } from '../../platform/disk.ts';
import { ClientAddresses } from './client-addresses.ts';
import { FileView } from './file-view.ts';
import type { Lines } from './lines.ts';
import type { LocalEnsemble } from './local-ensemble.ts';
import { LogLines } from './log-lines.ts';
import { SnapshotLines } from './snapshot-lines.ts';
import { TimedLines } from './timed-lines.ts';
import type { Timings } from './timings.ts';

export interface OpenFilesOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly local: LocalEnsemble;
  readonly timings: Timings;
}

export interface Opened {
  readonly log: string;
  readonly kind: StoredKind;
  readonly path: string;
}

/** One guest looks at one file at a time; some more for several pages over one connection. */
const OPEN_MAX = 8;

/** Not the names of other machines, which Windows would call and log in at. */
const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/])/;

/** The most an ensemble on this machine has, observers included. */
const MEMBERS_MAX = 30;

interface Folder {
  readonly path: string;
  readonly member: number | null;
}

export type Source = 'file' | 'live' | 'ensemble';

interface Viewing {
  readonly view: FileView;
  readonly end: () => void;
}

interface Open {
  readonly view: FileView;
  readonly guest: Guest;
  close(): void;
}

export class OpenFiles {
  readonly #options: OpenFilesOptions;
  /** By id, the longest open first. */
  readonly #open = new Map<string, Open>();

  constructor(options: OpenFilesOptions) {
    this.#options = options;
  }

  /** Newest first, logs before snapshots; a member after the other. */
  list(): StoredFile[] {
    return this.#folders().flatMap((folder) => this.#listIn(folder));
  }

  /** @throws ApiError not-found, bad-request */
  open(source: Source, path: string, guest: Guest): Opened {
    const kind = source === 'file' ? this.#kindOf(path) : 'log';
    const id = this.#options.newId();
    const { view, end } = source === 'file' ? this.#fileView(kind, path) : this.#liveView(path);
    const close = (): void => {
      view.close();
      end();
      this.#open.delete(id);
      staysLonger();
    };
    const staysLonger = guest.onLeave(close);
    this.#open.set(id, { view, guest, close });
    this.#closeOldestOf(guest);
    return { log: id, kind, path };
  }

  #fileView(kind: FileKind, path: string): Viewing {
    const { disk, clock } = this.#options;
    const lines: Lines =
      kind === 'log' ? new LogLines({ disk, path }) : new SnapshotLines(disk, path);
    return { view: new FileView({ clock, lines }), end: () => undefined };
  }

  /** @param path a member's folder; empty for whichever leads */
  #liveView(path: string): Viewing {
    const { clock, local, timings } = this.#options;
    const lines = path === '' ? this.#leaderLines() : this.#liveLines(path);
    const onNews = (): void => view.touch();
    const clients = new ClientAddresses({ clock, local, onNews });
    const timed = new TimedLines({ lines, timings, clients });
    const view = new FileView({ clock, lines: timed, isRolling: true });
    const unwatch = timings.watch(onNews);
    return {
      view,
      end: () => {
        unwatch();
        clients.close();
      },
    };
  }

  close(id: string): void {
    this.#open.get(id)?.close();
  }

  closeAll(): void {
    for (const open of [...this.#open.values()]) open.close();
  }

  /** @throws ApiError not-found */
  view(id: string): FileView {
    const open = this.#open.get(id);
    if (open === undefined) throw new ApiError('not-found', `there is no open log ${id}`);
    return open.view;
  }

  #closeOldestOf(guest: Guest): void {
    const own = [...this.#open.values()].filter((open) => open.guest === guest);
    for (const { close } of own.slice(0, Math.max(0, own.length - OPEN_MAX))) close();
  }

  /** The data folder itself for a server on its own, one below it for each member of an ensemble. */
  #folders(): Folder[] {
    const { disk, local } = this.#options;
    const { dataDir } = local;
    const folders = Array.from({ length: MEMBERS_MAX }, (_, i) => ({
      path: disk.join(dataDir, 'members', String(i + 1), VERSION_DIRECTORY),
      member: i + 1,
    }));
    const all: Folder[] = [
      { path: disk.join(dataDir, VERSION_DIRECTORY), member: null },
      ...folders,
    ];
    return all.filter(({ path }) => disk.exists(path));
  }

  #listIn(folder: Folder): StoredFile[] {
    const { disk } = this.#options;
    const files = listStored(disk, folder.path);
    return files
      .map(({ kind, name, zxid, bytes, modifiedMs }, i) => ({
        kind,
        path: disk.join(folder.path, name),
        name,
        folder: folder.path,
        member: folder.member,
        bytes,
        modifiedMs,
        zxid,
        nextZxid: kind === 'log' && files[i + 1]?.kind === 'log' ? files[i + 1]!.zxid : null,
      }))
      .sort((a, b) => (a.kind === b.kind ? b.zxid - a.zxid : a.kind === 'log' ? -1 : 1));
  }

  /** The log that a member writes, beginning with its newest file, and on into those it begins later. */
  #liveLines(path: string): LogLines {
    const folder = this.#folders().find((one) => one.path === path);
    if (folder === undefined)
      throw new ApiError('not-found', `${path} is the folder of no member of this computer`);
    const logs = (): StoredFile[] => this.#listIn(folder).filter(({ kind }) => kind === 'log');
    return new LogLines({
      disk: this.#options.disk,
      path: logs()[0]?.path ?? null,
      successor: (before) => {
        const newestFirst = logs();
        if (before === null) return newestFirst[0]?.path ?? null;
        const at = newestFirst.findIndex((file) => file.path === before);
        return at <= 0 ? null : newestFirst[at - 1]!.path;
      },
    });
  }

  /** The log of the leader, and from where it was read on that of the next one. */
  #leaderLines(): LogLines {
    const { disk, timings } = this.#options;
    const folders = this.#folders();
    if (folders.length === 0) throw new ApiError('not-found', 'no member of this computer writes');
    const logsIn = (folder: Folder | undefined): StoredFile[] =>
      folder === undefined ? [] : this.#listIn(folder).filter(({ kind }) => kind === 'log');
    const newest = (): Folder | undefined =>
      this.#folders().find(({ member }) => member === timings.leader) ??
      this.#folders().sort(
        (a, b) => (logsIn(b)[0]?.modifiedMs ?? 0) - (logsIn(a)[0]?.modifiedMs ?? 0),
      )[0];
    return new LogLines({
      disk,
      path: logsIn(newest())[0]?.path ?? null,
      successor: (before, lastZxid) => {
        const leading = newest();
        const newestFirst = logsIn(leading);
        if (before === null) return newestFirst[0]?.path ?? null;
        const at = newestFirst.findIndex((file) => file.path === before);
        if (at > 0) return newestFirst[at - 1]!.path;
        const isElsewhere = at < 0 && timings.leader !== null && leading?.member === timings.leader;
        if (!isElsewhere) return null;
        // What was read already is in it, too, up to there.
        const next = newestFirst.find(({ zxid }) => zxid <= (lastZxid ?? 0) + 1);
        return (next ?? newestFirst.at(-1))?.path ?? null;
      },
    });
  }

  #kindOf(path: string): FileKind {
    const { disk } = this.#options;
    if (!ABSOLUTE.test(path) || path.includes('\0'))
      throw new ApiError('bad-request', 'the path of a file begins at the root');
    const folder = disk.join(path, '..');
    try {
      // Only plain files are opened: reading from a pipe or a device would do something, or never end.
      const isPlain = disk
        .list(folder)
        .some(({ name }) => disk.join(folder, name) === disk.join(path));
      const kind = isPlain ? fileKindOf(disk, path) : null;
      if (kind !== null) return kind;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
    throw new ApiError(
      'not-found',
      `${path} is no log and no snapshot that this program may read. Compressed snapshots have to be unpacked first`,
    );
  }
}
