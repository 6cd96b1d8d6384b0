/** The machines of a run and the hosts of their clients, built from what is shipped. */
import { createHash } from 'node:crypto';

import type { Prng } from '../../src-server/base/prng.ts';
import type {
  EnsembleConfig,
  EnsembleServer,
  Role,
} from '../../src-server/config/ensemble-config.ts';
import { localSettings, type Settings } from '../../src-server/config/settings.ts';
import type { EnsembleOptions } from '../../src-server/coordination/server.ts';
import type { LogFields, LogLevel } from '../../src-server/platform/logger.ts';
import type { Platform } from '../../src-server/platform/platform.ts';
import { SimDisk } from './disk.ts';
import { Failure } from './failure.ts';
import type { History } from './history.ts';
import { type Copy, copyOf, entriesIn, isCovered } from './ledger.ts';
import { Machine } from './machine.ts';
import { Network } from './network.ts';
import { simPlatform, TRUE_CLOCK } from './platform.ts';
import type { Probes } from './probes.ts';
import type { End, Tamper } from './stream.ts';
import type { Swarm } from './swarm.ts';
import type { Trace } from './trace.ts';
import { hex, Visitor } from './visitor.ts';
import { Wiretap } from './wiretap.ts';
import type { Life, World } from './world.ts';

export const CLIENT_PORT = 2181;
/** Who authenticates with this may do everything. */
export const SUPER = 'super:of-the-run';
const SUPER_DIGEST = `super:${createHash('sha1').update(SUPER).digest('base64')}`;
/** A server that moves listens at the next ones. */
const QUORUM_PORT = 2888;
const ELECTION_PORT = 3888;
const MOVES_MAX = 100;
export const DATA_DIR = '/data';

/** Something that is not what it should be, put between the parts by a test of the checkers. */
export interface Sabotage {
  readonly platform?: (platform: Platform) => Platform;
  readonly tamper?: Tamper;
  /** Changes the product itself while the run goes on; gives back what undoes that. */
  readonly plant?: () => () => void;
  /** What a member is told of its ensemble. */
  readonly ensemble?: (ensemble: EnsembleOptions, number: number) => EnsembleOptions;
}

export interface ClusterParts {
  readonly world: World;
  readonly swarm: Swarm;
  readonly history: History;
  readonly trace: Trace;
  readonly probes: Probes;
  readonly sabotage: Sabotage;
}

/** Sentences of the product at level error that belong to faults we make. */
const EXPECTED_ERRORS = [
  'the disk is nearly full; writes are refused until there is room',
  'the log could not be made durable; this member stops',
  'the log could not be written; this member stops',
  'the configuration could not be written; this member stops',
];

export class Cluster {
  readonly network: Network;
  /** All there are, used or not. */
  readonly pool: readonly Machine[];
  readonly visitors: Visitor[] = [];
  /** Logs as they were when one of their files was removed. */
  readonly removedLogs: Copy[] = [];
  readonly #parts: ClusterParts;
  readonly #random: Prng;
  readonly #wiretap: Wiretap;
  readonly #visitorOf = new Map<Life, Visitor>();

  constructor(parts: ClusterParts) {
    const { world, swarm, sabotage } = parts;
    this.#parts = parts;
    this.#random = world.stream();
    this.#wiretap = new Wiretap(parts.probes);
    this.network = new Network(world, {
      ...swarm.network,
      tamper: {
        ...sabotage.tamper,
        written: (bytes, from, to) => {
          this.#listenIn(bytes, from);
          return sabotage.tamper?.written?.(bytes, from, to) ?? bytes;
        },
      },
    });
    this.network.heard = (from, to) => {
      if (to.localPort !== CLIENT_PORT) return;
      const visitor = this.#visitorOf.get(from.life);
      if (visitor !== undefined) visitor.record.heardMs = world.nowMs;
    };
    this.pool = swarm.clocks.map((clock, i) => {
      const host = `10.0.0.${i + 1}`;
      const machine: Machine = new Machine({
        world,
        network: this.network,
        trace: parts.trace,
        host,
        clock: { ...clock },
        settings: settingsOf(swarm, host, i + 1),
        misinform: (ensemble) => sabotage.ensemble?.(ensemble, i + 1) ?? ensemble,
        disguise: sabotage.platform ?? ((platform) => platform),
        onLog: (level, sentence, fields) => this.#onLog(machine, level, sentence, fields),
        onLogRemoved: (at, bytes) => this.#onLogRemoved(at, bytes),
      });
      return machine;
    });
    for (const machine of this.pool.slice(0, swarm.members)) {
      if (this.#isAlone) machine.installAlone();
      else machine.install(firstConfig(swarm));
    }
  }

  get #isAlone(): boolean {
    return this.#parts.swarm.members === 1;
  }

