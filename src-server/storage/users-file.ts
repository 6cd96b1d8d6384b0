/** The file that says who may come in: read at the start, and again whenever it has changed. */
import { err, type Result } from '../base/result.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import { type Disk, DiskError, readWhole } from '../platform/disk.ts';
import type { Logger } from '../platform/logger.ts';
import { parseUsers, type UserRecord } from './resp/users.ts';

export interface UsersWatchParts {
  readonly file: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: (records: readonly UserRecord[]) => void;
}

const LOOK_MS = 1000;

export function readUsers(disk: Disk, file: string): Result<readonly UserRecord[], string> {
  return usersIn(file, textOf(disk, file));
}

/** Those who were let in last stay so while the file is missing or cannot be understood: it may be half written. */
export class UsersWatch {
  readonly #parts: UsersWatchParts;
  #seen: string | null;
  #timer: Timer;

  constructor(parts: UsersWatchParts) {
    this.#parts = parts;
    this.#seen = textOf(parts.disk, parts.file);
    this.#timer = parts.clock.after(LOOK_MS, () => this.#look());
  }

  close(): void {
    this.#timer.cancel();
  }

  #look(): void {
    const { file, disk, clock, logger, onChange } = this.#parts;
    this.#timer = clock.after(LOOK_MS, () => this.#look());
    const text = textOf(disk, file);
    if (text === this.#seen) return;
    this.#seen = text;
    const users = usersIn(file, text);
    if (!users.ok) {
      logger.warn('users stay as they were', { why: users.error });
      return;
    }
    logger.info('users are those of the file as it is now', { file, count: users.value.length });
    onChange(users.value);
  }
}

function usersIn(file: string, text: string | null): Result<readonly UserRecord[], string> {
  if (text === null) return err(`${file} is missing: nobody could come in`);
  const users = parseUsers(text);
  return users.ok ? users : err(`${file}: ${users.error}`);
}

function textOf(disk: Disk, file: string): string | null {
  try {
    return readWhole(disk, file)?.toString('utf8') ?? null;
  } catch (error) {
    if (error instanceof DiskError) return null;
    throw error;
  }
}
