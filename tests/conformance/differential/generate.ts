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
 * - anything behind closeSession, and auth or an unknown operation behind others: those are answered by other threads,
 *   whenever they get to it;
 * - characters outside the basic plane, and halves of them, where they would be echoed: Java writes each half for itself,
 *   which is not UTF-8, and reads a lone half as one replacement where others see three;
 * - a relative path under checkWatches: where anybody watches recursively, 3.8 looks for the path's way to the root.
 */
import { Prng } from '../../../src-server/base/prng.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { ask, connects } from './phrases.ts';
import type { Connect, Message, Part, Say, Script, Step } from './script.ts';
import { type Kind, Speaker, type Theme, THEMES } from './speaker.ts';

/** @param options ipv6: with lists of access that only one of 3.8 and 3.9 takes */
export function generate(seed: number, options: { readonly ipv6: boolean }): Script {
  return new Generator(seed, options).script();
}

/** How much likelier a theme makes its own kinds. */
const EMPHASIS = 5;
/** Frames that begin and never end. */
const UNFINISHED = ['', '', '00', '0000', '00000010', '000000100000'] as const;

class Generator {
  readonly #seed: number;
  readonly #prng: Prng;
  readonly #theme: Theme;
  readonly #clients: number;
  readonly #speaker: Speaker;
  readonly #kinds: readonly Kind[];
  #xid = 0;

  constructor(seed: number, options: { readonly ipv6: boolean }) {
    this.#seed = seed;
    this.#prng = new Prng(seed);
    this.#theme = this.#prng.pick(THEMES);
    this.#clients = this.#prng.between(1, 4);
    this.#speaker = new Speaker(this.#prng, { theme: this.#theme, ipv6: options.ipv6 });
    this.#kinds = this.#speaker.kinds().map((kind) => ({
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

  #step(): Step {
    const client = this.#prng.below(this.#clients);
    const moves = this.#theme === 'sessions' ? 0.3 : 0.06;
    if (!this.#prng.chance(moves)) return this.#say(client);
    if (this.#prng.chance(0.3))
      return { kind: 'hang-up', client, unfinished: this.#prng.pick(UNFINISHED) };
    return this.#connect(client, { first: false });
  }

  /** Something to talk about. */
  #furnish(): Say {
    const messages = this.#speaker.furniture().map((message) => this.#numbered(message));
    const client = this.#prng.below(this.#clients);
    return { kind: 'say', client, messages, writes: 1, patient: false };
  }

  #connect(client: number, { first }: { readonly first: boolean }): Connect {
    const prng = this.#prng;
    const isOdd = prng.chance(this.#theme === 'sessions' ? 0.3 : 0.05);
    const other = { of: prng.below(this.#clients) };
    return connects(client, {
      session: first ? null : prng.pick([null, other, other, { of: client }, 'unknown'] as const),
      password: prng.chance(0.8) ? 'right' : prng.pick(['wrong', 'short', 'null'] as const),
      timeoutMs: prng.pick([30_000, 30_000, 10_000, 0, -1, 1, 3999, 40_001, 0x7fff_ffff]),
      readOnly: prng.pick([0, 0, 0, 1, 2, null]),
      lastZxid: isOdd ? prng.pick([0, 3, 1_000_000, -1_000_000, 0x1_0000_0000]) : null,
      protocolVersion: isOdd ? prng.pick([0, 1, -1]) : 0,
      trailing: isOdd ? prng.pick(['', '00', '0102030405060708']) : '',
      behind: prng.chance(0.2) ? this.#behind() : [],
    });
  }

  /** What clients that come back send with it: who they are, and what they watch. */
  #behind(): Message[] {
    const burst = this.#burst(this.#prng.between(1, 4));
    return this.#prng.chance(0.3) ? [this.#numbered(this.#speaker.auth()), ...burst] : burst;
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
    if (prng.chance(0.02)) messages.push(this.#numbered(ask(OpCode.CLOSE_SESSION)));
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

  #numbered(message: Message): Message {
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
