/** A RESP connection that keeps the bytes of each reply as they came. */
import net from 'node:net';

import { endOfReply } from '../../src-server/storage/resp/reply-pieces.ts';
import { type Word, writeCommand } from '../../src-server/storage/resp/request-writer.ts';

export class RawResp {
  readonly #socket: net.Socket;
  #received: Buffer[] = [];
  #isEnded = false;
  #wake: () => void = () => undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#wake();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isEnded = true;
      this.#wake();
    });
  }

  static connect(port: number): Promise<RawResp> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, '127.0.0.1', () => resolve(new RawResp(socket)));
      socket.setNoDelay(true);
      socket.once('error', reject);
    });
  }

  send(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  /** The replies of these commands, sent as one pipeline, each as it came. */
  async pipeline(commands: readonly (readonly Word[])[]): Promise<Buffer[]> {
    this.send(Buffer.concat(commands.map(writeCommand)));
    return this.replies(commands.length);
  }

  /** Everything received since the last call, once it is enough; or when the other side has closed. */
  async until(isEnough: (bytes: Buffer) => boolean): Promise<Buffer> {
    for (;;) {
      const bytes = Buffer.concat(this.#received);
      this.#received = [bytes];
      if (this.#isEnded || isEnough(bytes)) {
        this.#received = [];
        return bytes;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** What comes until the other side closes. */
  untilClosed(): Promise<Buffer> {
    return this.until(() => false);
  }

  /** So many whole replies, fewer where the other side has closed. */
  async replies(count: number): Promise<Buffer[]> {
    const bytes = await this.until((received) => cut(received).length >= count);
    return cut(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The whole replies in these bytes. */
function cut(bytes: Buffer): Buffer[] {
  const replies: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = endOfReply(bytes, at);
    if (end < 0) return replies;
    replies.push(bytes.subarray(at, end));
    at = end;
  }
}
