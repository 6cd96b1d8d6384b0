/**
 * A load of ZooKeeper requests over many connections, with as little work of its own as possible: requests are encoded
 * once, replies only counted and checked for errors. The protocol is written out by hand, so that a server is not measured
 * with its own codec.
 */
import net from 'node:net';

const OP = { create: 1, delete: 2, getData: 4, setData: 5 } as const;
/** `mixed`: nine reads and one write, in turn. */
export type Op = 'getData' | 'setData' | 'mixed';
const HEADER_BYTES = 16;
const CREATE_FLAGS_PERSISTENT = 0;
const ANY_VERSION = -1;

/** world:anyone may do everything */
const OPEN_ACL = Buffer.concat([int32(1), int32(31), text('world'), text('anyone')]);
const CONNECT = frame(
  int32(0),
  Buffer.alloc(8),
  int32(30_000),
  Buffer.alloc(8),
  int32(16),
  Buffer.alloc(16),
);

class Connection {
  readonly #socket: net.Socket;
  #rest: Buffer = Buffer.alloc(0);
  /** Told how many replies a chunk held. */
  onReplies: (count: number) => void = () => undefined;
  onError: (error: Error) => void = (error) => {
    throw error;
  };

  constructor(socket: net.Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.onError(error));
    socket.on('close', () => this.onError(new Error('the server closed the connection')));
  }

  /** @param withinMs silence that ends the try; a server that is about to serve may let a first connection wait for good */
  static open(port: number, withinMs = 30_000): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () =>
        socket.write(CONNECT),
      );
      const onClose = (): void => reject(new Error('the server closed the connection'));
      socket.setTimeout(withinMs, () => socket.destroy());
      socket.once('error', reject);
      socket.once('close', onClose);
      socket.once('data', () => {
        socket.off('error', reject);
        socket.off('close', onClose);
        socket.setTimeout(0);
        resolve(new Connection(socket));
      });
    });
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Sends requests and waits for all their replies. */
  exchange(bytes: Buffer, replies: number, withinMs = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = replies;
      this.onError = reject;
      if (withinMs > 0) this.#socket.setTimeout(withinMs, () => this.#socket.destroy());
      this.onReplies = (count) => {
        left -= count;
        if (left === 0) resolve();
      };
      this.send(bytes);
    });
  }

  close(): void {
    this.onError = () => undefined;
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    let count = 0;
    while (at + 4 <= bytes.length) {
      const end = at + 4 + bytes.readInt32BE(at);
      if (end > bytes.length) break;
      const code = bytes.readInt32BE(at + HEADER_BYTES);
      if (code !== 0) {
        this.onError(new Error(`a request was answered with ${code}`));
        return;
      }
      at = end;
      count++;
    }
    this.#rest = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
    if (count > 0) this.onReplies(count);
  }
}

const FIRST_ANSWER_MS = 100;

/** A session and a read in it, as a client's first; rejects where nobody serves yet. */
export async function askOnce(port: number): Promise<void> {
  const connection = await Connection.open(port, FIRST_ANSWER_MS);
  await connection.exchange(getData('/'), 1);
  connection.close();
}

/** Tries that are under way at once, to one server. */
const TRIES_MAX = 50;
const TRY_EVERY_MS = 5;
const TRY_MS = 250;

/**
 * Resolves once any of these servers has acknowledged a write of a session it gave. A server that cannot serve yet may let a
 * client wait, so another one comes every few milliseconds.
 *
 * @param expectHope throws once there is none
 */
export async function firstWrite(ports: readonly number[], expectHope: () => void): Promise<void> {
  let isWritten = false;
  const attempt = async (port: number): Promise<void> => {
    const connection = await Connection.open(port, TRY_MS);
    try {
      await connection.exchange(setData('/', Buffer.alloc(0)), 1, TRY_MS);
      isWritten = true;
    } finally {
      connection.close();
    }
  };
  const knock = async (port: number): Promise<void> => {
    let underWay = 0;
    while (!isWritten) {
      expectHope();
      if (underWay < TRIES_MAX) {
        underWay++;
        attempt(port).then(
          () => underWay--,
          () => underWay--,
        );
      }
      await pause(TRY_EVERY_MS);
    }
  };
  await Promise.all(ports.map(knock));
}

