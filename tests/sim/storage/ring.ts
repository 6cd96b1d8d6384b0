/** The machines of a run: an ensemble, the storage nodes that it coordinates, and somebody who only looks. */
import {
  defaultStorageSettings,
  type StorageSettings,
} from '../../../src-server/config/storage-settings.ts';
import type { LogFields, LogLevel } from '../../../src-server/platform/logger.ts';
import type { Platform } from '../../../src-server/platform/platform.ts';
import { Membership, type RingView } from '../../../src-server/storage/control/membership.ts';
import { controllerOf } from '../../../src-server/storage/control/view.ts';
import { Cluster } from '../cluster.ts';
import { SimDisk } from '../disk.ts';
import { Failure } from '../failure.ts';
import { History as EnsembleHistory } from '../history.ts';
import type { Network } from '../network.ts';
import { simPlatform, TRUE_CLOCK } from '../platform.ts';
import type { Trace } from '../trace.ts';
import type { Life, World } from '../world.ts';
import { noted, type StorageProbes } from './probes.ts';
import { StorageMachine } from './storage-machine.ts';
import type { StorageSwarm } from './swarm.ts';

export const CLUSTER_PORT = 7001;
export const PROXY_PORT = 7101;
const PEER_PORT = 7201;
export const DATA_DIR = '/storage';
const WATCHER_HOST = '10.3.0.1';
const RETRY_MS = 100;

/** Something that is not what it should be, put between the parts by a test of the checkers. */
export interface Sabotage {
  readonly platform?: (platform: Platform) => Platform;
  /** Changes the product itself while the run goes on; gives back what undoes that. */
  readonly plant?: (world: World) => () => void;
}

export interface RingParts {
  readonly world: World;
  readonly swarm: StorageSwarm;
  readonly trace: Trace;
  readonly probes: StorageProbes;
  readonly sabotage: Sabotage;
}

/** Sentences of the product at level error that belong to faults we make. */
const EXPECTED_ERRORS: ReadonlySet<string> = new Set([
  'bytes of a partition are not what was written',
  'the disk is nearly full; writes are refused until there is room',
  'this node stops',
]);

export class Ring {
  readonly ensemble: Cluster;
  readonly machines: readonly StorageMachine[];
  readonly #parts: RingParts;
  #watcher: Membership | null = null;
  /** When the records were different the last time. */
  changedMs = 0;

  constructor(parts: RingParts) {
    const { world, swarm, trace, probes, sabotage } = parts;
    this.#parts = parts;
    this.ensemble = new Cluster({
      world,
      swarm: swarm.ensemble,
      history: new EnsembleHistory(),
      trace,
      probes,
      sabotage: {},
    });
    this.machines = swarm.rates.map((rate, i) => {
      const id = `n${i + 1}`;
      const host = hostOf(i + 1);
      return new StorageMachine({
        world,
        network: this.network,
        trace,
        host,
        clock: { rate, wallAheadMs: 0 },
        settings: settingsOf(swarm, id, host, `zone-${i % swarm.zones}`),
        ensemble: this.ensemble.connectString,
        disguise: sabotage.platform ?? ((platform) => platform),
        onLog: (level, sentence, fields) => this.#onLog(id, level, sentence, fields),
      });
    });
  }

  get network(): Network {
    return this.ensemble.network;
  }

  start(): void {
    for (const member of this.ensemble.machines) member.start();
    for (const machine of this.machines) machine.start();
  }

  machineOf(id: string | null): StorageMachine | null {
    return this.machines.find((machine) => machine.id === id) ?? null;
  }

  // --- somebody who only looks ---

  /** The platform of a process of its own, which nothing happens to. */
  platformOf(life: Life, host: string): Platform {
    const { world } = this.#parts;
    return simPlatform({
      world,
      life,
      clock: TRUE_CLOCK,
      random: world.stream(),
      net: this.network.netOf(life, host, life.name),
      log: () => undefined,
      disk: (clock) => new SimDisk({ clock }),
    });
  }

