/** One client process with one session, through our own client. Whatever it asks and sees is put into the history. */
import {
  Client,
  ClientError,
  type Event,
  type Step,
} from '../../src-server/coordination/client/client.ts';
import { Code, codeName } from '../../src-server/coordination/model/codes.ts';
import type { MultiResult } from '../../src-server/coordination/wire/replies.ts';
import type { Platform } from '../../src-server/platform/platform.ts';
import type {
  Answer,
  Call,
  Change,
  History,
  Order,
  SeenEvent,
  VisitorRecord,
  Watch,
} from './history.ts';
import type { Trace } from './trace.ts';
import type { Life, World } from './world.ts';

export interface VisitorParts {
  readonly world: World;
  readonly history: History;
  readonly trace: Trace;
  readonly life: Life;
  readonly host: string;
  readonly platform: Platform;
  readonly connect: string;
  readonly sessionTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** Answers of which nobody knows whether the request was carried out. */
const UNKNOWN: ReadonlySet<number> = new Set([Code.CONNECTION_LOSS, Code.REQUEST_TIMEOUT]);

export class Visitor {
  readonly record: VisitorRecord;
  readonly life: Life;
  readonly host: string;
  readonly client: Client;
  readonly #parts: VisitorParts;
  #xid = 0;
  outstanding = 0;

  constructor(parts: VisitorParts) {
    this.#parts = parts;
    this.life = parts.life;
    this.host = parts.host;
    this.record = parts.history.newVisitor(parts.life.name);
    this.client = new Client({
      platform: parts.platform,
      connect: parts.connect,
      sessionTimeoutMs: parts.sessionTimeoutMs,
      requestTimeoutMs: parts.requestTimeoutMs,
    });
    this.client.onState(() => this.#onState());
  }

  get isOver(): boolean {
    const { kind } = this.client.state;
    return this.life.isOver || (kind !== 'connecting' && kind !== 'connected');
  }

  get isConnected(): boolean {
    return !this.life.isOver && this.client.state.kind === 'connected';
  }

  #onState(): void {
    const { world, history, trace } = this.#parts;
    const { state } = this.client;
    const { connections } = this.record;
    const last = connections.at(-1);
    if (last?.lostAt === Infinity) last.lostAt = history.moment();
    switch (state.kind) {
      case 'connected':
        this.record.sessionId = this.client.sessionId;
        this.record.timeoutMs = this.client.sessionTimeoutMs;
        connections.push({ at: history.moment(), ms: world.nowMs, lostAt: Infinity });
        trace.line(this.record.name, 'connected', state.server, hex(this.client.sessionId));
        return;
      case 'connecting':
        trace.line(this.record.name, 'connecting', state.why ?? '');
        return;
      default:
        if (state.kind === 'expired') this.record.expiredMs = world.nowMs;
        trace.line(this.record.name, state.kind);
    }
  }

  newWatch(path: string, kind: Watch['kind']): Watch {
    const watch: Watch = {
      visitor: this.record,
      path,
      kind,
      call: null,
      events: [],
      removedAt: Infinity,
      armedByConnection: this.record.connections.length,
    };
    this.record.watches.push(watch);
    return watch;
  }

  /** Asks, notes, and settles with the answer; null where nobody knows. */
  async ask(order: Order): Promise<Answer | null> {
    const { history, world, trace } = this.#parts;
    const call: Call = {
      visitor: this.record,
      xid: ++this.#xid,
      order,
      invokedAt: history.moment(),
      invokedMs: world.nowMs,
      answeredAt: Infinity,
      answeredMs: Infinity,
      answer: null,
      seenZxid: 0,
    };
    this.record.calls.push(call);
    if ('watch' in order && order.watch !== null && order.kind !== 'unwatch')
      order.watch.call = call;
    if (trace.isOn) trace.line(this.record.name, `asks ${call.xid}`, describe(order));
    this.outstanding++;
    // The moment counts in which the client's own promise settles, not when we come to look at it.
    const noted: Noted = (answered) => {
      const note = (): void => {
        call.answeredAt = history.moment();
      };
      answered.then(note, note);
      return answered;
    };
    const outcome = await this.#outcome(order, noted);
    this.outstanding--;
    // A client that closes does not care what came of it.
    const answer = order.kind === 'close' ? null : outcome;
    call.answer = answer;
    call.answeredMs = world.nowMs;
    call.seenZxid = this.client.lastZxid;
    if (order.kind === 'exists' && order.watch !== null && answer !== null)
      order.watch.kind = answer.stat === null ? 'exist' : 'data';
    if (trace.isOn) trace.line(this.record.name, `told ${call.xid}`, describeAnswer(answer));
    return answer;
  }

  async #outcome(order: Order, noted: Noted): Promise<Answer | null> {
    try {
      return await this.#carryOut(order, noted);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      return UNKNOWN.has(error.code) ? null : { ...NOTHING, code: error.code };
    }
  }

