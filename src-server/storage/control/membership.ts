/**
 * One process's place in the ring: it is registered with the ensemble, and knows the ring as the ensemble has it.
 *
 *   session ──▶ mirror of /ring ──▶ view (outlives sessions)
 *      └─────▶ registration: nodes/<id>, ephemeral
 *
 * Nothing here stops when the ensemble is away: the view stays as it was, writes answer "lost", and everything is taken up again
 * with the next connection, in a new session where the old one has expired. Without a node to register it only looks.
 */
import { sessionHex, sessionId } from '../../base/ids.ts';
import {
  Client,
  ClientError,
  type SessionState,
  type Step,
} from '../../coordination/client/client.ts';
import { Code } from '../../coordination/model/codes.ts';
import type { Platform } from '../../platform/platform.ts';
import type { NodeId } from '../ring/topology.ts';
import { historyStep } from './batch.ts';
import { KeptView, type ViewListener } from './kept-view.ts';
import { RingMirror } from './mirror.ts';
import { DEFAULT_ROOT, RingPaths } from './paths.ts';
import { whyImpossible } from './placement-text.ts';
import {
  type ForceRecord,
  formatForce,
  formatHistory,
  formatPartition,
  type NodeRecord,
  type PartitionState,
  whyContradictory,
} from './records.ts';
import { Registration, type RegistrationState } from './registration.ts';
import { formatConfig, type RingConfig } from './ring-config.ts';
import { commit, type Outcome } from './transaction.ts';
import type { RingView } from './view.ts';

export type { ViewListener } from './kept-view.ts';
export type { NodeRecord, PartitionState } from './records.ts';
export type { RegistrationState } from './registration.ts';
export type { RingConfig } from './ring-config.ts';
export type { RingView, Versioned, ViewChange } from './view.ts';

export interface MembershipOptions {
  readonly platform: Pick<Platform, 'net' | 'clock' | 'entropy' | 'logger'>;
  /** `host:port,host:port/chroot` */
  readonly connect: string;
  readonly root?: string;
  readonly sessionTimeoutMs: number;
  /** Who this process is for the ensemble. */
  readonly credentials?: readonly { readonly scheme: string; readonly auth: Uint8Array }[];
  /** Called when the registration is made, or refused because somebody else has the node's name. */
  readonly onRegistration?: (state: RegistrationState) => void;
  /** The ring knows this start of the node, or a later one, from another folder: it must register under a later number. */
  readonly onFormerStart?: (incarnation: number) => void;
  /** Called with each session that has begun: what belongs to the one before is gone. */
  readonly onSession?: (session: string) => void;
}

/** What became of a change. */
export type ChangeOutcome =
  | { readonly kind: 'ok'; readonly version: number }
  /** It was made against something that is not so any more: look at the view again. */
  | { readonly kind: 'conflict'; readonly why: string }
  /** Nobody knows whether it was made: the view will show. */
  | { readonly kind: 'lost'; readonly why: string };

/** A session that expires at once, again and again, is not asked for without a pause. */
const NEW_SESSION_MS = 100;

export class Membership {
  readonly #options: MembershipOptions;
  readonly paths: RingPaths;
  readonly #view: KeptView;
  readonly #registration: Registration;
  #connect: string;
  #client: Client;
  #mirror: RingMirror;
  #isClosed = false;