export class Load {
  readonly #connections: Connection[];

  private constructor(connections: Connection[]) {
    this.#connections = connections;
  }

  /** @param ports of the servers that share the connections evenly */
  static async connect(ports: readonly number[], connections: number): Promise<Load> {
    return new Load(
      await Promise.all(
        Array.from({ length: connections }, (_, i) => Connection.open(ports[i % ports.length]!)),
      ),
    );
  }

  /** Makes nodes and everything above them; they must not exist. */
  async prepare(paths: readonly string[], data: Buffer): Promise<void> {
    const [first] = this.#connections;
    for (const path of paths) await first!.exchange(create(path, data), 1);
  }

  /**
   * Keeps so many requests in flight on every connection.
   * @returns replies per second, counted after the warm-up
   */
  async run(options: {
    readonly op: Op;
    readonly paths: readonly string[];
    readonly data: Buffer;
    readonly inFlight: number;
    readonly warmUpMs: number;
    readonly forMs: number;
  }): Promise<number> {
    const { inFlight } = options;
    let replies = 0;
    let isOver = false;
    const failures: Error[] = [];
    const idle = this.#connections.map((connection, i) => {
      const path = options.paths[i % options.paths.length]!;
      const script = new Script(requestsOf(options.op, path, options.data), inFlight);
      return new Promise<void>((resolve) => {
        let open = inFlight;
        connection.onError = (error) => {
          failures.push(error);
          resolve();
        };
        connection.onReplies = (count) => {
          replies += count;
          if (!isOver) {
            connection.send(script.next(count));
            return;
          }
          open -= count;
          if (open === 0) resolve();
        };
        connection.send(script.next(inFlight));
      });
    });
    await pause(options.warmUpMs);
    replies = 0;
    const startedMs = performance.now();
    await pause(options.forMs);
    const perSecond = (replies / (performance.now() - startedMs)) * 1000;
    isOver = true;
    await Promise.all(idle);
    if (failures[0] !== undefined) throw failures[0];
    return perSecond;
  }

  /**
   * Creates so many nodes below `parents`, one parent a connection, and deletes them again.
   * @returns creates per second
   */
  async createMany(options: {
    readonly parents: readonly string[];
    readonly data: Buffer;
    readonly inFlight: number;
    readonly perConnection: number;
  }): Promise<number> {
    const { parents, data, inFlight, perConnection } = options;
    const startedMs = performance.now();
    await this.#forEachName(parents, inFlight, perConnection, (path) => create(path, data));
    const perSecond =
      ((perConnection * this.#connections.length) / (performance.now() - startedMs)) * 1000;
    await this.#forEachName(parents, inFlight, perConnection, remove);
    return perSecond;
  }

  /** Creates so many nodes below `parents`, to stay. */
  async fill(options: {
    readonly parents: readonly string[];
    readonly data: Buffer;
    readonly inFlight: number;
    readonly perConnection: number;
  }): Promise<void> {
    const { parents, data, inFlight, perConnection } = options;
    await this.#forEachName(parents, inFlight, perConnection, (path) => create(path, data));
  }

  /** Milliseconds of each of so many requests, one after the other on one connection. */
  async latencies(options: {
    readonly path: string;
    readonly data: Buffer;
    readonly count: number;
  }): Promise<number[]> {
    const connection = this.#connections[0]!;
    const request = setData(options.path, options.data);
    const latencies: number[] = [];
    for (let i = 0; i < options.count; i++) {
      const startedMs = performance.now();
      await connection.exchange(request, 1);
      latencies.push(performance.now() - startedMs);
    }
    return latencies;
  }

  /**
   * Sends so many requests a second whether or not earlier ones are answered, reads and writes in turn.
   * @returns milliseconds of each, from when it was due to its answer, so that one slow answer does not hide the next
   */
  async paced(options: {
    readonly paths: readonly string[];
    readonly data: Buffer;
    readonly perSecond: number;
    readonly isOver: () => boolean;
  }): Promise<number[]> {
    const { paths, data, perSecond, isOver } = options;
    const latencies: number[] = [];
    const failures: Error[] = [];
    const open = this.#connections.map((connection) => {
      const due: number[] = [];
      connection.onError = (error) => failures.push(error);
      connection.onReplies = (count) => {
        const now = performance.now();
        for (const dueMs of due.splice(0, count)) latencies.push(now - dueMs);
      };
      return due;
    });
    const startedMs = performance.now();
    let sent = 0;
    while (failures.length === 0 && !(isOver() && open.every((due) => due.length === 0))) {
      const until = ((performance.now() - startedMs) / 1000) * perSecond;
      for (; sent < until && !isOver(); sent++) {
        const turn = sent % this.#connections.length;
        const path = paths[turn % paths.length]!;
        open[turn]!.push(startedMs + (sent / perSecond) * 1000);
        const isRead = Math.floor(sent / this.#connections.length) % 2 === 0;
        this.#connections[turn]!.send(isRead ? getData(path) : setData(path, data));
      }
      await pause(1);
    }
    if (failures[0] !== undefined) throw failures[0];
    return latencies;
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  async #forEachName(
    parents: readonly string[],
    inFlight: number,
    perConnection: number,
    request: (path: string) => Buffer,
  ): Promise<void> {
    await Promise.all(
      this.#connections.map(
        (connection, i) =>
          new Promise<void>((resolve, reject) => {
            const parent = parents[i % parents.length]!;
            let sent = 0;
            let answered = 0;
            const sendMore = (count: number): void => {
              const requests: Buffer[] = [];
              for (let n = 0; n < count && sent < perConnection; n++, sent++) {
                requests.push(request(`${parent}/n${String(sent).padStart(8, '0')}`));
              }
              if (requests.length > 0) connection.send(Buffer.concat(requests));
            };
            connection.onError = reject;
            connection.onReplies = (count) => {
              answered += count;
              if (answered === perConnection) resolve();
              else sendMore(count);
            };
            sendMore(inFlight);
          }),
      ),
    );
  }
}