  /** Where members run, or would if nobody had ended them. */
  get machines(): readonly Machine[] {
    return this.pool.filter(({ isInstalled }) => isInstalled);
  }

  /** The newest configuration in force that anybody knows of, or knew: perhaps the only one who voted in it is off now. */
  get config(): EnsembleConfig | null {
    let newest: EnsembleConfig | null = null;
    for (const { config } of this.pool)
      if (config !== null && (newest === null || config.version > newest.version)) newest = config;
    return newest;
  }

  /** Those that belong to the ensemble as it is now. */
  get members(): readonly Machine[] {
    if (this.#isAlone) return this.machines;
    const { config } = this;
    return this.pool.filter(({ number }) => config?.servers.some(({ id }) => id === number));
  }

  isMember(machine: Machine): boolean {
    return this.members.includes(machine);
  }

  /** The machine gets an empty disk; what its log said is evidence all the same. */
  wipe(machine: Machine): void {
    this.removedLogs.push(copyOf(machine.disk, DATA_DIR, `the old disk of ${machine.host}`));
    machine.wipe();
  }

  /** Clients know of every machine. */
  get connectString(): string {
    return this.pool.map(({ host }) => `${host}:${CLIENT_PORT}`).join(',');
  }

  get leader(): Machine | null {
    return this.machines.find(({ ensemble }) => ensemble?.status.role === 'leading') ?? null;
  }

  /** A new client process on one of the client hosts. */
  visit(): Visitor {
    const { world, swarm, history, trace } = this.#parts;
    const number = this.visitors.length + 1;
    const host = `10.1.0.${(number % swarm.clientHosts) + 1}`;
    const life = world.newLife(`client-${number}`);
    const platform = simPlatform({
      world,
      life,
      clock: TRUE_CLOCK,
      random: world.stream(),
      net: this.network.netOf(life, host, life.name),
      log: () => undefined,
      disk: (clock) => new SimDisk({ clock }),
    });
    const visitor = new Visitor({
      world,
      history,
      trace,
      life,
      host,
      platform,
      connect: this.connectString,
      sessionTimeoutMs: swarm.tickMs * this.#random.between(2, 12),
      requestTimeoutMs: 60_000,
    });
    this.visitors.push(visitor);
    this.#visitorOf.set(life, visitor);
    return visitor;
  }

  /** The client's process ends without a word. */
  killVisitor(visitor: Visitor): void {
    const { world, trace } = this.#parts;
    if (visitor.life.isOver) return;
    trace.line(visitor.record.name, 'is killed');
    visitor.life.isOver = true;
    visitor.record.goneMs = world.nowMs;
    this.network.endProcess(visitor.life, { saysGoodbye: this.#random.chance(0.7) });
  }

  get liveVisitors(): Visitor[] {
    return this.visitors.filter((visitor) => !visitor.isOver);
  }

  /** A member on its own only purges; of one among others, what stood before and behind the file matters as well. */
  #onLogRemoved({ disk, host }: Machine, bytes: Buffer): void {
    const name = `a log of ${host} that was removed`;
    if (this.#isAlone) {
      const entries = entriesIn(bytes, disk.clock);
      this.removedLogs.push({ name, entries, snapshots: [], files: new Set() });
      return;
    }
    const last = this.removedLogs.findLast((copy) => copy.name === name);
    if (last === undefined || !isCovered(disk, DATA_DIR, last))
      this.removedLogs.push(copyOf(disk, DATA_DIR, name));
  }

  #listenIn(bytes: Uint8Array, from: End): void {
    if (isQuorumPort(from.localPort)) this.#wiretap.fromLeader(bytes);
    else if (isElectionPort(from.localPort) || isElectionPort(from.remotePort))
      this.#wiretap.onElection(bytes, from);
  }

  #onLog(machine: Machine, level: LogLevel, sentence: string, fields: LogFields): void {
    const { trace, probes, history, world } = this.#parts;
    if (level !== 'debug' && trace.isOn) {
      const details = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
      trace.line(machine.host, `${level}: ${sentence}`, ...details);
    }
    probes.said(sentence);
    if (typeof fields['why'] === 'string') probes.said(fields['why']);
    if (level === 'error' && !EXPECTED_ERRORS.includes(sentence))
      world.fail(new Failure('log', `${machine.host}: ${sentence} ${JSON.stringify(fields)}`));
    if (sentence !== 'session expired') return;
    const session = fields['session'];
    const visitor = this.visitors.find(({ record }) => hex(record.sessionId) === session);
    if (visitor === undefined) return;
    history.expiries.push({
      sessionId: visitor.record.sessionId,
      ms: world.nowMs,
      member: machine.host,
      servingSinceMs: machine.servingSinceMs,
      heardMs: visitor.record.heardMs,
    });
  }
}

