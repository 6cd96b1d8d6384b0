/** What clients ask: requests of every kind, with arguments drawn so that clients keep meeting on the same few nodes. */
import type { Prng } from '../../../src-server/base/prng.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { acl, ask, auth, data, makes, multi, part } from './phrases.ts';
import type { Message, Part, Value } from './script.ts';
import {
  BROKEN_TEXTS,
  BULKS,
  DATA,
  GOOD_ACLS,
  GOOD_PATHS,
  LARGEST_BULKS,
  ODD_ACLS,
  ODD_PATHS,
  OPEN,
  SCHEMES,
  SEQUENCE_PATHS,
  SHARED_PATHS,
  SUPER_USER,
  TTLS,
  UNKNOWN_OPS,
  USERS,
  VERSIONS,
} from './vocabulary.ts';

/** What a script is mostly about. */
export const THEMES = [
  'mixed',
  'nodes',
  'watches',
  'rights',
  'multi',
  'sessions',
  'quotas',
  'garbage',
] as const;
export type Theme = (typeof THEMES)[number];

export interface Kind {
  readonly weight: number;
  readonly themes: readonly Theme[];
  /** 'first' in its burst, or 'alone': answered by other threads than the rest. */
  readonly place: 'anywhere' | 'first' | 'alone';
  readonly make: () => Message;
}

export class Speaker {
  readonly #prng: Prng;
  readonly #theme: Theme;
  readonly #ipv6: boolean;
  /** Paths that somebody tried to create, and those that somebody watches. */
  readonly #created: string[] = ['~'];
  readonly #watched: string[] = ['~'];

  constructor(prng: Prng, options: { readonly theme: Theme; readonly ipv6: boolean }) {
    this.#prng = prng;
    this.#theme = options.theme;
    this.#ipv6 = options.ipv6;
  }

