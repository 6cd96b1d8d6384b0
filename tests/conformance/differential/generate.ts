/**
 * Scripts from seeds. Left out is only what 3.8 itself answers differently from time to time, or does not survive:
 *
 * - a bare check (13): the transaction it logs cannot be read back, and the data directory is lost;
 * - createTTL with a mode that has no TTL and a negative one: logged, and then no server can apply it;
 * - createSession (−10) and deleteContainer (20), which are for servers among themselves;
 * - a null path in a multi: its zxid is skipped, and no transaction bears it;
 * - a null path under addWatch or the persistent lists of setWatches2: the watch table trips over it when the connection
 *   ends, which then never does;
 * - anything behind a setACL in one burst: until it is applied, what follows is judged by the list before it; and anything
 *   behind a multi that falls over a part it cannot read, because what its earlier parts would have changed is pending then;
 * - bursts where there are quotas: they are held against figures of what is applied already;
 * - anything behind closeSession, and auth or an unknown operation within a burst: those are answered by other threads,
 *   whenever they get to it;
 * - characters outside the basic plane, and halves of them, where they would be echoed: Java writes each half for itself,
 *   which is not UTF-8, and reads bytes
 *   that are none of UTF-8's as fewer replacements than others do.
 */
import { Prng } from '../../../src-server/base/prng.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import type { Connect, Message, Part, Say, Script, Step, Value } from './script.ts';
import {
  BROKEN_TEXTS,
  BULKS,
  DATA,
  GOOD_ACLS,
  GOOD_PATHS,
  ODD_ACLS,
  ODD_PATHS,
  OPEN,
  QUOTAS,
  SCHEMES,
  SEQUENCE_PATHS,
  SHARED_PATHS,
  SUPER_USER,
  UNKNOWN_OPS,
  USERS,
  VERSIONS,
} from './vocabulary.ts';

/** What a script is mostly about. */
const THEMES = [
  'mixed',
  'nodes',
  'watches',
  'rights',
  'multi',
  'sessions',
  'quotas',
  'garbage',
] as const;
type Theme = (typeof THEMES)[number];

/** @param options ipv6: with lists of access that only one of 3.8 and 3.9 takes */
export function generate(seed: number, options: { readonly ipv6: boolean }): Script {
  return new Generator(seed, options).script();
}

interface Kind {
  readonly weight: number;
  readonly themes: readonly Theme[];
  /** 'first' in its burst, or 'alone': answered by other threads than the rest. */
  readonly place: 'anywhere' | 'first' | 'alone';
  readonly make: () => Unnumbered;
}

type Unnumbered = Omit<Message, 'xid'>;

/** A frame of the first is just about taken, of the second not any more. */
const LARGEST_BULKS = [1_048_563, 1_048_564];

/** How much likelier a theme makes its own kinds. */
const EMPHASIS = 5;

class Generator {
  readonly #seed: number;
  readonly #ipv6: boolean;
  readonly #prng: Prng;
  readonly #theme: Theme;
  readonly #clients: number;
  readonly #kinds: readonly Kind[];
  #xid = 0;
  /** Paths that somebody tried to create, and those that somebody watches. */
  readonly #created: string[] = ['~'];
  readonly #watched: string[] = ['~'];

