/**
 * What one connection has done so far that 3.8 and 3.9 remember differently: its watches, and on which paths they may have
 * come apart. After that, events there prove nothing about either.
 */
import { Code } from '../../../src-server/coordination/model/codes.ts';
import { OpCode } from '../../../src-server/coordination/model/ops.ts';
import { pathAt } from './encode.ts';
import type { Sighted } from './play.ts';
import type { Message, Value } from './script.ts';

type WatchKind = 'data' | 'child' | 'persistent' | 'recursive';

const ANY_TYPE = 3;
const LISTS: readonly WatchKind[] = ['data', 'data', 'child', 'persistent', 'recursive'];

export class Story {
  readonly #root: string;
  readonly #kinds = new Map<string, Set<WatchKind>>();
  readonly #apart = new Set<string>();
  /** Of the latest reply that has one, counted from the play's beginning. */
  lastZxid = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** A pair of frames, in the order of the connection. */
  note(theirs: Sighted | null, ours: Sighted | null): void {
    const message = ours?.message ?? null;
    if (theirs === null || ours === null || message === null) return;
    this.lastZxid = zxidOf(ours) ?? this.lastZxid;
    const [their, our] = [codeOf(theirs), codeOf(ours)];
    const path = this.pathOf(message);
    switch (message.op) {
      case OpCode.EXISTS:
        if (their !== our) this.#apart.add(path);
        if (isWatching(message)) this.#watch(path, 'data');
        return;
      case OpCode.GET_DATA:
        if (our === Code.OK && isWatching(message)) this.#watch(path, 'data');
        return;
      case OpCode.GET_CHILDREN:
      case OpCode.GET_CHILDREN2:
        if (our === Code.OK && isWatching(message)) this.#watch(path, 'child');
        return;
      case OpCode.ADD_WATCH:
        if (our === Code.OK) this.#watch(path, typeOf(message) === 0 ? 'persistent' : 'recursive');
        return;
      case OpCode.REMOVE_WATCHES:
        if (typeOf(message) !== ANY_TYPE && this.hasLasting(path)) this.#apart.add(path);
        return;
      case OpCode.SET_WATCHES:
      case OpCode.SET_WATCHES2:
        for (const [i, value] of message.body.slice(1).entries()) {
          if (value.is !== 'texts') continue;
          for (const text of value.of ?? []) this.#watch(this.#at(text), LISTS[i]!);
        }
        return;
      default:
        return;
    }
  }

  /** Watches on this path, or recursive ones above it, may not be the same in both. */
  isApart(path: string): boolean {
    for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/'))))
      if (this.#apart.has(at)) return true;
    return this.#apart.has('/');
  }

  /** Whether the connection set a watch there that outlives its first event. */
  hasLasting(path: string): boolean {
    const kinds = this.#kinds.get(path);
    return kinds?.has('persistent') === true || kinds?.has('recursive') === true;
  }

  #watch(path: string, kind: WatchKind): void {
    const kinds = this.#kinds.get(path) ?? new Set();
    this.#kinds.set(path, kinds.add(kind));
    // 3.8 keeps one mode of a path, the latest; 3.9 keeps each.
    if (kinds.size > 1 && this.hasLasting(path)) this.#apart.add(path);
  }

  pathOf({ body: [first] }: Message): string {
    return this.#at(first?.is === 'text' ? first.of : null);
  }

  #at(path: string | null): string {
    return pathAt(path ?? '', this.#root);
  }
}

export function codeOf({ frame }: Sighted): number {
  return frame.readInt32BE(CODE_AT);
}

/** Of an event or a reply, counted from the play's beginning; null for none. */
export function zxidOf({ normal, frame }: Sighted): number | null {
  const isCounted = !normal.subarray(ZXID_AT, CODE_AT).equals(frame.subarray(ZXID_AT, CODE_AT));
  return isCounted ? normal.readInt32BE(ZXID_AT + 4) : null;
}

const ZXID_AT = 4;
const CODE_AT = 12;

/** The number a request ends with: a mode, or a type of watch. */
export function typeOf({ body }: Message): number {
  const last: Value | undefined = body.at(-1);
  return last?.is === 'int' ? last.of : 0;
}

function isWatching({ body }: Message): boolean {
  const last = body.at(-1);
  return last?.is === 'bool' && last.of !== 0;
}
