/**
 * What the client watches: listeners by path, and how to ask for them again after a reconnect.
 *
 * One-shot listeners are dropped when they fire, persistent ones stay. Paths in here are the server's, chroot included.
 */
import { OpCode } from '../model/ops.ts';
import { Request } from '../model/request.ts';
import { EventType, type WatchEvent } from '../wire/replies.ts';

export type WatchListener = (event: WatchEvent) => void;

/** The tables of the protocol a one-shot watch can be in. */
export type OneShotKind = 'data' | 'exist' | 'child';
export type PersistentKind = 'persistent' | 'recursive';

/** Apache's clients split the request here, because a server refuses one above its limit. */
const REGISTRATION_BYTES_MAX = 128 * 1024;

export class ClientWatches {
  readonly #oneShot: Record<OneShotKind, Map<string, Set<WatchListener>>> = {
    data: new Map(),
    exist: new Map(),
    child: new Map(),
  };
  readonly #lasting: Record<PersistentKind, Map<string, Set<WatchListener>>> = {
    persistent: new Map(),
    recursive: new Map(),
  };

  get count(): number {
    return [...Object.values(this.#oneShot), ...Object.values(this.#lasting)].reduce(
      (sum, paths) => sum + paths.size,
      0,
    );
  }

  addOnce(kind: OneShotKind, path: string, listener: WatchListener): void {
    add(this.#oneShot[kind], path, listener);
  }

  add(kind: PersistentKind, path: string, listener: WatchListener): void {
    add(this.#lasting[kind], path, listener);
  }

  /** @returns whether nobody watches this path in this way any more */
  remove(kind: PersistentKind, path: string, listener: WatchListener): boolean {
    const listeners = this.#lasting[kind].get(path);
    if (listeners === undefined) return false;
    listeners.delete(listener);
    if (listeners.size > 0) return false;
    this.#lasting[kind].delete(path);
    return true;
  }

  /**
   * Tells whoever the event is for, in its place among the answers: behind those that came before it, one of which may have
   * set the watch, and before those that show the change. Who awaits an answer goes on two microtasks after it was read (the
   * request's promise, then the method's), so that is when listeners are called.
   */
  fire(event: WatchEvent): void {
    const listeners = this.#listenersFor(event);
    if (listeners.size === 0) return;
    const tell = (): void => {
      for (const listener of listeners) listener(event);
    };
    queueMicrotask(() => queueMicrotask(tell));
  }

  #listenersFor({ type, path }: WatchEvent): Set<WatchListener> {
    const listeners = new Set<WatchListener>();
    const takeOnce = (kind: OneShotKind): void => {
      for (const listener of this.#oneShot[kind].get(path) ?? []) listeners.add(listener);
      this.#oneShot[kind].delete(path);
    };
    if (type !== EventType.CHILDREN_CHANGED) {
      takeOnce('data');
      takeOnce('exist');
    }
    if (type === EventType.CHILDREN_CHANGED || type === EventType.DELETED) takeOnce('child');
    for (const listener of this.#lasting.persistent.get(path) ?? []) listeners.add(listener);
    // Whoever watches recursively hears of the children themselves.
    if (this.#lasting.recursive.size > 0 && type !== EventType.CHILDREN_CHANGED) {
      for (const at of selfAndAncestors(path)) {
        for (const listener of this.#lasting.recursive.get(at) ?? []) listeners.add(listener);
      }
    }
    return listeners;
  }

  /** Requests that register everything again on a new connection, to hear of what changed after `toldZxid`. */
  registrations(toldZxid: number): Request[] {
    const batches: Batch[] = [];
    const put = (kind: OneShotKind | PersistentKind, path: string): void => {
      let batch = batches.at(-1);
      if (batch === undefined || batch.bytes >= REGISTRATION_BYTES_MAX) {
        batch = { data: [], exist: [], child: [], persistent: [], recursive: [], bytes: 0 };
        batches.push(batch);
      }
      batch[kind].push(path);
      batch.bytes += path.length * 3 + 4;
    };
    for (const kind of ['data', 'exist', 'child'] as const) {
      for (const path of this.#oneShot[kind].keys()) put(kind, path);
    }
    for (const kind of ['persistent', 'recursive'] as const) {
      for (const path of this.#lasting[kind].keys()) put(kind, path);
    }
    return batches.map((batch) => toRequest(batch, toldZxid));
  }

  clear(): void {
    for (const paths of [...Object.values(this.#oneShot), ...Object.values(this.#lasting)])
      paths.clear();
  }
}

interface Batch extends Record<OneShotKind | PersistentKind, string[]> {
  bytes: number;
}

function toRequest(batch: Batch, toldZxid: number): Request {
  // Servers before 3.6 know only the older request.
  const isNew = batch.persistent.length > 0 || batch.recursive.length > 0;
  const request = new Request(isNew ? OpCode.SET_WATCHES2 : OpCode.SET_WATCHES);
  request.zxid = toldZxid;
  request.watches = batch;
  return request;
}

function* selfAndAncestors(path: string): Iterable<string> {
  yield path;
  for (let at = path; at.length > 1;) {
    at = at.slice(0, Math.max(1, at.lastIndexOf('/')));
    yield at;
  }
}

function add(paths: Map<string, Set<WatchListener>>, path: string, listener: WatchListener): void {
  const listeners = paths.get(path);
  if (listeners === undefined) paths.set(path, new Set([listener]));
  else listeners.add(listener);
}
