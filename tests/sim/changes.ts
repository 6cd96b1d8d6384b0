/**
 * Random work for a state machine: requests of every writing kind, many of them refused, proposed ahead of being applied.
 */
import type { Prng } from '../../src-server/base/prng.ts';
import { nextZxid, type Zxid } from '../../src-server/base/zxid.ts';
import {
  type Acl,
  type Identity,
  OPEN_ACL,
  READ_ACL,
} from '../../src-server/coordination/model/acl.ts';
import { OpCode } from '../../src-server/coordination/model/ops.ts';
import type { Outcome } from '../../src-server/coordination/model/outcome.ts';
import { CreateFlag, NO_TTL, Request } from '../../src-server/coordination/model/request.ts';
import type { Txn } from '../../src-server/coordination/model/txn.ts';
import { Machine, NO_ROW } from '../../src-server/coordination/state/machine.ts';

export function newMachine(rules: Partial<ConstructorParameters<typeof Machine>[0]> = {}): Machine {
  return new Machine({
    extendedTypes: true,
    skipAcl: false,
    enforceQuota: false,
    reconfigEnabled: false,
    compat38: false,
    digests: true,
    hashSeed: 7,
    ...rules,
  });
}

/** A machine with what is proposed to it and not applied yet. */
export class Pipeline {
  readonly machine: Machine;
  /** Proposed, oldest first. */
  readonly waiting: Txn[] = [];
  /** Every transaction so far, for replay. */
  readonly log: Txn[] = [];
  timeMs = 1_700_000_000_000;
  /** Sees to it that everything proposed is applied. */
  settle: () => void = () => this.applyAll();
  #lastProposed: Zxid;
  #lastSession: bigint;

  constructor(machine: Machine, lastSession = 0x0100_0000_0000_0000n) {
    this.machine = machine;
    this.#lastProposed = machine.lastZxid;
    this.#lastSession = lastSession;
  }

  get lastProposed(): Zxid {
    return this.#lastProposed;
  }

  newSession(timeoutMs = 10_000): bigint {
    const request = new Request(OpCode.CREATE_SESSION);
    request.timeoutMs = timeoutMs;
    this.propose(request, ++this.#lastSession);
    return this.#lastSession;
  }

  propose(request: Request, sessionId: bigint): Txn {
    this.#lastProposed = nextZxid(this.#lastProposed);
    const txn = this.machine.prepare(request, {
      session: this.machine.session(sessionId) ?? null,
      sessionId,
      zxid: this.#lastProposed,
      timeMs: this.timeMs,
    });
    this.waiting.push(txn);
    this.log.push(txn);
    return txn;
  }

  /** Applies the oldest proposal. */
  applyOne(): Outcome | null {
    const txn = this.waiting.shift();
    return txn === undefined ? null : this.machine.apply(txn);
  }

  applyAll(): void {
    while (this.waiting.length > 0) this.applyOne();
  }

  /** Proposes and applies at once. */
  do(request: Request, sessionId: bigint): Outcome {
    this.applyAll();
    this.propose(request, sessionId);
    return this.applyOne()!;
  }
}

export const ANN: Identity = { scheme: 'digest', id: 'ann:uyO1bdrZ3Y9h3Eq5zJYrTzYc4pE=' };
export const BOB: Identity = { scheme: 'digest', id: 'bob:8xJ5m3iT6oQXkOJ2cG7sZ1n9wqE=' };

const ACLS: readonly Acl[] = [
  OPEN_ACL,
  [{ permissions: 31, scheme: 'auth', id: '' }],
  [{ permissions: 31, scheme: 'digest', id: ANN.id }, ...READ_ACL],
  [{ permissions: 31, scheme: 'ip', id: '127.0.0.1/8' }],
  [{ permissions: 23, scheme: 'digest', id: BOB.id }],
  [],
];

/** Few names, so that paths meet again; some are not ASCII, one needs three bytes a character. */
const NAMES = ['a', 'b', 'c', 'größe', '路', '路径', 'queue-', 'x.y'] as const;

const KINDS = [
  [OpCode.CREATE, CreateFlag.PERSISTENT, 12],
  [OpCode.CREATE, CreateFlag.EPHEMERAL, 6],
  [OpCode.CREATE2, CreateFlag.PERSISTENT_SEQUENTIAL, 4],
  [OpCode.CREATE, CreateFlag.EPHEMERAL_SEQUENTIAL, 3],
  [OpCode.CREATE_CONTAINER, CreateFlag.CONTAINER, 3],
  [OpCode.CREATE_TTL, CreateFlag.PERSISTENT_WITH_TTL, 2],
  [OpCode.CREATE_TTL, CreateFlag.PERSISTENT_SEQUENTIAL_WITH_TTL, 1],
] as const;

export class Changes {
  readonly #random: Prng;
  readonly #depthMax: number;
  readonly sessions: bigint[] = [];

  constructor(random: Prng, options: { readonly depthMax?: number } = {}) {
    this.#random = random;
    this.#depthMax = options.depthMax ?? 4;
  }