  /** Begins to connect at once. @throws ClientError BAD_ARGUMENTS for a connect string that is none */
  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#connect = options.connect;
    this.paths = new RingPaths(options.root ?? DEFAULT_ROOT);
    this.#view = new KeptView(this.paths);
    this.#registration = new Registration({
      ...options.platform,
      paths: this.paths,
      view: this.#view,
      onState: options.onRegistration ?? ((): void => undefined),
      onFormerStart: options.onFormerStart ?? ((): void => undefined),
    });
    [this.#client, this.#mirror] = this.#begin();
  }

  /** Always the same object: what it says changes before listeners are told, and at no other time. */
  get view(): RingView {
    return this.#view;
  }

  /** Sixteen hexadecimal digits; zeros before the first session. */
  get session(): string {
    return sessionHex(sessionId(this.#client.sessionId));
  }

  /** As agreed with the ensemble. */
  get sessionTimeoutMs(): number {
    return this.#client.sessionTimeoutMs;
  }

  get registration(): RegistrationState {
    return this.#registration.state;
  }

  /** @returns how to stop listening */
  onChange(listener: ViewListener): () => void {
    return this.#view.onChange(listener);
  }

  /** Resolves once all of the ring was read. */
  ready(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.#view.isConnected) return;
        stop();
        resolve();
      };
      const stop = this.onChange(look);
      look();
    });
  }

  /** From now on this node is in the ring, session after session; called again, it tells something else of itself. */
  register(node: NodeRecord): void {
    this.#registration.want(node);
  }

  /** Takes the node's name off the ring at once, instead of after the session's timeout. */
  async leave(): Promise<void> {
    await this.#registration.withdraw();
  }

  /** The ensemble has other servers now. */
  useServers(connect: string): void {
    this.#connect = connect;
    this.#client.useServers(connect);
  }

  /**
   * The leader's word on who is in sync. Whoever is new in there becomes a replica; whoever is not any more stays one, and
   * fetches what it lacks.
   */
  async changeInSync(
    partition: number,
    { inSync }: { readonly inSync: readonly NodeId[] },
    expectedVersion: number,
  ): Promise<ChangeOutcome> {
    return this.#changePartition(partition, expectedVersion, (state) => ({
      ...state,
      inSync,
      replicas: [...state.replicas, ...inSync.filter((id) => !state.replicas.includes(id))],
      learners: state.learners.filter((id) => !inSync.includes(id)),
    }));
  }

  /** The leader's word that it cannot lead under this epoch: somebody is elected again, and it may be the same node. */
  async resign(partition: number, id: NodeId, expectedVersion: number): Promise<ChangeOutcome> {
    return this.#changePartition(partition, expectedVersion, (state) =>
      state.leader === id ? { ...state, leader: null, leaderIncarnation: 0 } : state,
    );
  }

  /**
   * The word of a node on its own copy: it cannot vouch for it any more, and is not in sync. The last one in sync cannot say
   * so: there would be nobody left who holds what was acknowledged.
   */
  async withdraw(partition: number, id: NodeId, expectedVersion: number): Promise<ChangeOutcome> {
    return this.#changePartition(partition, expectedVersion, (state) => ({
      ...state,
      inSync: state.inSync.filter((other) => other !== id),
      ...(state.leader === id ? { leader: null, leaderIncarnation: 0 } : {}),
    }));
  }

  /** An operator's change of what is wanted; the controller does the rest. */
  async changeConfig(config: RingConfig, expectedVersion: number): Promise<ChangeOutcome> {
    const known = this.#view.config;
    if (known?.version !== expectedVersion)
      return { kind: 'conflict', why: 'the configuration was changed meanwhile' };
    const problem = whyNotNext(known.value, config);
    if (problem !== null) return { kind: 'conflict', why: problem };
    const { by, why, atMs } = config.changed;
    const history = formatHistory({
      atMs,
      by,
      controllerEpoch: this.#view.controllerEpoch?.value.epoch ?? 0,
      ringVersion: config.version,
      entries: [
        { kind: 'placement-changed', partition: null, node: null, epoch: null, words: why },
      ],
    });
    const data = Buffer.from(formatConfig(config));
    return this.#change([
      { kind: 'set', path: this.paths.config, data, version: expectedVersion },
      historyStep(this.paths, history),
    ]);
  }

  /** An operator's order to elect somebody who is not in sync. The controller carries it out, or says in history why not. */
  async force(partition: number, force: ForceRecord): Promise<ChangeOutcome> {
    const data = Buffer.from(formatForce(force));
    return this.#change([{ kind: 'create', path: this.paths.force(partition), data }]);
  }

  /** Resolves once what the ensemble has told so far is in the view. */
  async settled(): Promise<void> {
    await this.#mirror.settled();
  }

  /** Names below a path of the ring. */
  async childrenOf(path: string): Promise<string[]> {
    return (await this.#client.getChildren(path)).names;
  }

  /** Whether what the view says of a partition, and of what is wanted, is so at the ensemble itself: a view may be late. */
  async isStillSo(partition: number): Promise<boolean> {
    const { config, rebalance, partitions } = this.#view;
    const known = partitions.get(partition);
    if (config === null || known === undefined) return false;
    const check = (path: string, { version }: { readonly version: number }): Step => {
      return { kind: 'check', path, version };
    };
    const outcome = await this.#change([
      check(this.paths.config, config),
      check(this.paths.partition(partition), known),
      ...(rebalance === null ? [] : [check(this.paths.rebalance, rebalance)]),
    ]);
    return outcome.kind === 'ok';
  }

  /** What a znode of the ring says; null for one that is not there. */
  async textOf(path: string): Promise<string | null> {
    try {
      return (await this.#client.getData(path)).data?.toString('utf8') ?? '';
    } catch (error) {
      if (error instanceof ClientError && error.code === Code.NO_NODE) return null;
      throw error;
    }
  }

  /** Of this process, for what people are told. */
  get wallMs(): number {
    return this.#options.platform.clock.wallMs();
  }

  /** Any write below the root, all or nothing. */
  async transact(steps: readonly Step[]): Promise<Outcome> {
    return commit(this.#client, steps);
  }

  /** Ends the session: the ensemble takes the node for dead at once. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#registration.close();
    this.#mirror.close();
    await this.#client.close();
  }

  async #changePartition(
    partition: number,
    expectedVersion: number,
    change: (state: PartitionState) => PartitionState,
  ): Promise<ChangeOutcome> {
    const known = this.#view.partitions.get(partition);
    if (known?.version !== expectedVersion)
      return { kind: 'conflict', why: 'the partition was changed meanwhile' };
    const next = change(known.value);
    const problem = whyContradictory(next);
    if (problem !== null) return { kind: 'conflict', why: problem };
    const path = this.paths.partition(partition);
    const data = Buffer.from(formatPartition(next));
    return this.#change([{ kind: 'set', path, data, version: expectedVersion }]);
  }

  /** @returns what became of the first step, the one that matters */
  async #change(steps: readonly Step[]): Promise<ChangeOutcome> {
    try {
      const outcome = await this.transact(steps);
      return outcome.kind === 'ok' ? { kind: 'ok', version: outcome.versions[0] ?? 0 } : outcome;
    } catch (error) {
      // The ensemble has answered, so it is certain that nothing was changed.
      if (error instanceof ClientError) return { kind: 'conflict', why: error.message };
      throw error;
    }
  }

  #begin(): [Client, RingMirror] {
    const { platform, sessionTimeoutMs, credentials = [] } = this.#options;
    const client = new Client({
      platform,
      connect: this.#connect,
      sessionTimeoutMs,
      requestTimeoutMs: sessionTimeoutMs * 2,
    });
    for (const { scheme, auth } of credentials) client.addAuth(scheme, auth);
    const mirror = new RingMirror({
      client,
      paths: this.paths,
      view: this.#view,
      ...platform,
    });
    this.#registration.use(client);
    let session = 0n;
    client.onState((state) => {
      if (state.kind === 'connected' && session !== client.sessionId) {
        session = client.sessionId;
        this.#options.onSession?.(sessionHex(sessionId(session)));
      }
      this.#lookAt(client, state);
    });
    return [client, mirror];
  }

  #lookAt(client: Client, state: SessionState): void {
    if (this.#isClosed || client !== this.#client) return;
    const { logger, clock } = this.#options.platform;
    if (state.kind === 'auth-failed') {
      logger.error('the ensemble does not take this node for who it says it is');
    }
    if (state.kind !== 'expired' && state.kind !== 'auth-failed') return;
    logger.warn('the session with the ensemble is over', { why: state.kind });
    this.#mirror.close();
    clock.after(NEW_SESSION_MS, () => {
      if (!this.#isClosed) [this.#client, this.#mirror] = this.#begin();
    });
  }
}

/** Null for a configuration that may follow this one. */
function whyNotNext(before: RingConfig, next: RingConfig): string | null {
  if (next.ringId !== before.ringId) return 'it is of another ring';
  if (next.version !== before.version + 1) return `its version is not ${before.version + 1}`;
  if (next.table.partitionCount !== before.table.partitionCount)
    return `a ring of ${before.table.partitionCount} partitions keeps them`;
  return whyImpossible(next);
}
