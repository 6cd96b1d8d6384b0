/**
 * Browsers that were let in, remembered over restarts of the server, so that a page that is open finds its way back.
 *
 * Only a hash of each secret is kept: whoever reads the file cannot log in with it.
 */
import { createHash } from 'node:crypto';

import { list, object, text, type TypeOf } from '#contract/checks.ts';

import { type Disk, readWhole, writeWhole } from '../../platform/disk.ts';

const remembered = object({ hashes: list(text({ max: 64 }), { max: 1000 }) });

const FILE = 'web-sessions.json';
/** Browsers logged in at the same time; the oldest is let go. */
const SESSIONS_MAX = 100;

export class WebSessions {
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #hashes: Set<string>;

  constructor(parts: { readonly disk: Disk; readonly directory: string }) {
    this.#disk = parts.disk;
    this.#directory = parts.directory;
    this.#hashes = new Set(this.#load());
  }

  has(secret: string): boolean {
    // What is compared is a hash, so that its time tells nothing of a secret.
    return this.#hashes.has(hashOf(secret));
  }

  add(secret: string): void {
    this.#hashes.add(hashOf(secret));
    for (const oldest of this.#hashes) {
      if (this.#hashes.size <= SESSIONS_MAX) break;
      this.#hashes.delete(oldest);
    }
    this.#disk.makeDirectory(this.#directory);
    const json = JSON.stringify({ hashes: [...this.#hashes] });
    writeWhole(this.#disk, this.#directory, FILE, Buffer.from(json, 'utf8'));
  }

  /** A file that cannot be understood lets nobody in. */
  #load(): readonly string[] {
    const bytes = readWhole(this.#disk, this.#disk.join(this.#directory, FILE));
    if (bytes === null) return [];
    let value: unknown;
    try {
      value = JSON.parse(bytes.toString('utf8'));
    } catch {
      return [];
    }
    if (remembered.problem(value, FILE) !== null) return [];
    return (value as TypeOf<typeof remembered>).hashes;
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
