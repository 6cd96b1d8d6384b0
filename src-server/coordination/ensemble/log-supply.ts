/** What learners that lag far get from the log on disk: a cursor for each of them, a piece at a time, when their link has room. */
import type { Zxid } from '../../base/zxid.ts';
import type { Clock } from '../../platform/clock.ts';
import { DiskError } from '../../platform/disk.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Journal, LogCursor } from '../journal/journal.ts';
import { JournalError } from '../journal/journal-error.ts';
import type { ReadLog } from '../zab/effects.ts';
import type { LinkId, LogRead } from '../zab/events.ts';
import type { Link } from './link.ts';
import { proposalOf } from './loading.ts';

export interface LogSupplyParts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly linkById: (id: LinkId) => Link | null;
  /** A learner gets transactions as long as they take no more than this share of a snapshot. */
  readonly shareMax: number;
  readonly lastZxid: () => Zxid;
  readonly report: (event: LogRead) => void;
}

export class LogSupply {
  readonly #parts: LogSupplyParts;
  readonly #cursors = new Map<LinkId, LogCursor>();
  /** Counts roles: what an earlier one asked for is of no interest. */
  #role = 0;

  constructor(parts: LogSupplyParts) {
    this.#parts = parts;
  }

  /** The role that asked ended; nothing is reported any more. */
  end(): void {
    this.#role++;
    this.#cursors.clear();
  }

  read(effect: ReadLog): void {
    const { linkById, journal, lastZxid } = this.#parts;
    const { link, upTo } = effect;
    const begin = this.#whileWanted(() => this.#begin(effect));
    linkById(link)?.whenRoom(
      // What is in the log, and not yet in the file, is on its way there.
      this.#whileWanted(() => journal.whenDurable(min(upTo, lastZxid()), begin)),
    );
  }

  #begin(effect: ReadLog): void {
    this.#forgetClosed();
    const kept = this.#cursors.get(effect.link);
    if (effect.isContinued && kept?.last === effect.from) {
      this.#sendPiece(effect, kept);
      return;
    }
    this.#seek(effect, this.#parts.journal.cursor());
  }

  /** A slice of the way each turn. */
  #seek(effect: ReadLog, cursor: LogCursor): void {
    const { clock } = this.#parts;
    const { from, isContinued } = effect;
    const found = this.#attempt(() => cursor.seek(from, isContinued ? 'behind' : 'before'));
    switch (found) {
      case 'later':
        clock.defer(this.#whileWanted(() => this.#seek(effect, cursor)));
        return;
      case 'found':
        if (isContinued || this.#isWorthReading(cursor)) this.#sendPiece(effect, cursor);
        else this.#refuse(effect);
        return;
      case 'missing':
      case null:
        this.#refuse(effect);
    }
  }

  #isWorthReading(cursor: LogCursor): boolean {
    const { journal, shareMax } = this.#parts;
    const bytes = this.#attempt(() => cursor.bytesLeft());
    return bytes !== null && bytes <= shareMax * journal.newestSnapshotBytes;
  }

  #sendPiece(effect: ReadLog, cursor: LogCursor): void {
    const { link, upTo } = effect;
    const piece = this.#attempt(() => cursor.read(upTo));
    if (piece === null) {
      this.#refuse(effect);
      return;
    }
    this.#cursors.set(link, cursor);
    const { entries, end } = piece;
    this.#parts.report({ kind: 'logRead', link, entries: entries.map(proposalOf), end });
  }

  #refuse({ link }: ReadLog): void {
    this.#cursors.delete(link);
    this.#parts.report({ kind: 'logRead', link, entries: [], end: 'unusable' });
  }

  #forgetClosed(): void {
    for (const link of this.#cursors.keys())
      if (this.#parts.linkById(link) === null) this.#cursors.delete(link);
  }

  #whileWanted(run: () => void): () => void {
    const role = this.#role;
    return () => {
      if (role === this.#role) run();
    };
  }

  /** Null where the log cannot be read: files may be damaged, or purged while they are looked for. */
  #attempt<T>(look: () => T): T | null {
    try {
      return look();
    } catch (error) {
      if (!(error instanceof JournalError || error instanceof DiskError)) throw error;
      this.#parts.logger.warn('the log cannot be read for a learner, which gets a snapshot', {
        problem: error.message,
      });
      return null;
    }
  }
}

function min(a: Zxid, b: Zxid): Zxid {
  return a < b ? a : b;
}