  /** Proposes one more change, of whatever kind. */
  propose(pipeline: Pipeline): Txn {
    const random = this.#random;
    pipeline.timeMs += random.below(20);
    if (this.sessions.length === 0 || random.chance(0.02)) {
      this.sessions.push(pipeline.newSession(random.between(4000, 40_000)));
      const txn = pipeline.log.at(-1)!;
      // Nobody can ask for anything before his session exists.
      pipeline.settle();
      return txn;
    }
    const session = random.pick(this.sessions);
    if (random.chance(0.015)) {
      // Sometimes it is closed twice, or asks for something more before that is applied.
      if (random.chance(0.8)) this.sessions.splice(this.sessions.indexOf(session), 1);
      return pipeline.propose(new Request(OpCode.CLOSE_SESSION), session);
    }
    if (random.chance(0.02)) {
      const request = new Request(OpCode.DELETE_CONTAINER);
      request.path = this.#path();
      return pipeline.propose(request, 0n);
    }
    const request = random.chance(0.15) ? this.#multi() : this.#change();
    request.xid = random.between(1, 1000);
    request.identities = this.#identities();
    return pipeline.propose(request, session);
  }

  #change(): Request {
    const random = this.#random;
    const choice = random.below(100);
    if (choice < 45) return this.#create();
    if (choice < 65) return this.#named(OpCode.DELETE);
    if (choice < 90) {
      const request = this.#named(OpCode.SET_DATA);
      request.data = this.#data();
      return request;
    }
    const request = this.#named(OpCode.SET_ACL);
    request.acl = random.pick(ACLS);
    return request;
  }

  #create(): Request {
    const random = this.#random;
    let draw = random.below(KINDS.reduce((sum, [, , weight]) => sum + weight, 0));
    const [op, flags] = KINDS.find(([, , weight]) => (draw -= weight) < 0)!;
    const request = new Request(op);
    request.path = this.#path();
    request.flags = flags;
    request.ttlMs = op === OpCode.CREATE_TTL ? random.between(1, 100_000) : NO_TTL;
    request.data = this.#data();
    request.acl = random.chance(0.7) ? OPEN_ACL : random.pick(ACLS);
    return request;
  }

  #multi(): Request {
    const random = this.#random;
    const request = new Request(OpCode.MULTI);
    request.ops = Array.from({ length: random.below(5) }, () => {
      const part = random.chance(0.15) ? this.#named(OpCode.CHECK) : this.#change();
      return part.op === OpCode.SET_ACL ? this.#create() : part;
    });
    return request;
  }

  #named(op: OpCode): Request {
    const request = new Request(op);
    request.path = this.#path();
    request.version = this.#random.chance(0.8) ? -1 : this.#random.below(4);
    return request;
  }

  #path(): string {
    const random = this.#random;
    let path = '';
    const depth = random.between(1, this.#depthMax);
    for (let i = 0; i < depth; i++) path += `/${random.pick(NAMES)}`;
    return random.chance(0.02) ? random.pick(['/', '/zookeeper/x', '/a//b', '']) : path;
  }

  #data(): Uint8Array | null {
    const random = this.#random;
    if (random.chance(0.1)) return null;
    const length = random.chance(0.05) ? random.below(2000) : random.below(100);
    return new Uint8Array(length).fill(random.chance(0.2) ? 0 : random.below(256));
  }

  #identities(): readonly Identity[] {
    const address: Identity = { scheme: 'ip', id: '127.0.0.1' };
    const draw = this.#random.below(4);
    if (draw === 0) return [address];
    return draw === 1 ? [address, BOB] : [address, ANN];
  }
}

/** Every node with all that is known about it, in the order of paths; figures the member keeps itself left out. */
export function describeState(machine: Machine): string[] {
  const { nodes } = machine;
  const lines: string[] = [];
  const visit = (path: string): void => {
    const row = machine.find(path);
    const data = path.endsWith('/zookeeper_stats') ? null : nodes.copyData(row);
    const { owner, stat, acl } = {
      owner: nodes.owner(row),
      stat: nodes.stat(row),
      acl: machine.aclOf(row),
    };
    const facts = Object.entries(stat).map(([name, value]) => `${name}=${String(value)}`);
    lines.push(
      [
        path,
        data === null ? 'null' : Buffer.from(data).toString('hex'),
        `owner=${owner}`,
        ...facts,
        JSON.stringify(acl),
      ].join(' '),
    );
    for (let child = nodes.firstChild(row); child !== NO_ROW; child = nodes.nextSibling(child))
      visit(machine.pathOf(child));
  };
  visit('/');
  for (const { id, timeoutMs } of machine.sessions)
    lines.push(
      `session ${id} ${timeoutMs} ${machine.ephemeralPathsOf(id).sort().join(' ')}`.trimEnd(),
    );
  return lines.sort();
}

/** What the machine reports in figures, which must follow from the tree alone. */
export function describeFigures(machine: Machine): Record<string, number | bigint> {
  return {
    nodes: machine.nodeCount,
    ephemerals: machine.ephemeralCount,
    sessions: machine.sessionCount,
    bytes: machine.approximateBytes,
    digest: machine.digest,
  };
}

/** The first line in which two descriptions differ, or null: a whole tree is more than anybody wants to read. */
export function firstDifference(a: readonly string[], b: readonly string[]): string | null {
  for (let i = 0; i < Math.max(a.length, b.length); i++)
    if (a[i] !== b[i])
      return `${(a[i] ?? 'nothing').slice(0, 500)}\n  and ${(b[i] ?? 'nothing').slice(0, 500)}`;
  return null;
}
