/**
 * The composition of one storage node: the only file that knows all rooms.
 *
 *   clients ──▶ resp doors ──▶ keyspace ──▶ partitions ──▶ engine
 *                                 │            │   ▲
 *                              forwards     links, transfer ◀──▶ other nodes
 *   ensemble ◀──▶ membership ──▶ picture of the ring
 *        └─────── controller (on the node that is elected)
 *
 * It starts from the disk up: its log, its doors, then its name in the ring; and ends the other way round.
 */
import type { StorageSettings } from '../config/storage-settings.ts';
import type { Clock } from '../platform/clock.ts';
import type { LinkFaults } from '../platform/link-faults.ts';
import type { Platform } from '../platform/platform.ts';
import { Agreement } from './agreement.ts';
import { Comparing } from './comparing.ts';
import { Controller } from './control/controller.ts';
import { Membership, type NodeRecord, type ViewChange } from './control/membership.ts';
import { holdOf, paceOf } from './control/pace.ts';
import { copiesOf } from './control/records.ts';
import { isFounder } from './control/ring-config.ts';
import { DiskFullness } from './disk-fullness.ts';
import { Engine } from './engine/engine.ts';
import { Forwards } from './forwards.ts';
import { beginIncarnation, type Identity, joinRing, outcount, renameFolder } from './identity.ts';
import { KeptEntries } from './kept-entries.ts';
import { Keyspace } from './keyspace.ts';
import { credentialsOf, netOf, placesOf, termsOf } from './node-terms.ts';
import { Partitions } from './partitions.ts';
import { Links } from './replication/mesh/links.ts';
import { Transfers } from './replication/mesh/transfer.ts';
import { DEFAULT_REPLICATION_SETTINGS } from './replication/settings.ts';
import { Doors } from './resp/door.ts';
import { Errands } from './resp/errands.ts';
import { DEFAULT_RESP_LIMITS } from './resp/limits.ts';
import { type UserRecord, Users } from './resp/users.ts';
import { Retirement } from './retirement.ts';
import { type NodeId, nodeId } from './ring/topology.ts';
import { RingPicture } from './ring-picture.ts';
import { Throttle } from './throttle.ts';
import { readUsers, UsersWatch } from './users-file.ts';

export interface StorageNodeParts {
  readonly settings: StorageSettings;
  readonly platform: Platform;
  /** Of this product. */
  readonly version: string;
  /** Servers of the ensemble. */
  readonly ensemble: string;
  /** What is done on purpose to links with other nodes; absent where nobody may do that. */
  readonly faults?: LinkFaults<NodeId> | null;
  readonly onProgress: (progress: NodeProgress) => void;
  readonly onFatal: (error: Error) => void;
}

/** How far it has come since its start. */
export type NodeProgress =
  | { readonly kind: 'reading'; readonly bytes: number; readonly bytesTotal: number }
  | { readonly kind: 'joining'; readonly why: string }
  | { readonly kind: 'serving'; readonly clusterPort: number; readonly proxyPort: number };

type Ports = Pick<NodeRecord, 'clusterPort' | 'proxyPort' | 'peerPort'>;

/** This node cannot go on, and starting it again will not help by itself. */
export class StorageNodeError extends Error {
  override readonly name = 'StorageNodeError';
}

/** Forwarded commands are answered, or said to be impossible, within what both ends wait for by themselves. */
const FORWARD_MARGIN_MS = 1000;
/** Whoever ends in order goes on so long, at the most, until others lead what it led. */
const HAND_OVER_MS = 1500;
const HAND_OVER_LOOK_MS = 5;
/** Nobody sends it anything any more. */
const QUIET_MS = 100;
export class StorageNode {
  readonly #parts: StorageNodeParts;
  readonly #id: NodeId;
  #identity: Identity;
  readonly #engine: Engine;
  readonly #membership: Membership;
  readonly #picture: RingPicture;
  readonly #keyspace: Keyspace;
  readonly #partitions: Partitions;
  readonly #links: Links;
  readonly #transfers: Transfers;
  readonly #forwards: Forwards;
  readonly #doors: Doors;
  readonly #retirement: Retirement;
  readonly #agreement: Agreement;
  readonly #comparing: Comparing;
  readonly #keptEntries: KeptEntries;
  readonly #fullness: DiskFullness;
  readonly #throttle: Throttle;
  readonly #usersWatch: UsersWatch | null;
  readonly #startedAtMs: number;
  #peerPort = 0;
  #controller: Controller | null = null;
  #toldWhy: string | null = null;
  #isServing = false;
  #isStopped = false;

