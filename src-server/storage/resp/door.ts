/**
 * The doors of a storage node: the cluster port, where keys led elsewhere are answered with MOVED, and the proxy port, where
 * every key is served. Each may be plain or protected, as the net says that it is handed.
 */
import type { Clock } from '../../platform/clock.ts';
import type { Entropy } from '../../platform/entropy.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Listener, Net, Socket } from '../../platform/net.ts';
import { ClusterReplies } from './cluster-replies.ts';
import { COMMANDS } from './commands/catalogue.ts';
import { Connection, type Hall } from './connection.ts';
import type { DoorKind } from './courier.ts';
import type { Household } from './desk.ts';
import { checkRespLimits, DEFAULT_RESP_LIMITS, type RespLimits } from './limits.ts';
import type { Keyspace } from './ports.ts';
import { RespStats } from './stats.ts';
import type { UserRecord, Users } from './users.ts';

export interface DoorOptions {
  readonly kind: DoorKind;
  readonly net: Net;
  /** An address, or null for every interface. */
  readonly host: string | null;
  /** 0 lets the system choose. */
  readonly port: number;
}

const BACKLOG = 511;

/** All doors of one node, and everybody inside. */
export class Doors {
  readonly stats = new RespStats();
  readonly #household: Household;
  readonly #connections = new Map<number, Connection>();
  readonly #byAddress = new Map<string, number>();
  readonly #listeners = new Map<DoorKind, Listener>();
  #dirty: Connection[] = [];
  #isFlushPlanned = false;
  #isInTurn = false;
  #lastId = 0;

  constructor(parts: {
    readonly keyspace: Keyspace;
    readonly users: Users;
    readonly clock: Clock;
    readonly entropy: Entropy;
    readonly logger: Logger;
    /** Of this product. */
    readonly version: string;
    readonly limits?: Partial<RespLimits>;
  }) {
    const limits = { ...DEFAULT_RESP_LIMITS, ...parts.limits };
    checkRespLimits(limits);
    this.#household = {
      ...parts,
      limits,
      stats: this.stats,
      commands: COMMANDS,
      clusterReplies: new ClusterReplies(parts.keyspace),
      visitors: this.#connections,
    };
  }

  async open({ kind, net, host, port }: DoorOptions): Promise<void> {
    const hall: Hall = {
      kind,
      household: this.#household,
      markDirty: (connection) => this.#markDirty(connection),
      beginTurn: () => {
        this.#isInTurn = true;
      },
      endTurn: () => {
        this.flush();
        this.#isInTurn = false;
      },
      onClosed: (connection) => this.#onClosed(connection),
    };
    const { logger } = this.#household;
    const listener = await net.listen(
      {
        host,
        port,
        backlog: BACKLOG,
        onRefused: (from, reason) => logger.warn('a client is not let in', { from, reason }),
      },
      (socket) => this.#onSocket(socket, hall),
    );
    this.#listeners.set(kind, listener);
  }

  /** 0 while that door is closed. */
  port(kind: DoorKind): number {
    return this.#listeners.get(kind)?.port ?? 0;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /**
   * Sends what every connection has gathered. It happens by itself at the end of each turn; a node that has just answered
   * many may call it sooner.
   */
  flush(): void {
    while (this.#dirty.length > 0) {
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const connection of dirty) connection.flush();
    }
  }

  /**
   * From now on these are let in. Whoever is inside and among them may do what their record says; anybody else goes when
   * everything they asked for is answered: what was cut off would be asked again.
   */
  useUsers(records: readonly UserRecord[]): void {
    const { users } = this.#household;
    users.replace(records);
    for (const connection of this.#connections.values()) {
      const before = connection.user;
      connection.user = users.renewed(before);
      if (before !== null && connection.user === null) connection.leave();
    }
  }

  async close(): Promise<void> {
    const closing = [...this.#listeners.values()].map((listener) => listener.close());
    this.#listeners.clear();
    // What is answered leaves first: whoever does not hear what became of a write asks for it again, elsewhere.
    this.flush();
    for (const connection of this.#connections.values()) connection.destroy();
    await Promise.all(closing);
  }

  #markDirty(connection: Connection): void {
    this.#dirty.push(connection);
    if (this.#isInTurn || this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#household.clock.defer(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }

  #onSocket(socket: Socket, hall: Hall): void {
    const { limits, stats, logger } = this.#household;
    const from = socket.remoteAddress;
    const fromThere = this.#byAddress.get(from) ?? 0;
    stats.connectionsReceived++;
    const isFull =
      this.#connections.size >= limits.connectionsMax ||
      fromThere >= limits.connectionsPerAddressMax;
    if (isFull) {
      stats.connectionsRejected++;
      logger.warn('a client is turned away: too many', { address: from, from: fromThere });
      socket.write(TOO_MANY);
      socket.end();
      return;
    }
    this.#byAddress.set(from, fromThere + 1);
    const connection = new Connection(++this.#lastId, socket, hall);
    this.#connections.set(connection.id, connection);
  }

  #onClosed(connection: Connection): void {
    this.#connections.delete(connection.id);
    const left = (this.#byAddress.get(connection.remoteAddress) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(connection.remoteAddress);
    else this.#byAddress.set(connection.remoteAddress, left);
  }
}

const TOO_MANY = Buffer.from('-ERR max number of clients reached\r\n');