  constructor(seed: number, options: { readonly ipv6: boolean }) {
    this.#seed = seed;
    this.#ipv6 = options.ipv6;
    this.#prng = new Prng(seed);
    this.#theme = this.#prng.pick(THEMES);
    this.#clients = this.#prng.between(1, 4);
    this.#kinds = this.#vocabulary().map((kind) => ({
      ...kind,
      weight: kind.themes.includes(this.#theme) ? kind.weight * EMPHASIS : kind.weight,
    }));
  }

  script(): Script {
    const steps: Step[] = [];
    for (let client = 0; client < this.#clients; client++)
      steps.push(this.#connect(client, { first: true }));
    if (this.#prng.chance(0.85)) steps.push(this.#furnish());
    for (let left = this.#prng.between(4, 28); left > 0; left--) steps.push(this.#step());
    return { seed: this.#seed, steps };
  }

  // --- steps ---

  #step(): Step {
    const client = this.#prng.below(this.#clients);
    const moves = this.#theme === 'sessions' ? 0.3 : 0.06;
    if (this.#prng.chance(moves)) {
      if (this.#prng.chance(0.3)) {
        const unfinished = this.#prng.pick(['', '', '00', '0000', '00000010', '000000100000']);
        return { kind: 'hang-up', client, unfinished };
      }
      return this.#connect(client, { first: false });
    }
    return this.#say(client);
  }

  /** Something to talk about. */
  #furnish(): Say {
    const nodes = ['~/a', '~/b', '~/a/c', '~/a/c/d', '~/e', '~/中', '~/a/q0000000001', '~/é'];
    const messages = nodes
      .filter(() => this.#prng.chance(0.6))
      .map((path) => {
        const flags = path === '~/e' || this.#prng.chance(0.1) ? 1 : 0;
        const body: Value[] = [{ is: 'text', of: path }, this.#data(), this.#acl(), int(flags)];
        this.#created.push(path);
        return this.#numbered({ op: OpCode.CREATE, body });
      });
    const client = this.#prng.below(this.#clients);
    return { kind: 'say', client, messages, writes: 1, patient: false };
  }

  #connect(client: number, { first }: { readonly first: boolean }): Connect {
    const prng = this.#prng;
    const isOdd = prng.chance(this.#theme === 'sessions' ? 0.3 : 0.05);
    const other = { of: prng.below(this.#clients) };
    return {
      kind: 'connect',
      client,
      session: first ? null : prng.pick([null, other, other, { of: client }, 'unknown'] as const),
      password: prng.chance(0.8) ? 'right' : prng.pick(['wrong', 'short', 'null'] as const),
      timeoutMs: prng.pick([30_000, 30_000, 10_000, 0, -1, 1, 3999, 40_001, 0x7fff_ffff]),
      readOnly: prng.pick([0, 0, 0, 1, 2, null]),
      lastZxid: isOdd ? prng.pick([0, 3, 1_000_000, -1_000_000, 0x1_0000_0000]) : null,
      protocolVersion: isOdd ? prng.pick([0, 1, -1]) : 0,
      trailing: isOdd ? prng.pick(['', '00', '0102030405060708']) : '',
      behind: prng.chance(0.2) ? this.#behind() : [],
    };
  }

  /** What clients that come back send with it: who they are, and what they watch. */
  #behind(): Message[] {
    const burst = this.#burst(this.#prng.between(1, 4));
    return this.#prng.chance(0.3) ? [this.#numbered(this.#auth()), ...burst] : burst;
  }

  #say(client: number): Say {
    const prng = this.#prng;
    const writes = prng.chance(0.9) ? 1 : prng.between(2, 6);
    const kind = this.#pickKind(this.#kinds);
    const first = this.#numbered(kind.make());
    if (kind.place === 'alone')
      return { kind: 'say', client, messages: [first], writes, patient: true };
    const isSingle = this.#theme === 'quotas' || prng.chance(0.6);
    const more = isSingle ? 0 : prng.chance(0.05) ? prng.between(10, 40) : prng.between(1, 5);
    const messages = untilUnsettled([this.#mangled(first), ...this.#burst(more)]);
    return { kind: 'say', client, messages, writes, patient: prng.chance(0.3) };
  }

  #burst(most: number): Message[] {
    const count = this.#theme === 'quotas' ? 0 : most;
    const kinds = this.#kinds.filter(({ place }) => place === 'anywhere');
    const messages = Array.from({ length: count }, () =>
      this.#mangled(this.#numbered(this.#pickKind(kinds).make())),
    );
    return untilUnsettled(messages);
  }

  #pickKind(kinds: readonly Kind[]): Kind {
    const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
    let at = this.#prng.below(total);
    return kinds.find(({ weight }) => (at -= weight) < 0)!;
  }

  #numbered(message: Unnumbered): Message {
    const isOdd = this.#prng.chance(0.02);
    const xid = isOdd ? this.#prng.pick([0, -2, -3, -0x8000_0000, 0x7fff_ffff]) : ++this.#xid;
    return { ...message, xid };
  }

  /** Bytes taken from the body or put behind it. */
  #mangled(message: Message): Message {
    const prng = this.#prng;
    const rate = this.#theme === 'garbage' ? 0.3 : 0.02;
    if (message.body.length === 0 || !prng.chance(rate)) return message;
    return prng.chance(0.7)
      ? { ...message, cut: prng.between(1, 12) }
      : { ...message, trailing: prng.pick(['00', 'ffffffff', '000000010000000b']) };
  }

  // --- kinds of requests ---

  #vocabulary(): Kind[] {
    const creates = [OpCode.CREATE, OpCode.CREATE, OpCode.CREATE2];
    const placed =
      (place: Kind['place']) =>
      (weight: number, themes: readonly Theme[], make: () => Unnumbered): Kind => ({
        weight,
        themes,
        place,
        make,
      });
    const kind = placed('anywhere');
    const first = placed('first');
    const alone = placed('alone');
    const request = (op: number, ...body: Value[]): Unnumbered => ({ op, body });
    const path = (): Value => this.#path();
    const watching = (): Value[] => [this.#watchPath(), this.#watch()];
    const watched = (): Value[] => [this.#watchedPath(), this.#watcherType()];
    const pick = <T>(items: readonly T[]): T => this.#prng.pick(items);
    return [
      kind(14, ['nodes', 'watches'], () => this.#create(pick(creates))),
      kind(2, ['nodes'], () => this.#create(OpCode.CREATE_CONTAINER)),
      kind(2, ['nodes'], () => this.#create(OpCode.CREATE_TTL)),
      kind(7, ['nodes', 'watches'], () => request(OpCode.DELETE, path(), this.#version())),
      kind(7, ['nodes', 'watches'], () =>
        request(OpCode.SET_DATA, this.#ownPath(), this.#data(), this.#version()),
      ),
      kind(3, ['rights'], () =>
        request(OpCode.SET_ACL, this.#ownPath(), this.#acl(), this.#version()),
      ),
      kind(3, ['rights'], () => request(OpCode.GET_ACL, path())),
      kind(5, ['watches'], () => request(OpCode.EXISTS, ...watching())),
      kind(5, ['watches'], () => request(OpCode.GET_DATA, ...watching())),
      kind(3, ['watches'], () => request(OpCode.GET_CHILDREN, ...watching())),
      kind(3, ['watches'], () => request(OpCode.GET_CHILDREN2, ...watching())),
      kind(1, ['nodes'], () => request(OpCode.GET_ALL_CHILDREN_NUMBER, path())),
      kind(1, ['nodes', 'sessions'], () => request(OpCode.GET_EPHEMERALS, path())),
      kind(1, [], () => request(OpCode.SYNC, path())),
      kind(1, [], () => request(OpCode.PING)),
      kind(1, ['rights'], () => request(OpCode.WHO_AM_I)),
      kind(4, ['multi'], () => request(OpCode.MULTI, this.#parts('write'))),
      kind(2, ['multi'], () => request(OpCode.MULTI_READ, this.#parts('read'))),
      kind(3, ['watches'], () =>
        request(OpCode.ADD_WATCH, this.#persistentPath(), int(pick([0, 0, 0, 1, 1, 1, 1, 2]))),
      ),
      kind(1, ['watches'], () => request(OpCode.CHECK_WATCHES, ...watched())),
      kind(2, ['watches'], () => request(OpCode.REMOVE_WATCHES, ...watched())),
      kind(1, ['watches', 'sessions'], () => this.#setWatches(OpCode.SET_WATCHES)),
      kind(1, ['watches', 'sessions'], () => this.#setWatches(OpCode.SET_WATCHES2)),
      kind(1, [], () => this.#reconfig()),
      first(2, ['rights'], () => this.#auth()),
      alone(1, ['rights', 'garbage'], () => this.#failingAuth()),
      alone(1, ['sessions'], () => request(OpCode.CLOSE_SESSION)),
      alone(1, ['garbage'], () => request(pick(UNKNOWN_OPS), ...pick([[], [path()]]))),
      alone(1, ['garbage'], () => this.#brokenFrame()),
      ...(this.#theme === 'quotas' ? [kind(3, ['quotas'], () => this.#quota())] : []),
      alone(1, [], () => request(OpCode.SASL, this.#data())),
      // A mode that is not the operation's own is judged by the mode while the node is pending, and by the operation after.
      alone(1, ['nodes'], () => {
        const [where, data, acl] = this.#createBody(OpCode.CREATE_CONTAINER);
        return request(OpCode.CREATE_CONTAINER, where!, data!, acl!, int(pick([0, 1, 2, 5, 7])));
      }),
    ];
  }

  #create(op: number): Unnumbered {
    return { op, body: this.#createBody(op) };
  }

  #createBody(op: number): Value[] {
    const prng = this.#prng;
    const isOdd = prng.chance(0.06);
    let flags: number;
    switch (op) {
      case OpCode.CREATE_CONTAINER:
        flags = 4;
        break;
      case OpCode.CREATE_TTL:
        flags = prng.pick([5, 6]);
        break;
      default:
        flags = prng.pick([0, 0, 0, 0, 1, 1, 2, 3]);
    }
    // A container's txn type with an ephemeral's flags is judged differently while it is pending, so it keeps its own.
    if (isOdd && op !== OpCode.CREATE_CONTAINER)
      flags = prng.pick([0, 2, 4, 5, 6, 7, -1, 100, 0x7fff_ffff]);
    const isSequential = flags === 2 || flags === 3 || flags === 6;
    const prefix: Value = { is: 'text', of: prng.pick(SEQUENCE_PATHS) };
    const path = !isSequential ? this.#newPath() : prng.chance(0.8) ? prefix : this.#ownPath();
    const body: Value[] = [path, this.#data(), this.#acl(), int(flags)];
    if (op === OpCode.CREATE_TTL) {
      const hasTtl = flags === 5 || flags === 6;
      const ttls = ['1', '60000', '1099511627775', '1099511627776', '0'];
      body.push({
        is: 'long',
        of: prng.pick(hasTtl ? [...ttls, '-1', '-9223372036854775808'] : ttls),
      });
    }
    return body;
  }

  #parts(sort: 'read' | 'write'): Value {
    const prng = this.#prng;
    const count = prng.chance(0.05) ? 0 : prng.between(1, 5);
    const parts = Array.from({ length: count }, () =>
      prng.chance(0.04)
        ? this.#foreignPart()
        : sort === 'read'
          ? this.#readPart()
          : this.#writePart(),
    );
    return { is: 'parts', of: parts, ended: !prng.chance(0.02) };
  }

  #writePart(): Part {
    const prng = this.#prng;
    const op = prng.pick([
      OpCode.CREATE,
      OpCode.CREATE,
      OpCode.CREATE,
      OpCode.CREATE2,
      OpCode.CREATE_CONTAINER,
      OpCode.CREATE_TTL,
      OpCode.DELETE,
      OpCode.DELETE,
      OpCode.SET_DATA,
      OpCode.SET_DATA,
      OpCode.CHECK,
    ]);
    switch (op) {
      case OpCode.DELETE:
      case OpCode.CHECK:
        return { op, body: [this.#namedPath(), this.#version()] };
      case OpCode.SET_DATA:
        return { op, body: [own(this.#namedPath()), this.#data(), this.#version()] };
      default:
        return { op, body: this.#createBody(op).map(named) };
    }
  }

  #readPart(): Part {
    return {
      op: this.#prng.pick([OpCode.GET_DATA, OpCode.GET_CHILDREN]),
      body: [this.#path(), this.#watch()],
    };
  }

  #foreignPart(): Part {
    const op = this.#prng.pick([
      OpCode.SET_ACL,
      OpCode.EXISTS,
      OpCode.GET_DATA,
      OpCode.DELETE,
      OpCode.MULTI,
      OpCode.SYNC,
      0,
      -1,
      99,
    ]);
    return { op, body: [this.#namedPath(), this.#watch()] };
  }

  #setWatches(op: number): Unnumbered {
    const prng = this.#prng;
    const paths = (): Value => {
      if (prng.chance(0.02)) return { is: 'texts', of: null };
      const count = prng.pick([0, 0, 1, 2, 3]);
      return { is: 'texts', of: Array.from({ length: count }, () => textOf(this.#path())) };
    };
    const named = (): Value => ({
      is: 'texts',
      of: Array.from({ length: prng.below(3) }, () => textOf(this.#namedPath())),
    });
    const zxid: Value = { is: 'zxid', of: prng.pick([0, 1, 3, 6, 10, 20, -1_000_000, 1_000_000]) };
    const lists = [paths(), paths(), paths()];
    if (op === OpCode.SET_WATCHES2) lists.push(named(), named());
    return { op, body: [zxid, ...lists] };
  }

  #reconfig(): Unnumbered {
    const text = (): Value => ({ is: 'text', of: this.#prng.pick([null, '', 'server.1=x', '1']) });
    return {
      op: OpCode.RECONFIG,
      body: [text(), text(), text(), { is: 'long', of: this.#prng.pick(['-1', '0', '5']) }],
    };
  }

  #auth(): Unnumbered {
    const prng = this.#prng;
    const user = prng.chance(0.1) ? SUPER_USER : prng.pick(USERS);
    return authPacket(prng.chance(0.9) ? 'digest' : 'ip', Buffer.from(user).toString('hex'));
  }

  /** Ends the connection, and with it the answers that were on their way to whoever still sends. */
  #failingAuth(): Unnumbered {
    const prng = this.#prng;
    switch (prng.below(3)) {
      case 0:
        return authPacket('digest', null);
      case 1:
        return { ...this.#auth(), cut: prng.between(1, 8) };
      default:
        return authPacket(prng.pick(SCHEMES), prng.pick([null, '', '78']));
    }
  }

  /** Frames that end their connection: a length that cannot be, too much (or just not), or no room for a header. */
  #brokenFrame(): Unnumbered {
    const prng = this.#prng;
    const ping = { op: OpCode.PING, body: [] };
    switch (prng.below(5)) {
      case 0:
        return { op: OpCode.SYNC, body: [{ is: 'bulk', of: prng.pick(LARGEST_BULKS) }] };
      case 1:
      case 2:
        return { ...ping, headerBytes: prng.below(8) };
      default:
        return { ...ping, length: prng.pick([-1, -0x8000_0000, 0x10_0000, 0x7fff_ffff, 0]) };
    }
  }

  /** Sets, changes or lifts a quota on one of the play's nodes. */
  #quota(): Unnumbered {
    const prng = this.#prng;
    const node = prng.pick(['~', '~', '~/a', '~/b']);
    const limits: Value = { is: 'text', of: `/zookeeper/quota${node}/zookeeper_limits` };
    const stats: Value = { is: 'text', of: `/zookeeper/quota${node}/zookeeper_stats` };
    const text = (of: string): Value => ({ is: 'data', of: Buffer.from(of).toString('hex') });
    const create = (path: Value, data: Value): Part => ({
      op: OpCode.CREATE,
      body: [path, data, { is: 'acl', of: OPEN }, int(0)],
    });
    const parents = node === '~' ? ['~'] : ['~', node];
    switch (prng.below(6)) {
      case 0:
        return { op: OpCode.DELETE, body: [limits, int(-1)] };
      case 1:
        return { op: OpCode.SET_DATA, body: [limits, text(prng.pick(QUOTAS)), int(-1)] };
      case 2:
        return { op: OpCode.GET_DATA, body: [prng.pick([limits, stats]), int(0)] };
      default:
        return {
          op: OpCode.MULTI,
          body: [
            {
              is: 'parts',
              of: [
                ...parents.map((of) =>
                  create({ is: 'text', of: `/zookeeper/quota${of}` }, { is: 'data', of: '' }),
                ),
                create(limits, text(prng.pick(QUOTAS))),
                create(stats, text('count=0,bytes=0')),
              ].slice(prng.chance(0.7) ? 0 : 1),
              ended: true,
            },
          ],
        };
    }
  }

  // --- values ---

  #path(): Value {
    const prng = this.#prng;
    const oddity = this.#theme === 'garbage' ? 0.3 : 0.08;
    if (!prng.chance(oddity)) return this.#namedPath();
    if (prng.chance(0.1)) return { is: 'bytes-as-text', of: prng.pick(BROKEN_TEXTS) };
    return { is: 'text', of: prng.pick(ODD_PATHS) };
  }

  /** One that is a string, nearly always a sensible one, and mostly of a node that is there. */
  #namedPath(): Value {
    const prng = this.#prng;
    if (prng.chance(0.03)) return { is: 'text', of: prng.pick(SHARED_PATHS) };
    if (prng.chance(0.03)) return { is: 'text', of: prng.pick(ODD_PATHS) ?? '' };
    return { is: 'text', of: prng.chance(0.6) ? prng.pick(this.#created) : prng.pick(GOOD_PATHS) };
  }

  #newPath(): Value {
    const prng = this.#prng;
    if (prng.chance(0.3)) return this.#path();
    const of = prng.pick(GOOD_PATHS);
    this.#created.push(of);
    return { is: 'text', of };
  }

  #watchPath(): Value {
    const path = this.#path();
    if (path.is === 'text' && path.of !== null) this.#watched.push(path.of);
    return path;
  }

  #persistentPath(): Value {
    const path = this.#namedPath();
    this.#watched.push(textOf(path) ?? '');
    return path;
  }

  #watchedPath(): Value {
    const prng = this.#prng;
    const path: Value = prng.chance(0.7)
      ? { is: 'text', of: prng.pick(this.#watched) }
      : this.#path();
    // 3.8 walks from the path towards the root where anybody watches recursively, and falls off a relative one.
    const isRelative = path.is !== 'text' || /^[^/~]/.test(path.of ?? '');
    return isRelative ? { is: 'text', of: '~' } : path;
  }

  #ownPath(): Value {
    return own(this.#path());
  }

  #watch(): Value {
    return { is: 'bool', of: this.#prng.pick([0, 1, 1, 1, 2]) };
  }

  #watcherType(): Value {
    return int(this.#prng.pick([1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 0]));
  }

  #version(): Value {
    return int(this.#prng.pick(VERSIONS));
  }

  #data(): Value {
    const prng = this.#prng;
    if (prng.chance(0.05)) return { is: 'bulk', of: prng.pick(BULKS) };
    return { is: 'data', of: prng.pick(DATA) };
  }

  #acl(): Value {
    const prng = this.#prng;
    const care = this.#theme === 'rights' ? 0.7 : 0.12;
    if (!prng.chance(care)) return { is: 'acl', of: OPEN };
    if (prng.chance(0.03)) return { is: 'count', of: prng.pick([-2, -1, 0, -0x8000_0000]) };
    const acl = prng.chance(0.7) ? prng.pick(GOOD_ACLS) : prng.pick(ODD_ACLS);
    const isLeftOut = !this.#ipv6 && acl?.some(({ id }) => id?.includes('::') === true) === true;
    return { is: 'acl', of: isLeftOut ? OPEN : acl };
  }
}

function int(of: number): Value {
  return { is: 'int', of };
}

function textOf(value: Value): string | null {
  return value.is === 'text' ? value.of : '~/a';
}

/** Up to the first message that only one thing may follow: the question whether it is settled. */
function untilUnsettled(messages: readonly Message[]): Message[] {
  const last = messages.findIndex(
    ({ op, body }) =>
      op === OpCode.SET_ACL ||
      (op === OpCode.MULTI && body.some((value) => value.is === 'parts' && value.of.some(mayTrip))),
  );
  return messages.slice(0, last < 0 ? messages.length : last + 1);
}

/** A create whose list has a hole or whose mode asks for a lifetime that its record does not have. */
function mayTrip({ op, body }: Part): boolean {
  return body.some(
    (value) =>
      (value.is === 'acl' && value.of?.some(({ scheme, id }) => scheme === null || id === null)) ||
      (value.is === 'int' && op !== OpCode.CREATE_TTL && (value.of === 5 || value.of === 6)),
  );
}

/** An empty path instead of a null one. */
function named(value: Value): Value {
  return value.is === 'text' && value.of === null ? { is: 'text', of: '' } : value;
}

function authPacket(scheme: string | null, auth: string | null): Unnumbered {
  return {
    op: OpCode.AUTH,
    body: [int(0), { is: 'text', of: scheme }, { is: 'data', of: auth }],
  };
}

/** A path whose node the play may change: what lies outside its own is there for all plays. */
function own(path: Value): Value {
  return path.is === 'text' && path.of?.startsWith('/') === true ? { is: 'text', of: '~/a' } : path;
}