function settingsOf(swarm: Swarm, host: string, serverId: number): Settings {
  return {
    ...localSettings(DATA_DIR),
    serverId,
    clientPort: CLIENT_PORT,
    clientPortAddress: host,
    tickTimeMs: swarm.tickMs,
    minSessionTimeoutMs: 2 * swarm.tickMs,
    maxSessionTimeoutMs: 20 * swarm.tickMs,
    snapCount: swarm.snapCount,
    snapRetainCount: swarm.snapRetainCount,
    preallocateBytes: swarm.preallocateBytes,
    diskReserveBytes: swarm.diskReserveBytes,
    containerCheckIntervalMs: 2000,
    initLimitTicks: 10,
    syncLimitTicks: 5,
    commitLogCount: swarm.commitLogCount,
    snapshotSizeFactor: swarm.snapshotSizeFactor,
    notificationIntervalMaxMs: 4000,
    standaloneEnabled: false,
    reconfigEnabled: true,
    superDigest: SUPER_DIGEST,
    readOnlyModeEnabled: swarm.readOnlyModeEnabled,
    initialCounter: swarm.members === 1 ? 0 : swarm.initialCounter,
  };
}

export function isQuorumPort(port: number): boolean {
  return port >= QUORUM_PORT && port < QUORUM_PORT + MOVES_MAX;
}

function isElectionPort(port: number): boolean {
  return port >= ELECTION_PORT && port < ELECTION_PORT + MOVES_MAX;
}

export interface Place {
  readonly number: number;
  readonly role: Role;
  /** How often it has moved to other ports. */
  readonly moves: number;
}

/** A server as configurations have it. */
export function serverLine({ number, role, moves }: Place): string {
  const host = `10.0.0.${number}`;
  const ports = `${QUORUM_PORT + moves}:${ELECTION_PORT + moves}`;
  return `server.${number}=${host}:${ports}:${role};${host}:${CLIENT_PORT}`;
}

export function movesOf({ addresses }: EnsembleServer): number {
  return addresses[0]!.quorumPort - QUORUM_PORT;
}

function firstConfig({ members, observers, grouping }: Swarm): string {
  const lines = Array.from({ length: members }, (_, i) => {
    const role = i < members - observers ? 'participant' : 'observer';
    return serverLine({ number: i + 1, role, moves: 0 });
  });
  return [...lines, ...(grouping ?? [])].join('\n');
}
