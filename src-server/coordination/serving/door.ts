/** The client port: who comes in, who is inside, and the end of each turn. */
import type { Settings } from '../../config/settings.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Listener, Net, Socket } from '../../platform/net.ts';
import { OpCode } from '../model/ops.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Txn } from '../model/txn.ts';
import type { Machine } from '../state/machine.ts';
import { Connection, type Household } from './connection.ts';
import type { Service } from './handshake.ts';
import type { Waiter } from './ports.ts';

type Own<T> = { -readonly [Key in keyof T]: T[Key] };

export interface DoorParts extends Omit<
  Household,
  'markDirty' | 'endTurn' | 'displace' | 'onAttached' | 'onClosed' | 'service'
> {
  readonly net: Net;
  readonly logger: Logger;
}

export class Door {
  readonly #parts: DoorParts;
  readonly #household: Own<Household>;
  readonly #connections = new Set<Connection>();
  readonly #bySession = new Map<bigint, Connection>();
  readonly #byAddress = new Map<string, number>();
  #dirty: Connection[] = [];
  #listener: Listener | null = null;
  #at: Pick<Settings, 'clientPort' | 'clientPortAddress'>;

  constructor(parts: DoorParts) {
    this.#parts = parts;
    this.#at = parts.settings;
    this.#household = {
      ...parts,
      service: 'none',
      markDirty: (connection) => this.#dirty.push(connection),
      endTurn: () => this.flush(),
      displace: (sessionId) => this.#bySession.get(sessionId)?.dismiss(),
      onAttached: (connection) => this.#onAttached(connection),
      onClosed: (connection) => this.#onClosed(connection),
    };
  }

  /** Starts listening. Until `beginService`, only words are answered. */
  async open(): Promise<void> {
    this.#listener = await this.#listen();
  }

  /** Clients connect elsewhere from now on; those who are inside stay. */
  async moveTo(at: Pick<Settings, 'clientPort' | 'clientPortAddress'>): Promise<void> {
    if (this.#listener === null) return;
    const { clientPort, clientPortAddress } = this.#at;
    if (at.clientPort === clientPort && at.clientPortAddress === clientPortAddress) return;
    // Every interface and one of them cannot be listened on at the same time.
    const closing = this.#listener.close();
    this.#at = at;
    this.#listener = await this.#listen();
    await closing;
  }

  #listen(): Promise<Listener> {
    const { net, settings } = this.#parts;
    const { clientPort: port, clientPortAddress: host } = this.#at;
    return net.listen({ host, port, backlog: settings.clientPortListenBacklog }, (socket) =>
      this.#onSocket(socket),
    );
  }

  /** The port clients connect to, chosen by the system where the settings say 0; 0 while closed. */
  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** What clients may do at present. */
  get service(): Service {
    return this.#household.service;
  }

  /** Clients are let in from now on, and served from this state. */
  beginService(machine: Machine, service: Exclude<Service, 'none'>): void {
    this.#household.machine = machine;
    this.#parts.reads.use(machine);
    this.#household.service = service;
  }

  /** Everybody is sent away; their sessions live on. */
  endService(): void {
    this.#household.service = 'none';
    for (const connection of this.#connections) connection.sendAway();
  }

  /** Its session ended without a transaction. */
  dismiss(sessionId: bigint): void {
    this.#bySession.get(sessionId)?.dismiss();
  }

  connectionOf(sessionId: bigint): Connection | undefined {
    return this.#bySession.get(sessionId);
  }

  /** A transaction was applied: watchers first (W1), then whoever waited for it. */
  onApplied(txn: Txn, outcome: Outcome, waiter: Waiter | null): void {
    for (const change of outcome.changes) this.#parts.watches.fire(change, outcome.zxid);
    // Whoever has this session already had it as a local one.
    if (txn.type === OpCode.CREATE_SESSION) this.#onSessionMade(txn.sessionId);
    waiter?.settled(outcome);
    if (txn.type === OpCode.CLOSE_SESSION) this.#bySession.get(txn.sessionId)?.dismiss();
  }

  #onSessionMade(id: bigint): void {
    const connection = this.#bySession.get(id);
    const session = this.#household.machine.session(id);
    if (connection !== undefined && session !== undefined) connection.onUpgraded(session);
  }

  /** The end of a turn: sends what every connection has gathered. */
  flush(): void {
    while (this.#dirty.length > 0) {
      const dirty = this.#dirty;
      this.#dirty = [];
      for (const connection of dirty) connection.flush();
    }
  }

  async close(): Promise<void> {
    const closing = this.#listener?.close();
    this.#listener = null;
    for (const connection of this.#connections) connection.destroy();
    await closing;
  }

  #onSocket(socket: Socket): void {
    const { settings, stats, logger } = this.#parts;
    const fromThere = this.#byAddress.get(socket.remoteAddress) ?? 0;
    const isTooMany =
      (settings.maxClientConnections > 0 && fromThere >= settings.maxClientConnections) ||
      (settings.maxConnections > 0 && this.#connections.size >= settings.maxConnections);
    if (isTooMany) {
      stats.connectionsRejected.add();
      logger.warn('a connection is turned away: too many', {
        address: socket.remoteAddress,
        from: fromThere,
      });
      socket.destroy();
      return;
    }
    this.#byAddress.set(socket.remoteAddress, fromThere + 1);
    const connection = new Connection(socket, this.#household);
    this.#connections.add(connection);
  }

  #onAttached(connection: Connection): void {
    this.#bySession.set(connection.sessionId, connection);
  }

  #onClosed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#bySession.get(connection.sessionId) === connection)
      this.#bySession.delete(connection.sessionId);
    const left = (this.#byAddress.get(connection.remoteAddress) ?? 1) - 1;
    if (left === 0) this.#byAddress.delete(connection.remoteAddress);
    else this.#byAddress.set(connection.remoteAddress, left);
  }
}