  watch(): void {
    const { world, swarm, trace } = this.#parts;
    const life = world.newLife('watcher');
    this.#watcher = new Membership({
      platform: this.platformOf(life, WATCHER_HOST),
      connect: this.ensemble.connectString,
      sessionTimeoutMs: swarm.sessionTimeoutMs,
    });
    this.#watcher.onChange((change) => {
      this.changedMs = world.nowMs;
      if (!trace.isOn) return;
      if (change.areNodesChanged || change.isConnectionChanged) {
        const nodes = [...this.view.nodes.keys()].join(' ');
        const { isConnected } = this.view;
        trace.line('record', 'alive', nodes, isConnected ? '' : 'as it was');
      }
      for (const number of change.partitions) {
        const state = this.view.partitions.get(number)?.value;
        if (state === undefined) continue;
        const { epoch, leader, inSync, replicas, learners } = state;
        const copies = `in sync ${inSync.join(' ')}, replicas ${replicas.join(' ')}, learners ${learners.join(' ')}`;
        trace.line('record', `p${number}`, `epoch ${epoch} of ${leader ?? 'nobody'}`, copies);
      }
    });
  }

  /** An operator's word: the second copy of each partition is to lead it. */
  async turnTable(): Promise<void> {
    const { world } = this.#parts;
    for (;;) {
      const { value: config, version } = this.view.config!;
      const { table } = config;
      const { replicaCount } = table;
      const cells = Uint16Array.from(table.cells);
      for (let at = 0; at < cells.length; at += replicaCount) {
        [cells[at], cells[at + 1]] = [cells[at + 1]!, cells[at]!];
      }
      const changed = { atMs: world.nowMs, by: 'operator', why: 'other leaders' };
      const next = { ...config, version: config.version + 1, table: { ...table, cells }, changed };
      await this.#watcher!.changeConfig(next, version);
      await this.#watcher!.settled();
      if (this.view.config!.value.version === next.version) return;
      await new Promise<void>((resolve) => world.after(RETRY_MS, resolve));
    }
  }

  get watcher(): Membership {
    return this.#watcher!;
  }

  /** An operator's word: whoever has nothing leads those of which nobody has anything. */
  async chooseLeaders(lost: ReadonlySet<string>): Promise<void> {
    const { world } = this.#parts;
    for (const [partition, { value }] of this.view.partitions) {
      const { replicas, epoch, forcedEpoch } = value;
      if (forcedEpoch > 0 || replicas.some((id) => !lost.has(id))) continue;
      const order = { by: 'operator', why: 'all disks are lost', atMs: world.nowMs };
      const mayLose = { fromSeq: 1, toSeq: null };
      await this.#watcher!.force(partition, { epoch, leader: replicas[0]!, mayLose, ...order });
    }
  }

  get view(): RingView {
    return this.watcher.view;
  }

  get controller(): StorageMachine | null {
    return this.machineOf(controllerOf(this.view));
  }

  #onLog(id: string, level: LogLevel, sentence: string, fields: LogFields): void {
    const { trace, probes, world } = this.#parts;
    if (level !== 'debug' && trace.isOn) {
      const details = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
      trace.line(id, `${level}: ${sentence}`, ...details);
    }
    noted(probes, sentence);
    if (level === 'error' && !EXPECTED_ERRORS.has(sentence))
      world.fail(new Failure('log', `${id}: ${sentence} ${JSON.stringify(fields)}`));
  }
}

export function hostOf(number: number): string {
  return `10.2.0.${number}`;
}

function settingsOf(swarm: StorageSwarm, id: string, host: string, zone: string): StorageSettings {
  return {
    ...defaultStorageSettings(DATA_DIR),
    nodeId: id,
    host,
    zone,
    address: host,
    advertisedHost: host,
    clusterPort: CLUSTER_PORT,
    proxyPort: PROXY_PORT,
    peerPort: PEER_PORT,
    sessionTimeoutMs: swarm.sessionTimeoutMs,
    formNodes: swarm.nodes,
    partitionCount: swarm.partitionCount,
    replicaCount: swarm.replicaCount,
    minInSync: swarm.minInSync,
    downOutMs: swarm.downOutMs,
    retireAfterMs: swarm.retireAfterMs,
    segmentBytes: swarm.segmentBytes,
    diskReserveBytes: 0x4000,
    parkMs: swarm.parkMs,
    writeTimeoutMs: swarm.writeTimeoutMs,
    leaseMs: swarm.leaseMs,
    transferBytesPerSecond: swarm.transferBytesPerSecond,
  };
}