  /** @throws StorageNodeError, NetError, DiskError */
  static async start(parts: StorageNodeParts): Promise<StorageNode> {
    const { settings, platform, onProgress } = parts;
    const { disk, entropy } = platform;
    const { dataDir: directory, nodeId: id } = settings;
    const logDirectory = disk.join(directory, 'log');
    const isLogGone = settings.mode === 'durable' && !Engine.hasLog(disk, logDirectory);
    const identity = beginIncarnation({ disk, entropy, directory, nodeId: id, isLogGone });
    if (!identity.ok) throw new StorageNodeError(identity.error);
    const users = usersOf(parts);
    onProgress({ kind: 'reading', bytes: 0, bytesTotal: 0 });
    let onDamage: (partition: number) => void = () => undefined;
    const engine = await Engine.open({
      platform,
      directory: logDirectory,
      settings: {
        mode: settings.mode,
        segmentBytes: settings.segmentBytes,
        memoryBytes: settings.memoryBytes,
        reserveBytes: settings.diskReserveBytes,
        scrubPeriodMs: settings.scrubWithinMs,
      },
      onProgress: (progress) => onProgress({ kind: 'reading', ...progress }),
      onDamage: ({ partition }) => onDamage(partition),
    });
    const known = identity.value;
    const kept = engine.hasUnknownLoss
      ? renameFolder({ disk, entropy, directory, identity: known })
      : known;
    const node = new StorageNode(parts, { identity: kept, users, engine });
    onDamage = (partition) => node.#partitions.onDamage(partition);
    try {
      await node.#open();
    } catch (error) {
      await node.stop();
      throw error;
    }
    return node;
  }

