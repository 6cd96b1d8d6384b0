/**
 * A client that writes without pause and remembers what was acknowledged, so that after a crash it can tell what must be there.
 *
 *   op 1 2 3 4 5 6 7 8 …      every 4th creates n<op>, the 2nd after that but one deletes the node before, the others count
 *   ──────────▶ sent ▲  ▲ acknowledged: all up to here are there; some up to `sent` may be, and no later one without them
 */
import { expect } from 'vitest';

import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { CreateFlag } from '../../../src-server/coordination/model/request.ts';
import { type Reply, type SessionKey, WireSession } from './wire-session.ts';

type Op =
  { readonly kind: 'count' } | { readonly kind: 'create' | 'delete'; readonly node: string };

function opAt(index: number): Op {
  if (index % 4 === 0) return { kind: 'create', node: `n${index}` };
  if (index % 4 === 2 && index > 8) return { kind: 'delete', node: `n${index - 6}` };
  return { kind: 'count' };
}

/** What the writer's nodes look like after so many of its operations. */
function stateAfter(count: number): { counter: string; version: number; nodes: string[] } {
  let [counter, version] = ['0', 0];
  const nodes = new Set<string>();
  for (let index = 1; index <= count; index++) {
    const op = opAt(index);
    if (op.kind === 'create') nodes.add(op.node);
    else if (op.kind === 'delete') nodes.delete(op.node);
    else [counter, version] = [String(index), version + 1];
  }
  return { counter, version, nodes: [...nodes].sort() };
}

export class Writer {
  readonly #home: string;
  readonly #inFlight: number;
  #session: WireSession | null = null;
  #key: SessionKey | null = null;
  #sent = 0;
  #acknowledged = 0;
  /** zxids by operation. */
  readonly #zxids: number[] = [0];
  /** The newest zxid that was seen, over every life of the server. */
  #lastZxid = 0;
  #isStopped = false;
  #done: Promise<void> = Promise.resolve();

  readonly #onAcknowledged: () => void;

  /** @param options inFlight: operations sent ahead of the answers */
  constructor(options: {
    readonly name: string;
    readonly inFlight: number;
    readonly onAcknowledged: () => void;
  }) {
    this.#home = `/${options.name}`;
    this.#inFlight = options.inFlight;
    this.#onAcknowledged = options.onAcknowledged;
  }

  /** Operations acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** A new session, or the same one again; its node says which. */
  async connect(port: number): Promise<void> {
    const timeoutMs = 60_000;
    if (this.#key !== null) {
      this.#session = await WireSession.open(port, { timeoutMs, again: this.#key });
      expect(this.#session.id, 'the session is the same').toBe(this.#key.id);
      return;
    }
    this.#session = await WireSession.open(port, { timeoutMs });
    this.#key = this.#session.key;
    for (const [path, flags] of [
      [this.#home, CreateFlag.PERSISTENT],
      [`${this.#home}/counter`, CreateFlag.PERSISTENT],
      [`${this.#home}/alive`, CreateFlag.EPHEMERAL],
    ] as const)
      expect((await this.#session.create(path, '0', { flags })).code).toBe(0);
  }

  /** Writes until the connection ends or it is told to stop. */
  start(): void {
    this.#isStopped = false;
    this.#done = this.#write();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  /** Waits for the end of the connection. */
  async ended(): Promise<void> {
    await this.#done;
    await this.#session?.closed;
  }

  /** @throws where something acknowledged is missing, or what is there is no prefix of what was sent */
  async verify(): Promise<void> {
    const session = this.#session!;
    const { body: counter } = await session.ask(OpCode.GET_DATA, { path: `${this.#home}/counter` });
    const { body: home } = await session.ask(OpCode.GET_CHILDREN2, { path: this.#home });
    const nodes = home!.names!.filter((name) => name.startsWith('n')).sort();
    const found = { counter: counter!.data!.toString(), version: counter!.stat!.version, nodes };
    const done = this.#prefixOf(found);

    expect(home!.names).toContain('alive');
    const alive = await session.ask(OpCode.EXISTS, { path: `${this.#home}/alive` });
    expect(alive.body!.stat!.ephemeralOwner).toBe(this.#key!.id);
    const counted = this.#zxids[Number(found.counter)] ?? 0;
    if (counted !== 0) expect(counter!.stat!.mzxid).toBe(counted);
    for (const node of nodes.slice(-5)) {
      const zxid = this.#zxids[Number(node.slice(1))] ?? 0;
      const { body } = await session.ask(OpCode.EXISTS, { path: `${this.#home}/${node}` });
      if (zxid !== 0) expect(body!.stat!.czxid, node).toBe(zxid);
    }
    this.#sent = this.#acknowledged = done;
    this.#zxids.length = done + 1;
  }

  #prefixOf(found: { counter: string; version: number; nodes: string[] }): number {
    const text = JSON.stringify(found);
    for (let count = this.#acknowledged; count <= this.#sent; count++)
      if (JSON.stringify(stateAfter(count)) === text) return count;
    const expected = JSON.stringify(stateAfter(this.#acknowledged));
    return expect.fail(
      `${this.#home}: ${this.#acknowledged} acknowledged of ${this.#sent} sent; found ${text}, at least ${expected}`,
    );
  }

  async #write(): Promise<void> {
    const answers: Promise<void>[] = [];
    while (!this.#isStopped) {
      const index = ++this.#sent;
      this.#zxids[index] = 0;
      answers.push(
        this.#ask(index).then(
          (reply) => this.#onAnswer(index, reply),
          // The end of the connection: whether it was done is not known.
          () => void (this.#isStopped = true),
        ),
      );
      if (answers.length >= this.#inFlight) await answers.shift();
    }
    await Promise.all(answers);
  }

  #ask(index: number): Promise<Reply> {
    const op = opAt(index);
    if (op.kind === 'count') return this.#session!.set(`${this.#home}/counter`, String(index));
    const path = `${this.#home}/${op.node}`;
    return op.kind === 'create'
      ? this.#session!.create(path, Buffer.alloc(index % 700, 'x'))
      : this.#session!.delete(path);
  }

  #onAnswer(index: number, { code, zxid }: Reply): void {
    if (code !== 0) throw new Error(`${this.#home}: operation ${index} failed with ${code}`);
    if (index !== this.#acknowledged + 1) throw new Error(`${this.#home}: answers out of order`);
    if (zxid <= this.#lastZxid) throw new Error(`${this.#home}: zxids go backwards`);
    this.#acknowledged = index;
    this.#zxids[index] = zxid;
    this.#lastZxid = zxid;
    this.#onAcknowledged();
  }
}
