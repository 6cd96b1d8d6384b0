/**
 * A node-zookeeper-client that asks what it is told to: orders come in as lines of JSON, what becomes of them goes out the same
 * way (record.ts tells what the lines mean).
 *
 *   node-writer.ts <hosts> <session timeout, ms> <beginning of the run, ns>
 *
 * The client is used as anybody uses it. What it does not tell its user, such as the numbers of its requests, is read from its
 * connection manager: a request is noted before its bytes are made, and after its answer came.
 */
import fs from 'node:fs';
import readline from 'node:readline';

import zookeeper from 'node-zookeeper-client';

import type { Change, Mode, Order } from '../sim/history.ts';
import type { SaidAnswer, SaidPart, SaidStat } from './record.ts';
import type { WriterOrder } from './writers.ts';

const [hosts = '', timeoutMs = '', beganNs = ''] = process.argv.slice(2);

function now(): number {
  return Number(process.hrtime.bigint() - BigInt(beganNs));
}

function say(line: object): void {
  fs.writeSync(1, `${JSON.stringify(line)}\n`);
}

// --- what the client has inside ---

interface RawStat {
  readonly [name: string]: number | Buffer;
}

interface RawRequest {
  readonly header: { xid: number; readonly type: number };
  toBuffer(): Buffer;
}

interface RawResponse {
  readonly header: { readonly zxid: Buffer; readonly err: number };
  readonly payload: {
    readonly path?: string;
    readonly stat?: RawStat;
    readonly data?: Buffer;
    readonly children?: readonly string[];
    readonly results?: readonly {
      readonly err?: number;
      readonly path?: string;
      readonly stat?: RawStat;
    }[];
  } | null;
}

type Settle = (error: unknown, response?: RawResponse) => void;

interface ConnectionManager {
  readonly sessionId: Buffer;
  readonly sessionTimeout: number;
  /** Of the next request. */
  xid: number;
  queue(request: RawRequest, settle?: Settle): void;
}

interface Inside {
  readonly connectionManager: ConnectionManager;
}

const CLOSE_SESSION = -11;
const NOTHING: SaidAnswer = {
  code: 0,
  path: null,
  stat: null,
  data: null,
  names: null,
  parts: null,
};

function statOf(raw: RawStat): SaidStat {
  const plain = Object.entries(raw).flatMap(([name, value]) => {
    if (typeof value === 'number') return [[name, value] as const];
    if (!Buffer.isBuffer(value)) return [];
    const text = value.readBigInt64BE().toString();
    return [[name, name === 'ephemeralOwner' ? text : Number(text)] as const];
  });
  return Object.fromEntries(plain) as unknown as SaidStat;
}

function answerOf({ header, payload }: RawResponse): SaidAnswer {
  if (payload === null) return { ...NOTHING, code: header.err };
  const { path, stat, data, children, results } = payload;
  return {
    code: header.err,
    path: path ?? null,
    stat: stat === undefined ? null : statOf(stat),
    data: data?.toString('latin1') ?? null,
    names: children?.toSorted() ?? null,
    parts: results?.map(partOf) ?? null,
  };
}

function partOf(
  result: NonNullable<NonNullable<RawResponse['payload']>['results']>[number],
): SaidPart {
  return {
    code: result.err ?? 0,
    path: result.path ?? null,
    stat: result.stat === undefined ? null : statOf(result.stat),
  };
}

// --- one session ---

class Session {
  readonly #client: zookeeper.Client;
  /** What the client is being given right now. */
  #giving: number | null = null;
  /** Given to the client, and neither answered nor given up. */
  readonly #open = new Set<number>();
  isOver = false;

  constructor() {
    this.#client = zookeeper.createClient(hosts, {
      sessionTimeout: Number(timeoutMs),
      spinDelay: 200,
    });
    const { connectionManager } = this.#client as unknown as Inside;
    // It begins at 0, which in the log is the number of what members do by themselves.
    connectionManager.xid = 1;
    const queue = connectionManager.queue.bind(connectionManager);
    connectionManager.queue = (request, settle) => {
      const order = request.header.type === CLOSE_SESSION ? 'close' : this.#giving;
      // Pings are the client's own.
      if (order === null) {
        queue(request);
        return;
      }
      this.#noting(request, order);
      queue(request, this.#noted(order, settle ?? (() => undefined)));
    };
    this.#client.on('connected', () => {
      const session = this.#sessionId();
      say({ event: 'connected', at: now(), session, timeoutMs: connectionManager.sessionTimeout });
    });
    this.#client.on('expired', () => this.#end());
    this.#client.connect();
  }

  #sessionId(): string {
    return this.#client.getSessionId().readBigInt64BE().toString();
  }

  #noting(request: RawRequest, order: number | 'close'): void {
    const toBuffer = request.toBuffer.bind(request);
    request.toBuffer = () => {
      const session = this.#sessionId();
      say({ event: 'ask', at: now(), order, session, xid: request.header.xid });
      return toBuffer();
    };
  }

  #noted(order: number | 'close', settle: Settle): Settle {
    return (error, response) => {
      const at = now();
      if (order !== 'close') this.#open.delete(order);
      if (response === undefined) {
        say({ event: 'lost', at, order });
      } else {
        const zxid = Number(response.header.zxid.readBigInt64BE());
        say({ event: 'told', at, order, zxid, answer: answerOf(response) });
      }
      settle(error, response);
    };
  }

  /** The client forgets those it had not sent. */
  #end(): void {
    this.isOver = true;
    for (const order of this.#open) say({ event: 'lost', at: now(), order });
    this.#open.clear();
  }

  ask(number: number, order: Order): void {
    this.#giving = number;
    this.#open.add(number);
    this.#give(order);
    this.#giving = null;
  }

  #give(order: Order): void {
    const client = this.#client;
    const ignore = (): void => undefined;
    switch (order.kind) {
      case 'create':
        client.create(order.path, bytes(order.data), MODES[order.mode], ignore);
        return;
      case 'set':
        client.setData(order.path, bytes(order.data), order.version, ignore);
        return;
      case 'delete':
        client.remove(order.path, order.version, ignore);
        return;
      case 'get':
        client.getData(order.path, ignore);
        return;
      case 'exists':
        client.exists(order.path, ignore);
        return;
      case 'children':
        client.getChildren(order.path, ignore);
        return;
      case 'multi':
        this.#multi(order.steps);
        return;
      default:
        throw new Error(`this client knows no ${order.kind}`);
    }
  }

  #multi(steps: readonly Change[]): void {
    const transaction = this.#client.transaction();
    for (const step of steps) {
      switch (step.kind) {
        case 'create':
          transaction.create(step.path, bytes(step.data), MODES[step.mode]);
          break;
        case 'set':
          transaction.setData(step.path, bytes(step.data), step.version);
          break;
        case 'delete':
          transaction.remove(step.path, step.version);
          break;
        case 'check':
          transaction.check(step.path, step.version);
      }
    }
    transaction.commit(() => undefined);
  }

  close(): void {
    this.#client.close();
  }
}

const MODES: Readonly<Record<Mode, number>> = {
  persistent: 0,
  ephemeral: 1,
  'persistent-sequential': 2,
  'ephemeral-sequential': 3,
  container: 4,
  'persistent-ttl': 5,
};

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

let session = new Session();
let isClosing = false;
readline
  .createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { number, order } = JSON.parse(line) as WriterOrder;
    if (session.isOver) session = new Session();
    isClosing = order === 'close';
    if (order === 'close') session.close();
    else session.ask(number, order);
  })
  .on('close', () => {
    if (!isClosing) process.exit(1);
  });