  kinds(): Kind[] {
    const placed =
      (place: Kind['place']) =>
      (weight: number, themes: readonly Theme[], make: () => Message): Kind => ({
        weight,
        themes,
        place,
        make,
      });
    const kind = placed('anywhere');
    const first = placed('first');
    const alone = placed('alone');
    const path = (): Value => this.#path();
    const watching = (): Value[] => [this.#watchPath(), this.#watch()];
    const watched = (): Value[] => [this.#watchedPath(), this.#watcherType()];
    const version = (): Value => this.#version();
    const pick = <T>(items: readonly T[]): T => this.#prng.pick(items);
    return [
      kind(10, ['nodes', 'watches'], () => this.#create(OpCode.CREATE)),
      kind(5, ['nodes', 'watches'], () => this.#create(OpCode.CREATE2)),
      kind(2, ['nodes'], () => this.#create(OpCode.CREATE_CONTAINER)),
      kind(2, ['nodes'], () => this.#create(OpCode.CREATE_TTL)),
      // A mode that is not the operation's own is judged by the mode while the node is pending, by the operation after.
      alone(1, ['nodes'], () => {
        const { op, body } = this.#create(OpCode.CREATE_CONTAINER);
        return ask(op, ...body.with(3, int(pick([0, 1, 2, 5, 7]))));
      }),
      kind(7, ['nodes', 'watches'], () => ask(OpCode.DELETE, path(), version())),
      kind(7, ['nodes', 'watches'], () =>
        ask(OpCode.SET_DATA, own(path()), this.#data(), version()),
      ),
      kind(3, ['rights'], () => ask(OpCode.SET_ACL, own(path()), this.#acl(), version())),
      kind(3, ['rights'], () => ask(OpCode.GET_ACL, path())),
      kind(5, ['watches'], () => ask(OpCode.EXISTS, ...watching())),
      kind(5, ['watches'], () => ask(OpCode.GET_DATA, ...watching())),
      kind(3, ['watches'], () => ask(OpCode.GET_CHILDREN, ...watching())),
      kind(3, ['watches'], () => ask(OpCode.GET_CHILDREN2, ...watching())),
      kind(1, ['nodes'], () => ask(OpCode.GET_ALL_CHILDREN_NUMBER, path())),
      kind(1, ['nodes', 'sessions'], () => ask(OpCode.GET_EPHEMERALS, path())),
      kind(1, [], () => ask(OpCode.SYNC, path())),
      kind(1, [], () => ask(OpCode.PING)),
      kind(1, ['rights'], () => ask(OpCode.WHO_AM_I)),
      kind(4, ['multi'], () =>
        ask(
          OpCode.MULTI,
          this.#parts(() => this.#writePart()),
        ),
      ),
      kind(2, ['multi'], () =>
        ask(
          OpCode.MULTI_READ,
          this.#parts(() => this.#readPart()),
        ),
      ),
      kind(3, ['watches'], () =>
        ask(OpCode.ADD_WATCH, this.#persistentPath(), pick([0, 0, 0, 1, 1, 1, 1, 2])),
      ),
      kind(1, ['watches'], () => ask(OpCode.CHECK_WATCHES, ...watched())),
      kind(2, ['watches'], () => ask(OpCode.REMOVE_WATCHES, ...watched())),
      kind(1, ['watches', 'sessions'], () => this.#setWatches(OpCode.SET_WATCHES)),
      kind(1, ['watches', 'sessions'], () => this.#setWatches(OpCode.SET_WATCHES2)),
      kind(1, [], () => this.#reconfig()),
      first(2, ['rights'], () => this.auth()),
      alone(1, ['rights', 'garbage'], () => this.#failingAuth()),
      alone(1, [], () => ask(OpCode.SASL, this.#data())),
      alone(1, ['sessions'], () => ask(OpCode.CLOSE_SESSION)),
      alone(1, ['garbage'], () => ask(pick(UNKNOWN_OPS), ...pick([[], [path()]]))),
      alone(1, ['garbage'], () => this.#brokenFrame()),
      ...(this.#theme === 'quotas' ? [kind(3, ['quotas'], () => this.#quota())] : []),
    ];
  }

  /** A few nodes to begin with. */
  furniture(): Message[] {
    const nodes = ['~/a', '~/b', '~/a/c', '~/a/c/d', '~/e', '~/中', '~/a/q0000000001', '~/é'];
    return nodes
      .filter(() => this.#prng.chance(0.6))
      .map((path) => {
        this.#created.push(path);
        const flags = path === '~/e' || this.#prng.chance(0.1) ? 1 : 0;
        return ask(OpCode.CREATE, path, this.#data(), this.#acl(), flags);
      });
  }

  auth(): Message {
    const user = this.#prng.chance(0.1) ? SUPER_USER : this.#prng.pick(USERS);
    return auth(this.#prng.chance(0.9) ? 'digest' : 'ip', user);
  }

  // --- creates ---

  #create(op: number): Message {
    const prng = this.#prng;
    let flags = prng.pick(MODES[op] ?? ORDINARY_MODES);
    if (op !== OpCode.CREATE_CONTAINER && prng.chance(0.06))
      flags = prng.pick([0, 2, 4, 5, 6, 7, -1, 100, 0x7fff_ffff]);
    const isSequential = flags === 2 || flags === 3 || flags === 6;
    const path = isSequential ? this.#prefix() : this.#newPath();
    const lifetime: Value[] =
      op === OpCode.CREATE_TTL ? [{ is: 'long', of: this.#ttlFor(flags) }] : [];
    return ask(op, path, this.#data(), this.#acl(), flags, ...lifetime);
  }

  #ttlFor(flags: number): string {
    const hasTtl = flags === 5 || flags === 6;
    return this.#prng.pick(hasTtl ? [...TTLS, '-1', '-9223372036854775808'] : TTLS);
  }

  // --- multi ---

  #parts(ordinary: () => Part): Value {
    const count = this.#prng.chance(0.05) ? 0 : this.#prng.between(1, 5);
    const of = Array.from({ length: count }, () =>
      this.#prng.chance(0.04) ? this.#foreignPart() : ordinary(),
    );
    return { is: 'parts', of, ended: !this.#prng.chance(0.02) };
  }

  #writePart(): Part {
    const op = this.#prng.pick(WRITE_PARTS);
    switch (op) {
      case OpCode.DELETE:
      case OpCode.CHECK:
        return part(op, this.#namedPath(), this.#version());
      case OpCode.SET_DATA:
        return part(op, own(this.#namedPath()), this.#data(), this.#version());
      default:
        return part(op, ...this.#create(op).body.map(named));
    }
  }

  #readPart(): Part {
    const op = this.#prng.pick([OpCode.GET_DATA, OpCode.GET_CHILDREN]);
    return part(op, this.#path(), this.#watch());
  }

  #foreignPart(): Part {
    return part(this.#prng.pick(FOREIGN_PARTS), this.#namedPath(), this.#watch());
  }

  // --- others ---

  #setWatches(op: number): Message {
    const prng = this.#prng;
    const list = (count: number, path: () => Value): Value => ({
      is: 'texts',
      of: prng.chance(0.02) ? null : Array.from({ length: count }, () => textOf(path())),
    });
    const lists = [0, 1, 2].map(() => list(prng.pick([0, 0, 1, 2, 3]), () => this.#path()));
    if (op === OpCode.SET_WATCHES2)
      lists.push(...[0, 1].map(() => list(prng.below(3), () => this.#namedPath())));
    const zxid: Value = { is: 'zxid', of: prng.pick([0, 1, 3, 6, 10, 20, -1_000_000, 1_000_000]) };
    return ask(op, zxid, ...lists);
  }

  #reconfig(): Message {
    const text = (): string | null => this.#prng.pick([null, '', 'server.1=x', '1']);
    const version: Value = { is: 'long', of: this.#prng.pick(['-1', '0', '5']) };
    return ask(OpCode.RECONFIG, text(), text(), text(), version);
  }

  /** Ends the connection, and with it the answers that were on their way to whoever still sends. */
  #failingAuth(): Message {
    switch (this.#prng.below(3)) {
      case 0:
        return auth('digest', null);
      case 1:
        return { ...this.auth(), cut: this.#prng.between(1, 8) };
      default:
        return auth(this.#prng.pick(SCHEMES), this.#prng.pick([null, '', 'x']));
    }
  }

  /** Frames that end their connection: a length that cannot be, too much (or just not), or no room for a header. */
  #brokenFrame(): Message {
    const prng = this.#prng;
    switch (prng.below(5)) {
      case 0:
        return ask(OpCode.SYNC, { is: 'bulk', of: prng.pick(LARGEST_BULKS) });
      case 1:
      case 2:
        return { ...ask(OpCode.PING), headerBytes: prng.below(8) };
      default:
        return {
          ...ask(OpCode.PING),
          length: prng.pick([-1, -0x8000_0000, 0x10_0000, 0x7fff_ffff, 0]),
        };
    }
  }

  /** Sets, changes, lifts or looks at a quota on one of the play's nodes. */
  #quota(): Message {
    const prng = this.#prng;
    const node = prng.pick(['~', '~', '~/a', '~/b']);
    const quota = `/zookeeper/quota${node}`;
    const limits = `${quota}/zookeeper_limits`;
    const stats = `${quota}/zookeeper_stats`;
    switch (prng.below(6)) {
      case 0:
        return ask(OpCode.DELETE, limits, -1);
      case 1:
        return ask(OpCode.SET_DATA, limits, this.#limits(), -1);
      case 2:
        return ask(OpCode.GET_DATA, prng.pick([limits, stats]), false);
      default: {
        const parents = node === '~' ? [quota] : ['/zookeeper/quota~', quota];
        const parts = [
          ...parents.map((path) => makes(path)),
          part(OpCode.CREATE, limits, this.#limits(), acl(...OPEN), 0),
          part(OpCode.CREATE, stats, data('count=0,bytes=0'), acl(...OPEN), 0),
        ];
        return multi(...parts.slice(prng.chance(0.7) ? 0 : 1));
      }
    }
  }

  /** Hard limits that a few nodes reach, or soft ones that stop nobody. */
  #limits(): Value {
    const prng = this.#prng;
    const some = (most: number): number => (prng.chance(0.4) ? -1 : prng.between(0, most));
    const soft = `count=${some(8)},bytes=${some(16)}`;
    if (prng.chance(0.2)) return data(soft);
    return data(`${soft}=;byteHardLimit=${some(16)};countHardLimit=${some(8)}`);
  }

  // --- values ---

  #path(): Value {
    const prng = this.#prng;
    const oddity = this.#theme === 'garbage' ? 0.3 : 0.08;
    if (!prng.chance(oddity)) return this.#namedPath();
    if (prng.chance(0.1)) return { is: 'bytes-as-text', of: prng.pick(BROKEN_TEXTS) };
    return text(prng.pick(ODD_PATHS));
  }

  /** One that is a string, nearly always a sensible one, and mostly of a node that is there. */
  #namedPath(): Value {
    const prng = this.#prng;
    if (prng.chance(0.03)) return text(prng.pick(SHARED_PATHS));
    if (prng.chance(0.03)) return text(prng.pick(ODD_PATHS) ?? '');
    return text(prng.chance(0.6) ? prng.pick(this.#created) : prng.pick(GOOD_PATHS));
  }

  #newPath(): Value {
    if (this.#prng.chance(0.3)) return this.#path();
    const path = this.#prng.pick(GOOD_PATHS);
    this.#created.push(path);
    return text(path);
  }

  #prefix(): Value {
    return this.#prng.chance(0.8) ? text(this.#prng.pick(SEQUENCE_PATHS)) : own(this.#path());
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
    const path = this.#prng.chance(0.7) ? text(this.#prng.pick(this.#watched)) : this.#path();
    const isRelative = path.is !== 'text' || /^[^/~]/.test(path.of ?? '');
    return isRelative ? text('~') : path;
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
    if (this.#prng.chance(0.05)) return { is: 'bulk', of: this.#prng.pick(BULKS) };
    return { is: 'data', of: this.#prng.pick(DATA) };
  }

  #acl(): Value {
    const prng = this.#prng;
    const care = this.#theme === 'rights' ? 0.7 : 0.12;
    if (!prng.chance(care)) return acl(...OPEN);
    if (prng.chance(0.03)) return { is: 'count', of: prng.pick([-2, -1, 0, -0x8000_0000]) };
    const of = prng.chance(0.7) ? prng.pick(GOOD_ACLS) : prng.pick(ODD_ACLS);
    const isLeftOut = !this.#ipv6 && of?.some(({ id }) => id?.includes('::') === true) === true;
    return { is: 'acl', of: isLeftOut ? OPEN : of };
  }
}

const ORDINARY_MODES = [0, 0, 0, 0, 1, 1, 2, 3];
const MODES: Readonly<Record<number, readonly number[]>> = {
  [OpCode.CREATE_CONTAINER]: [4],
  [OpCode.CREATE_TTL]: [5, 6],
};

const WRITE_PARTS = [
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
] as const;

/** Such as stand in no multi, or only in the other one. */
const FOREIGN_PARTS = [
  OpCode.SET_ACL,
  OpCode.EXISTS,
  OpCode.GET_DATA,
  OpCode.DELETE,
  OpCode.MULTI,
  OpCode.SYNC,
  0,
  -1,
  99,
] as const;

function int(of: number): Value {
  return { is: 'int', of };
}

function text(of: string | null): Value {
  return { is: 'text', of };
}

function textOf(value: Value): string | null {
  return value.is === 'text' ? value.of : '~/a';
}

/** An empty path instead of a null one. */
function named(value: Value): Value {
  return value.is === 'text' && value.of === null ? text('') : value;
}

/** A path whose node the play may change: what lies outside its own is there for all plays. */
function own(path: Value): Value {
  return path.is === 'text' && path.of?.startsWith('/') === true ? text('~/a') : path;
}
