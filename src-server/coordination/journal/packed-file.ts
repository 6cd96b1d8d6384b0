/** Snapshots as files to read from, packed or not: by their names, as Apache has them. */
import { BadPacking, ByteSource } from '../../bytes/byte-source.ts';
import { inflate } from '../../bytes/inflate.ts';
import { unsnap } from '../../bytes/snappy.ts';
import type { Disk, DiskFile } from '../../platform/disk.ts';
import { JournalError } from './journal-error.ts';

export interface ReadableFile {
  /** Of a packed file: no less than it is, until a read was short. */
  size(): number;
  /** What is probably meant by all of it, for people who wait. */
  readonly sizeGuess: number;
  /** @throws DiskError, JournalError for a packed file that is damaged */
  read(into: Uint8Array, at: number): number;
  close(): void;
}

const ENDINGS = { '.gz': inflate, '.snappy': unsnap } as const;

/** Deflate makes no more than so many bytes of one. */
const GROWTH_MAX = 1032;
const GROWTH_GUESS = 4;

export function isPacked(path: string): boolean {
  return Object.keys(ENDINGS).some((ending) => path.endsWith(ending));
}

/** @throws DiskError */
export function openReadable(disk: Disk, path: string): ReadableFile {
  const file = disk.open(path, 'read');
  const ending = Object.entries(ENDINGS).find(([end]) => path.endsWith(end));
  if (ending !== undefined) return new PackedFile(path, file, ending[1]);
  const size = file.size();
  return {
    size: () => size,
    sizeGuess: size,
    read: (into, at) => file.read(into, at),
    close: () => file.close(),
  };
}

/** Reads on from where it was; to go back it begins anew. */
class PackedFile implements ReadableFile {
  readonly #path: string;
  readonly #file: DiskFile;
  readonly #unpack: (source: ByteSource) => Generator<Buffer, void>;
  #pieces: Generator<Buffer, void>;
  #piece: Buffer = Buffer.alloc(0);
  /** Where in the unpacked file the piece begins. */
  #pieceAt = 0;

  constructor(
    path: string,
    file: DiskFile,
    unpack: (source: ByteSource) => Generator<Buffer, void>,
  ) {
    this.#path = path;
    this.#file = file;
    this.#unpack = unpack;
    this.#pieces = this.#begin();
  }

  #begin(): Generator<Buffer, void> {
    return this.#unpack(new ByteSource((into, at) => this.#file.read(into, at)));
  }

  size(): number {
    return this.#file.size() * GROWTH_MAX;
  }

  get sizeGuess(): number {
    return this.#file.size() * GROWTH_GUESS;
  }

  read(into: Uint8Array, at: number): number {
    if (at < this.#pieceAt) {
      this.#pieces = this.#begin();
      this.#piece = Buffer.alloc(0);
      this.#pieceAt = 0;
    }
    let read = 0;
    while (read < into.length) {
      const from = at + read - this.#pieceAt;
      if (from < this.#piece.length) {
        const part = this.#piece.subarray(from, from + into.length - read);
        into.set(part, read);
        read += part.length;
      } else if (!this.#next()) {
        break;
      }
    }
    return read;
  }

  #next(): boolean {
    try {
      const next = this.#pieces.next();
      if (next.done === true) return false;
      this.#pieceAt += this.#piece.length;
      this.#piece = next.value;
      return true;
    } catch (error) {
      if (!(error instanceof BadPacking)) throw error;
      throw new JournalError(
        'damaged',
        this.#path,
        null,
        `it cannot be unpacked: ${error.message}`,
        'An older snapshot is tried; without one, restore the directory from a backup',
      );
    }
  }

  close(): void {
    this.#file.close();
  }
}