  async #carryOut(order: Order, noted: Noted): Promise<Answer> {
    const { client } = this;
    switch (order.kind) {
      case 'create': {
        const { path, stat } = await noted(
          client.create(order.path, bytes(order.data), {
            mode: order.mode,
            ttlMs: order.ttlMs,
          }),
        );
        return { ...NOTHING, path, stat };
      }
      case 'set':
        return {
          ...NOTHING,
          stat: await noted(client.setData(order.path, bytes(order.data), order.version)),
        };
      case 'delete':
        await noted(client.delete(order.path, order.version));
        return NOTHING;
      case 'check':
        throw new Error('a check stands in a multi only');
      case 'multi': {
        const parts = await noted(client.multi(order.steps.map(stepOf)));
        return { ...NOTHING, parts: parts.map(partOf) };
      }
      case 'get': {
        const { data, stat } = await noted(client.getData(order.path, this.#listener(order.watch)));
        return { ...NOTHING, data: data?.toString('latin1') ?? '', stat };
      }
      case 'exists':
        return {
          ...NOTHING,
          stat: await noted(client.exists(order.path, this.#listener(order.watch))),
        };
      case 'children': {
        const { names, stat } = await noted(
          client.getChildren(order.path, this.#listener(order.watch)),
        );
        return { ...NOTHING, names: [...names].sort(), stat };
      }
      case 'sync':
        await noted(client.sync(order.path));
        return NOTHING;
      case 'watch': {
        const recursive = order.watch.kind === 'recursive';
        await noted(client.watch(order.path, this.#listener(order.watch)!, { recursive }));
        return NOTHING;
      }
      case 'unwatch': {
        const recursive = order.watch.kind === 'recursive';
        order.watch.removedAt = this.#parts.history.moment();
        await noted(client.unwatch(order.path, this.#listener(order.watch)!, { recursive }));
        return NOTHING;
      }
      case 'reconfig':
        await noted(client.reconfigure(order));
        return NOTHING;
      case 'close':
        await noted(client.close());
        return NOTHING;
    }
  }

  readonly #listeners = new Map<Watch, (event: Event) => void>();

  #listener(watch: Watch | null): ((event: Event) => void) | undefined {
    if (watch === null) return undefined;
    let listener = this.#listeners.get(watch);
    if (listener === undefined) {
      listener = ({ kind, path, zxid }) => {
        const { history, trace } = this.#parts;
        const connection = this.record.connections.length;
        const seen: SeenEvent = { kind, path, zxid, at: history.moment(), connection };
        watch.events.push(seen);
        trace.line(this.record.name, `event ${kind}`, path, zxid);
      };
      this.#listeners.set(watch, listener);
    }
    return listener;
  }
}

type Noted = <T>(answered: Promise<T>) => Promise<T>;

const NOTHING: Answer = {
  code: Code.OK,
  path: null,
  stat: null,
  data: null,
  names: null,
  parts: null,
};

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function stepOf(change: Change): Step {
  switch (change.kind) {
    case 'create':
      return {
        kind: 'create',
        path: change.path,
        data: bytes(change.data),
        options: { mode: change.mode, ttlMs: change.ttlMs },
      };
    case 'set':
      return { ...change, data: bytes(change.data) };
    default:
      return change;
  }
}

function partOf({ code, path, stat }: MultiResult): Omit<Answer, 'parts' | 'names' | 'data'> {
  return { code: code as Code, path, stat };
}

export function hex(id: bigint): string {
  return `0x${BigInt.asUintN(64, id).toString(16)}`;
}

export function describe(order: Order): string {
  switch (order.kind) {
    case 'multi':
      return `multi [${order.steps.map(describe).join(', ')}]`;
    case 'close':
      return 'close';
    case 'reconfig': {
      const { joining, leaving, members, fromVersion } = order;
      const what = members ?? `${joining ?? 'nobody'} comes, ${leaving ?? 'nobody'} goes`;
      return `reconfigure ${what}${fromVersion < 0 ? '' : ` from ${fromVersion.toString(16)}`}`;
    }
    case 'create':
      return `create ${order.path} ${order.mode} ${short(order.data)}`;
    case 'set':
      return `set ${order.path} v${order.version} ${short(order.data)}`;
    case 'delete':
    case 'check':
      return `${order.kind} ${order.path} v${order.version}`;
    case 'sync':
      return `sync ${order.path}`;
    default:
      return `${order.kind} ${order.path}${order.watch === null ? '' : ` with ${order.watch.kind} watch`}`;
  }
}

function short(data: string): string {
  return data.length <= 24 ? data : `${data.slice(0, 16)}… (${data.length})`;
}

export function describeAnswer(answer: Answer | null): string {
  if (answer === null) return 'nobody knows';
  const { code, path, stat, data, names, parts } = answer;
  const said = [codeName(code)];
  if (path !== null) said.push(path);
  if (stat !== null)
    said.push(
      `v${stat.version} c${stat.cversion} m${stat.mzxid} p${stat.pzxid} n${stat.numChildren}`,
    );
  if (data !== null) said.push(short(data));
  if (names !== null) said.push(names.join(' '));
  if (parts !== null) said.push(parts.map((part) => codeName(part.code)).join(' '));
  return said.join(' ');
}
