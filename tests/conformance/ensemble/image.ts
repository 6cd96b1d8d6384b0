/** The image of a state as it goes over the quorum port, read and written without any of the server's own state. */
import { Reader } from '../../../src-server/bytes/reader.ts';
import type { Writer } from '../../../src-server/bytes/writer.ts';
import type { ImageSink, ImageSource } from '../../../src-server/coordination/ensemble/link.ts';
import { OPEN_ACL } from '../../../src-server/coordination/model/acl.ts';
import { readAcl, writeAcl } from '../../../src-server/coordination/wire/jute.ts';

/** A node's stat as it is stored: seven long and three short fields. */
const STAT_BYTES = 68 - 8;

/** Reads an image anew whenever more of it has come: fine for small ones. */
export class ImageReading implements ImageSink {
  isWhole = false;
  sessions: bigint[] = [];
  nodes = new Map<string, string | null>();

  take(bytes: Buffer): number {
    const reader = new Reader().reset(bytes, 0, bytes.length);
    this.sessions = [];
    this.nodes = new Map();
    for (let left = reader.int32(); left > 0 && reader.ok; left--) {
      this.sessions.push(reader.bigint());
      reader.int32();
    }
    for (let left = reader.int32(); left > 0 && reader.ok; left--) {
      reader.bigint();
      readAcl(reader);
    }
    for (;;) {
      const path = reader.string();
      if (isCut(reader) || path === null) return 0;
      if (path === '/') {
        this.isWhole = true;
        return reader.at;
      }
      this.nodes.set(path, reader.view()?.toString('utf8') ?? null);
      reader.bigint();
      reader.skip(STAT_BYTES);
    }
  }
}

function isCut(reader: Reader): boolean {
  return !reader.ok;
}

/** A small tree, one node a slice. */
export class ImageWriting implements ImageSource {
  isClosed = false;
  readonly #paths: readonly string[];
  readonly #data: string;
  #written = 0;

  constructor(paths: readonly string[], data: string) {
    this.#paths = ['', '/zookeeper', '/zookeeper/config', '/zookeeper/quota', ...paths];
    this.#data = data;
  }

  readonly restMs = 0;

  writeSlice(writer: Writer): boolean {
    if (this.#written === 0) {
      writer.int32(0);
      writer.int32(1);
      writer.long(1);
      writeAcl(writer, OPEN_ACL);
    }
    const path = this.#paths[this.#written++];
    if (path === undefined) {
      writer.string('/');
      return false;
    }
    writer.string(path);
    writer.buffer(Buffer.from(path.startsWith('/zookeeper') || path === '' ? '' : this.#data));
    writer.long(1);
    writer.zeros(STAT_BYTES);
    return true;
  }

  close(): void {
    this.isClosed = true;
  }
}