/** Requests that a connection sends again and again, encoded once. */
class Script {
  readonly #bytes: Buffer;
  /** Where each begins; as many more as are sent at once stand behind the last, so that every slice is in one piece. */
  readonly #starts: number[] = [0];
  readonly #length: number;
  #at = 0;

  constructor(requests: readonly Buffer[], atOnce: number) {
    const repeated = Array.from(
      { length: requests.length + atOnce },
      (_, i) => requests[i % requests.length]!,
    );
    for (const { length } of repeated) this.#starts.push(this.#starts.at(-1)! + length);
    this.#bytes = Buffer.concat(repeated);
    this.#length = requests.length;
  }

  next(count: number): Buffer {
    const bytes = this.#bytes.subarray(this.#starts[this.#at], this.#starts[this.#at + count]);
    this.#at = (this.#at + count) % this.#length;
    return bytes;
  }
}

const NOTHING = Buffer.alloc(0);
const READS_A_WRITE = 9;

function requestsOf(op: Op, path: string, data: Buffer): Buffer[] {
  switch (op) {
    case 'getData':
      return [getData(path)];
    case 'setData':
      return [setData(path, data)];
    case 'mixed':
      return [...Array.from({ length: READS_A_WRITE }, () => getData(path)), setData(path, data)];
  }
}

function getData(path: string): Buffer {
  return frame(int32(1), int32(OP.getData), text(path), Buffer.from([0]));
}

function setData(path: string, data: Buffer): Buffer {
  return frame(
    int32(1),
    int32(OP.setData),
    text(path),
    int32(data.length),
    data,
    int32(ANY_VERSION),
  );
}

function create(path: string, data: Buffer): Buffer {
  return frame(
    int32(1),
    int32(OP.create),
    text(path),
    int32(data.length),
    data,
    OPEN_ACL,
    int32(CREATE_FLAGS_PERSISTENT),
  );
}

function remove(path: string): Buffer {
  return frame(int32(1), int32(OP.delete), text(path), int32(ANY_VERSION));
}

function frame(...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([int32(bytes.length), bytes]);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
