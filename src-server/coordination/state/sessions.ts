/** The replicated session table: who exists, and which ephemeral nodes are whose. */
import type { Row } from './node.ts';

export class Session {
  readonly id: bigint;
  /** As the transaction that created it states; a reconnect may have agreed on another since. */
  timeoutMs: number;
  readonly ephemerals = new Set<Row>();
  /** Its end is proposed: whatever it asks from now on is refused. Known where writes are prepared, and only there. */
  isClosing = false;

  constructor(id: bigint, timeoutMs: number) {
    this.id = id;
    this.timeoutMs = timeoutMs;
  }
}

export class Sessions {
  readonly #byId = new Map<bigint, Session>();
  /** Owners of nodes that no transaction has created: from a fuzzy snapshot's future, or left by an old server. */
  readonly #orphaned = new Map<bigint, Session>();
  /** Their creation is proposed and not applied: what they ask for behind it may be proposed as well. */
  readonly #proposed = new Map<bigint, Session>();
  #ephemeralCount = 0;

  get count(): number {
    return this.#byId.size;
  }

  get ephemeralCount(): number {
    return this.#ephemeralCount;
  }

  get(id: bigint): Session | undefined {
    return this.#byId.get(id);
  }

  /** As it will be when everything proposed is applied. */
  proposed(id: bigint): Session | undefined {
    return this.#byId.get(id) ?? this.#proposed.get(id);
  }

  all(): Iterable<Session> {
    return this.#byId.values();
  }

  propose(id: bigint, timeoutMs: number): void {
    if (this.proposed(id) === undefined) this.#proposed.set(id, new Session(id, timeoutMs));
  }

  /** What was proposed will never be applied. */
  abandonProposed(): void {
    this.#proposed.clear();
    for (const session of this.#byId.values()) session.isClosing = false;
  }

  add(id: bigint, timeoutMs: number): void {
    const known = this.#byId.get(id) ?? this.#proposed.get(id) ?? this.#orphaned.get(id);
    this.#proposed.delete(id);
    this.#orphaned.delete(id);
    const session = known ?? new Session(id, timeoutMs);
    session.timeoutMs = timeoutMs;
    this.#byId.set(id, session);
  }

  /** The rows of its ephemerals are the caller's to remove first. */
  remove(id: bigint): void {
    this.#byId.delete(id);
    this.#orphaned.delete(id);
  }

  addEphemeral(owner: bigint, row: Row): void {
    let session = this.#byId.get(owner) ?? this.#orphaned.get(owner);
    if (session === undefined) this.#orphaned.set(owner, (session = new Session(owner, 0)));
    session.ephemerals.add(row);
    this.#ephemeralCount++;
  }

  removeEphemeral(owner: bigint, row: Row): void {
    const session = this.#byId.get(owner) ?? this.#orphaned.get(owner);
    if (session?.ephemerals.delete(row) === true) this.#ephemeralCount--;
  }

  ephemeralsOf(owner: bigint): Iterable<Row> {
    return (this.#byId.get(owner) ?? this.#orphaned.get(owner))?.ephemerals ?? [];
  }

  orphans(): bigint[] {
    return [...this.#orphaned.keys()];
  }
}
