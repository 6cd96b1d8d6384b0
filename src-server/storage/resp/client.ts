/**
 * A small RESP client: the console and tests come in by the same door as everybody. Commands may be sent before the last ones
 * are answered; replies come in order, so that the oldest question is always the one answered.
 */
import { Fifo } from '../../base/fifo.ts';
import type { Net, Socket, SocketHandler } from '../../platform/net.ts';
import { Push, type Reply, RespError } from './reply.ts';
import { ReplyParser } from './reply-parser.ts';
import { type Word, writeCommand } from './request-writer.ts';

export interface RespClientOptions {
  readonly net: Net;
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** RESP3 unless it says 2. */
  readonly protocol?: 2 | 3;
  readonly credentials?: { readonly name: string; readonly password: string };
  /** How CLIENT LIST names it. */
  readonly name?: string;
  readonly onPush?: (push: Push) => void;
}

/** The connection ended before an answer came; what was asked may have been done. */
export class RespLost extends Error {
  override readonly name = 'RespLost';
}

interface Question {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

export class RespClient implements SocketHandler {
  readonly #socket: Socket;
  readonly #parser = new ReplyParser();
  readonly #questions = new Fifo<Question>();
  readonly #onPush: (push: Push) => void;
  #isClosed = false;
  #unsent: Buffer[] = [];

  /** Refused as a NetError where nobody answers, as a RespError where the server does not let it in. */
  static async connect(options: RespClientOptions): Promise<RespClient> {
    const { net, host, port, timeoutMs, protocol = 3, credentials, name } = options;
    const socket = await net.connect({ host, port, timeoutMs });
    const client = new RespClient(socket, options.onPush);
    const greeting: Word[] = ['HELLO', protocol];
    if (credentials !== undefined) greeting.push('AUTH', credentials.name, credentials.password);
    if (name !== undefined) greeting.push('SETNAME', name);
    try {
      await client.call(...greeting);
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  private constructor(socket: Socket, onPush: RespClientOptions['onPush']) {
    this.#socket = socket;
    this.#onPush = onPush ?? ((): void => undefined);
    socket.attach(this);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Commands that are not answered. */
  get unanswered(): number {
    return this.#questions.length;
  }

  /** The reply to one command; an error that the server answers is thrown. */
  async call(...words: readonly Word[]): Promise<Reply> {
    const reply = await this.ask(words);
    if (reply instanceof RespError) throw reply;
    return reply;
  }

  /** The reply to one command, errors among the others. Rejected as RespLost only. */
  ask(words: readonly Word[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new RespLost('the connection is closed'));
        return;
      }
      this.#questions.push({ resolve, reject });
      this.#send(writeCommand(words));
    });
  }

  /** Several commands with one write; errors among the replies. */
  pipeline(commands: readonly (readonly Word[])[]): Promise<Reply[]> {
    return Promise.all(commands.map((words) => this.ask(words)));
  }

  close(): void {
    this.#socket.destroy();
    this.#end('the connection was closed');
  }

  /** What is asked within one turn leaves with one write. */
  #send(bytes: Buffer): void {
    this.#unsent.push(bytes);
    if (this.#unsent.length > 1) return;
    queueMicrotask(() => {
      const unsent = this.#unsent;
      this.#unsent = [];
      if (!this.#isClosed) this.#socket.write(Buffer.concat(unsent));
    });
  }

  onChunk(chunk: Buffer): void {
    this.#parser.push(chunk);
    try {
      for (;;) {
        const reply = this.#parser.next();
        if (reply === undefined) return;
        if (reply instanceof Push) this.#onPush(reply);
        else this.#questions.shift()?.resolve(reply);
      }
    } catch (error) {
      this.#socket.destroy();
      this.#end(error instanceof Error ? error.message : 'the server does not speak RESP');
    }
  }

  onDrain(): void {
    // Whoever asks waits for answers, so that little is ever queued.
  }

  onClose(reason: string | null): void {
    this.#end(reason ?? 'the server closed the connection');
  }

  #end(why: string): void {
    this.#isClosed = true;
    for (let next = this.#questions.shift(); next !== undefined; next = this.#questions.shift())
      next.reject(new RespLost(why));
  }
}