  private constructor(
    parts: StorageNodeParts,
    built: {
      readonly identity: Identity;
      readonly users: readonly UserRecord[];
      readonly engine: Engine;
    },
  ) {
    const { settings, platform } = parts;
    const { clock, logger, disk, entropy } = platform;
    const { engine } = built;
    this.#parts = parts;
    this.#id = nodeId(settings.nodeId);
    this.#identity = built.identity;
    this.#engine = engine;
    this.#startedAtMs = clock.wallMs();
    this.#membership = new Membership({
      platform,
      connect: parts.ensemble,
      root: settings.ringRoot,
      sessionTimeoutMs: settings.sessionTimeoutMs,
      credentials: credentialsOf(settings),
      onRegistration: () => this.#tellProgress(),
      onFormerStart: (former) => this.#outcount(former),
    });
    const { view } = this.#membership;
    const { capBytes, dataDir, fullDiskPercent: limitPercent } = settings;
    this.#fullness = new DiskFullness({
      limitPercent,
      used: () => {
        if (capBytes !== null) return { bytes: engine.stats().logBytes, ofBytes: capBytes };
        const ofBytes = disk.totalBytes(dataDir);
        return { bytes: ofBytes - disk.freeBytes(dataDir), ofBytes };
      },
      onChanged: (fullPercent) => {
        logger.warn('copies to this node wait for room on its disk, or go on', { fullPercent });
        if (this.#controller !== null) this.#introduce();
      },
    });
    this.#picture = new RingPicture({
      self: this.#recordAt(settings),
      name: settings.ringRoot,
      view,
      isLinked: (node) => this.#links.isUp(node),
    });
    const incarnation = (): number => this.#identity.incarnation;
    this.#links = new Links({
      node: this.#id,
      incarnation,
      ringId: () => this.#identity.ringId,
      net: netOf(platform, settings.peerTls),
      clock,
      entropy,
      logger,
      faults: parts.faults ?? null,
      handler: {
        onLinkUp: (node) => {
          this.#picture.updateAll();
          this.#partitions.onLinkUp(node);
          this.#keyspace.parking.releaseAll();
        },
        onLinkDown: (node, why) => {
          this.#picture.updateAll();
          this.#partitions.onLinkDown(node);
          this.#forwards.onLinkDown(node, why);
        },
        onMessage: (from, message) => this.#partitions.onMessage(from, message),
        onCopyMessage: (from, message) => this.#transfers.onMessage(from, message),
        onDigestMessage: (from, message) => this.#agreement.onMessage(from, message),
        onCompareMessage: (from, message) => this.#comparing.onMessage(from, message),
        onForward: (from, requestId, errand) => this.#forwards.onForward(from, requestId, errand),
        onForwarded: (_from, requestId, reply) => this.#forwards.onAnswer(requestId, reply),
        onRoom: () => this.#transfers.onRoom(),
      },
    });
    this.#transfers = new Transfers({
      clock,
      logger,
      limits: { bytesPerSecond: settings.transferBytesPerSecond },
      ports: {
        store: (partition) => engine.partition(partition),
        create: (partition) => engine.create(partition),
        flush: (done) => engine.flush(done),
        keepFrom: (partition, seq) => this.#keptEntries.keepForCopies(partition, seq),
        mayCopy: (partition, to) => holdOf(view, partition, to) === null,
        expected: (partition) => this.#partitions.expectedCopyOf(partition),
        send: (to, message) => this.#links.send(to, message),
        unsentBytes: (node) => this.#links.unsentBytes(node),
        onProgressed: (partition, copying) => this.#partitions.onCopyProgressed(partition, copying),
        onInstalled: (partition) => this.#partitions.onInstalled(partition),
      },
    });
    this.#throttle = new Throttle({
      nowMs: () => clock.nowMs(),
      isCopying: () => this.#transfers.isBusy,
      onRate: (bytesPerSecond) => this.#transfers.setRate(bytesPerSecond),
    });
    this.#partitions = new Partitions({
      self: this.#id,
      incarnation,
      isUnbroken: () => this.#isUnbroken(),
      settings: { ...DEFAULT_REPLICATION_SETTINGS, leaseMs: settings.leaseMs },
      writeTimeoutMs: settings.writeTimeoutMs,
      clock,
      logger,
      engine,
      wires: this.#links,
      copies: this.#transfers,
      say: {
        changeInSync: ({ partition, inSync, expectedVersion }) =>
          this.#membership.changeInSync(partition, { inSync }, expectedVersion),
        withdraw: ({ partition, expectedVersion }) =>
          this.#membership.withdraw(partition, this.#id, expectedVersion),
      },
      refusal: (partition, code, words) => this.#keyspace.refusal(partition, code, words),
      again: (partition, works) => this.#keyspace.again(partition, works),
      onChanged: (partition) => this.#keyspace.parking.release(partition),
      onPulse: (nowMs) => {
        this.#keyspace.parking.releaseAll();
        this.#keyspace.parking.expire(nowMs);
        this.#retirement.onPulse(nowMs);
        this.#keptEntries.onPulse();
        this.#throttle.onPulse(nowMs);
        // A cache fills its memory, and no disk.
        if (settings.mode === 'durable') this.#fullness.onPulse(nowMs);
        // A cache forgets at each node what that node did not need: its copies are not the same.
        if (settings.mode === 'durable') this.#agreement.onPulse(nowMs);
      },
      onFatal: (error) => this.#fail(error),
    });
    this.#forwards = new Forwards({
      incarnation,
      clock,
      carrier: this.#links,
      timeoutMs: settings.parkMs + settings.writeTimeoutMs + FORWARD_MARGIN_MS,
      beginTurn: () => this.#partitions.beginTurn(),
      run: (errand, answer) => errands.run(errand, answer),
    });
    this.#keyspace = new Keyspace({
      picture: this.#picture,
      partitions: this.#partitions,
      engine,
      forwards: this.#forwards,
      throttle: this.#throttle,
      parkMs: settings.parkMs,
      parkedMax: settings.parkedMax,
      startedAtMs: this.#startedAtMs,
      memoryBytesMax: settings.memoryBytes,
      freeBytes: () => disk.freeBytes(settings.dataDir),
      copies: () => this.#transfers.progress,
      waits: () => (this.#controller?.isDeciding === true ? this.#controller.waits : null),
      moreDetails: () => [
        ['incarnation', this.#identity.incarnation],
        ['links', this.#links.nodesUp.length],
        ['copies', this.#transfers.progress.length],
        ['copy-bytes-per-second', rateOf(this.#throttle)],
        ['retired', this.#retirement.count],
        ...agreementDetails(this.#agreement),
      ],
    });
    const limits = { bulkBytesMax: settings.valueBytesMax, connectionsMax: settings.maxClients };
    const errands = new Errands({
      keyspace: this.#keyspace,
      clock,
      limits: { ...DEFAULT_RESP_LIMITS, ...limits },
    });
    this.#doors = new Doors({
      keyspace: this.#keyspace,
      users: new Users({ records: built.users, clock, entropy }),
      clock,
      entropy,
      logger,
      version: parts.version,
      limits,
    });
    this.#retirement = new Retirement({
      partitions: this.#partitions,
      view,
      graceMs: () => view.config?.value.graceMs ?? settings.retireAfterMs,
      isStillSo: (partition) => this.#membership.isStillSo(partition),
      onDropped: (partition) => logger.info('a copy nobody wants here is gone', { partition }),
    });
    this.#agreement = new Agreement({
      partitions: this.#partitions,
      send: (to, message) => this.#links.send(to, message),
      copiedBytes: (partition) => this.#transfers.copiedBytes(partition),
      copiesWanted: () => view.config?.value.table.replicaCount ?? settings.replicaCount,
      clock,
      logger,
      periodMs: settings.compareWithinMs,
    });
    this.#usersWatch =
      settings.usersFile === null
        ? null
        : new UsersWatch({
            file: settings.usersFile,
            disk,
            clock,
            logger,
            onChange: (records) => this.#doors.useUsers(records),
          });
    this.#comparing = new Comparing({
      self: this.#id,
      agreement: this.#agreement,
      send: (to, message) => this.#links.send(to, message),
      clock,
      isComparable: settings.mode === 'durable',
    });
    this.#keptEntries = new KeptEntries({
      self: this.#id,
      view,
      store: (partition) => engine.partition(partition),
      nowMs: () => clock.nowMs(),
    });
    this.#membership.onChange((change) => this.#onView(change));
  }

  async #open(): Promise<void> {
    const { settings, platform } = this.#parts;
    this.#partitions.start();
    const clientNet = netOf(platform, settings.clientTls);
    const { address: host, clusterPort, proxyPort } = settings;
    this.#peerPort = await this.#links.listen({ host, port: settings.peerPort });
    await this.#doors.open({ kind: 'cluster', net: clientNet, host, port: clusterPort });
    await this.#doors.open({ kind: 'proxy', net: clientNet, host, port: proxyPort });
    this.#introduce();
    this.#controller = new Controller({
      door: this.#membership,
      platform,
      node: this.#id,
      incarnation: () => this.#identity.incarnation,
      terms: termsOf(settings),
      compare: (partition, state) => this.#comparing.compare(partition, state),
    });
    this.#tellProgress();
  }

  /** Tells the ring of this node, as it is now. */
  #introduce(): void {
    const record = this.#recordAt({
      clusterPort: this.#doors.port('cluster'),
      proxyPort: this.#doors.port('proxy'),
      peerPort: this.#peerPort,
    });
    this.#picture.introduce(record);
    this.#membership.register(record);
  }

  #recordAt({ clusterPort, proxyPort, peerPort }: Ports): NodeRecord {
    const { settings, version } = this.#parts;
    const { region, zone, host, weight, capBytes, advertisedHost: address, mode } = settings;
    return {
      id: this.#id,
      region,
      zone,
      host,
      weight,
      capBytes,
      incarnation: this.#identity.incarnation,
      ringId: this.#identity.ringId,
      address,
      clusterPort,
      proxyPort,
      peerPort,
      clusterId: this.#identity.clusterId,
      mode,
      fullPercent: this.#fullness.percent,
      version,
      startedAtMs: this.#startedAtMs,
    };
  }

  // --- the ring changes ---

  #onView(change: ViewChange): void {
    const { view } = this.#membership;
    const isAll = change.isWhole || change.isConfigChanged;
    if (!this.#isMine(view.config?.value.ringId ?? null)) return;
    if (isAll || change.areNodesChanged || change.isConnectionChanged) this.#picture.updateAll();
    else this.#picture.updatePartitions(change.partitions);
    this.#links.setPeers(placesOf(view));
    const changed = isAll ? [...view.partitions.keys()] : change.partitions;
    this.#partitions.onView(view, changed);
    this.#keptEntries.onView(changed);
    this.#forgetMoved(changed);
    if (isAll || change.areNodesChanged) this.#setPace();
    else if (change.partitions.length > 0) this.#transfers.reconsider();
    this.#keyspace.parking.releaseAll();
    this.#tellProgress();
  }

  /** How fast copies may be made, and which of them at all, as the ring has it now. */
  #setPace(): void {
    const pace = paceOf(this.#membership.view);
    if (pace === null) return;
    this.#throttle.set(pace);
    const { repairsPerNode, movesPerNode } = pace;
    this.#transfers.setLimits({
      bytesPerSecond: this.#throttle.bytesPerSecond,
      outMax: Math.max(repairsPerNode, movesPerNode),
    });
  }

  #forgetMoved(partitions: readonly number[]): void {
    const { view } = this.#membership;
    for (const partition of partitions) {
      const state = view.partitions.get(partition)?.value;
      if (state !== undefined && !copiesOf(state).includes(this.#id))
        this.#transfers.forgetCopied(partition);
    }
  }

  /** A folder is one ring's for good. */
  #isMine(ringId: string | null): boolean {
    const { ringId: mine } = this.#identity;
    if (ringId === null || ringId === mine) return true;
    const { settings, platform } = this.#parts;
    if (mine !== null) {
      this.#fail(
        new StorageNodeError(
          `${settings.dataDir} holds data of the ring ${mine}, and ${settings.ringRoot} is ${ringId}: choose another folder`,
        ),
      );
      return false;
    }
    const { disk } = platform;
    const { dataDir: directory } = settings;
    this.#identity = joinRing({ disk, directory, identity: this.#identity, ringId });
    this.#introduce();
    return true;
  }

  #isUnbroken(): boolean {
    const { mode } = this.#parts.settings;
    const { clusterId, incarnation } = this.#identity;
    const config = this.#membership.view.config?.value ?? null;
    return config !== null && isFounder(config, { id: this.#id, clusterId, incarnation, mode });
  }

  #outcount(incarnation: number): void {
    const { settings, platform } = this.#parts;
    const { disk, logger } = platform;
    logger.info('the ring knows this node from another folder', { starts: incarnation });
    const { dataDir: directory } = settings;
    this.#identity = outcount({ disk, directory, identity: this.#identity, incarnation });
    this.#introduce();
  }

  #tellProgress(): void {
    if (this.#isServing || this.#isStopped) return;
    const why = this.#whyNotServing();
    if (why !== null) {
      if (why !== this.#toldWhy) this.#parts.onProgress({ kind: 'joining', why });
      this.#toldWhy = why;
      return;
    }
    this.#isServing = true;
    const clusterPort = this.#doors.port('cluster');
    const proxyPort = this.#doors.port('proxy');
    this.#parts.platform.logger.info('taking clients', { clusterPort, proxyPort });
    this.#parts.onProgress({ kind: 'serving', clusterPort, proxyPort });
  }

  #whyNotServing(): string | null {
    const { settings, ensemble } = this.#parts;
    const { view, registration } = this.#membership;
    if (registration.kind === 'refused') return registration.why;
    if (!view.isConnected) return `nobody of the ensemble at ${ensemble} answers`;
    if (registration.kind !== 'registered') return 'its name is not in the ring yet';
    if (view.config !== null) return null;
    const { formNodes, ringRoot } = settings;
    return `the ring ${ringRoot} begins with ${formNodes} nodes, and ${view.nodes.size} are there`;
  }

  // --- from outside ---

  /** The ensemble has other servers now. */
  useEnsemble(connect: string): void {
    this.#membership.useServers(connect);
  }

  /** Others take over what it leads, as far as somebody is there to take it; then it ends from the doors down. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#membership.view.isConnected) await this.#handOver();
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#controller?.close();
    this.#usersWatch?.close();
    this.#partitions.close();
    this.#transfers.close();
    this.#comparing.close();
    this.#forwards.close();
    await Promise.all([this.#doors.close(), this.#links.close(), this.#membership.close()]);
    await this.#engine.close();
  }

  /** Its name is off the ring, so that others are elected; a controller on this node sees to that as well. */
  async #handOver(): Promise<void> {
    const { clock, logger } = this.#parts.platform;
    const { view } = this.#membership;
    const untilMs = clock.nowMs() + HAND_OVER_MS;
    await Promise.race([this.#membership.leave(), clockAfter(clock, HAND_OVER_MS)]);
    // Whoever is alone waits for nobody.
    while (this.#partitions.led.length > 0 && view.nodes.size > 0 && clock.nowMs() < untilMs)
      await clockAfter(clock, HAND_OVER_LOOK_MS);
    await this.#seeOff();
    logger.info('handed over', { stillLed: this.#partitions.led.length });
  }

  /** Others hear who leads now a moment later: what they still send here is answered, or they could not know what became of it. */
  async #seeOff(): Promise<void> {
    const { clock } = this.#parts.platform;
    const untilMs = clock.nowMs() + HAND_OVER_MS;
    for (let received = -1; received !== this.#forwards.received;) {
      if (clock.nowMs() >= untilMs) return;
      ({ received } = this.#forwards);
      await clockAfter(clock, QUIET_MS);
    }
  }

  #fail(error: Error): void {
    if (this.#isStopped) return;
    this.#parts.platform.logger.error('this node stops', { why: error.message });
    // What is on its disk is not known any more, or was never its own: it hands nothing over.
    this.#isStopped = true;
    void this.#end().finally(() => this.#parts.onFatal(error));
  }
}

/** What copies may take now; 0 for as much as there is. */
function rateOf({ bytesPerSecond }: Throttle): number {
  return bytesPerSecond === Infinity ? 0 : Math.round(bytesPerSecond);
}

function agreementDetails({ facts }: Agreement): (readonly [string, string | number])[] {
  const { compared, differed, lastDifference } = facts;
  return [
    ['compared', compared],
    ['differed', differed],
    ['last-difference', lastDifference],
  ];
}

function clockAfter(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.after(delayMs, resolve));
}

/** @throws StorageNodeError for a file that cannot be used: nobody is let in by mistake */
function usersOf({ settings, platform }: StorageNodeParts): readonly UserRecord[] {
  if (settings.usersFile === null) return [];
  const users = readUsers(platform.disk, settings.usersFile);
  if (!users.ok) throw new StorageNodeError(users.error);
  return users.value;
}
