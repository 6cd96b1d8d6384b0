/**
 * Every log that a member ever had, for the judge: a second name for each file as soon as it appears, so that it stays when the
 * member removes it. Members do so when a leader's snapshot replaces what they had.
 *
 *   archive/1/log.100000001  log.100000200        what stood there together until one of them was removed
 *   archive/2/log.300000017                       what came then
 */
import fs from 'node:fs';
import path from 'node:path';

import { VERSION_DIRECTORY } from '../../src-server/coordination/journal/journal.ts';
import type { Clock } from '../../src-server/platform/clock.ts';
import { type Copy, entriesIn } from '../sim/ledger.ts';

const LOG = /^log\.([0-9a-f]+)$/;

export class LogArchive {
  readonly #directory: string;
  readonly #folder: string;
  readonly #watcher: fs.FSWatcher;
  /** By inode: a name may come back with another file behind it. */
  #known = new Map<string, number>();
  #generation = 1;

  constructor(options: { readonly dataDir: string; readonly folder: string }) {
    this.#directory = path.join(options.dataDir, VERSION_DIRECTORY);
    this.#folder = options.folder;
    fs.mkdirSync(this.#directory, { recursive: true });
    this.#watcher = fs.watch(this.#directory, () => this.#look());
    this.#look();
  }

  #look(): void {
    const found = new Map<string, number>();
    for (const name of fs.readdirSync(this.#directory)) {
      const facts = LOG.test(name)
        ? fs.statSync(path.join(this.#directory, name), { throwIfNoEntry: false })
        : undefined;
      if (facts !== undefined) found.set(name, facts.ino);
    }
    if ([...this.#known].some(([name, inode]) => found.get(name) !== inode)) {
      this.#generation++;
      this.#known = new Map();
    }
    const folder = path.join(this.#folder, String(this.#generation));
    fs.mkdirSync(folder, { recursive: true });
    for (const [name, inode] of found) {
      if (this.#known.has(name)) continue;
      try {
        fs.linkSync(path.join(this.#directory, name), path.join(folder, name));
        this.#known.set(name, inode);
      } catch (error) {
        // Removed since: the next look will tell.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }

  close(): void {
    this.#watcher.close();
    this.#look();
  }
}

/** The archived files, each with the end of the one that stood before it. */
export function archivedCopies(folder: string, name: string, clock: Clock): Copy[] {
  const generations = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return generations.flatMap((generation) => {
    // The first log of all follows the empty tree.
    let last = generation === '1' ? 0 : null;
    return logsIn(path.join(folder, generation)).map((file): Copy => {
      const entries = entriesIn(fs.readFileSync(path.join(folder, generation, file)), clock);
      const snapshots = last === null ? [] : [last];
      last = entries.at(-1)?.zxid ?? last;
      return { name: `${file} that ${name} had`, entries, snapshots, files: new Set() };
    });
  });
}

/** Oldest first. */
function logsIn(folder: string): string[] {
  const zxid = (name: string): number => Number.parseInt(LOG.exec(name)?.[1] ?? '0', 16);
  return fs.readdirSync(folder).sort((a, b) => zxid(a) - zxid(b));
}
