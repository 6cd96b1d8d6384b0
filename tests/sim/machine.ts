/**
 * One machine: a host, a disk that outlives processes, clocks that are wrong in their own way, and the member that runs on it.
 *
 *   off ──start──▶ starting ──▶ up ──stop──▶ off            kill, losePower: off, from anywhere
 *
 * Among others it starts from its zoo.cfg, as it is shipped to; without one, or in an ensemble that it does not belong to any
 * more, it stays off.
 */
import type { Prng } from '../../src-server/base/prng.ts';
import type { EnsembleConfig } from '../../src-server/config/ensemble-config.ts';
import { readMemberConfig } from '../../src-server/config/member-config.ts';
import type { Settings } from '../../src-server/config/settings.ts';
import { MemberError } from '../../src-server/coordination/ensemble/member.ts';
import { JournalError } from '../../src-server/coordination/journal/journal-error.ts';
import {
  type EnsembleFace,
  type EnsembleOptions,
  type Server,
  startServer,
} from '../../src-server/coordination/server.ts';
import type { Clock } from '../../src-server/platform/clock.ts';
import { type Disk, DiskError, type DiskErrorCode } from '../../src-server/platform/disk.ts';
import type { LogFields, LogLevel } from '../../src-server/platform/logger.ts';
import type { Platform } from '../../src-server/platform/platform.ts';
import { type Crash, SimDisk } from './disk.ts';
import { Failure } from './failure.ts';
import type { Network } from './network.ts';
import { type ClockFaults, simPlatform } from './platform.ts';
import type { Trace } from './trace.ts';
import type { Life, World } from './world.ts';

/** How the disk behaves; changed by the nemesis. */
export interface DiskFaults {
  syncMinMs: number;
  syncMaxMs: number;
  /** Chance that a sync fails. */
  failing: number;
}

export interface MachineParts {
  readonly world: World;
  readonly network: Network;
  readonly trace: Trace;
  readonly host: string;
  readonly clock: ClockFaults;
  readonly settings: Settings;
  /** What it is told of its ensemble, changed by a test of the checkers. */
  readonly misinform: (ensemble: EnsembleOptions) => EnsembleOptions;
  /** Puts something between the member and its platform, for tests of the checkers. */
  readonly disguise: (platform: Platform) => Platform;
  readonly onLog: (level: LogLevel, sentence: string, fields: LogFields) => void;
  /** A log file is about to be removed, with what it holds. */
  readonly onLogRemoved: (machine: Machine, bytes: Buffer) => void;
}

const CONFIG_DIR = '/conf';
const CONFIG_FILE = `${CONFIG_DIR}/zoo.cfg`;

/** A supervisor starts a member again after this, ms. */
const RESTART_MS = 500;

export class Machine {
  readonly host: string;
  readonly clock: ClockFaults;
  readonly settings: Settings;
  readonly diskFaults: DiskFaults = { syncMinMs: 0, syncMaxMs: 2, failing: 0 };
  disk: SimDisk;
  life: Life | null = null;
  state: 'off' | 'starting' | 'up' = 'off';
  servingSinceMs = 0;
  starts = 0;
  /** What its member read when it was started last: where it listens, whatever it has heard of since. */
  startedWith: EnsembleConfig | null = null;
  /** Somebody wants a member to run here. */
  isInstalled = false;
  readonly #parts: MachineParts;
  readonly #random: Prng;
  #server: Server | null = null;
  #lastConfig: EnsembleConfig | null = null;
  #capacityBytes = Number.MAX_SAFE_INTEGER;

  constructor(parts: MachineParts) {
    this.#parts = parts;
    this.host = parts.host;
    this.clock = parts.clock;
    this.settings = parts.settings;
    this.#random = parts.world.stream();
    this.disk = new SimDisk({ clock: NO_CLOCK });
  }

  /** Serves clients, with a leader where it needs one. */
  get isServing(): boolean {
    return this.state === 'up' && (this.ensemble?.isServing ?? true);
  }

  get ensemble(): EnsembleFace | null {
    return this.#server?.ensemble ?? null;
  }

  get number(): number {
    return this.settings.serverId;
  }

  /** The configuration in force as its member knows it, or knew it when it ended. */
  get config(): EnsembleConfig | null {
    return this.ensemble?.config ?? this.#lastConfig;
  }

  // --- what an operator does ---

  /** A member on its own needs no more than this. */
  installAlone(): void {
    this.isInstalled = true;
  }

  /** @param config the lines that say who belongs to the ensemble */
  install(config: string): void {
    const { dataDir } = this.settings;
    this.isInstalled = true;
    this.disk.put(CONFIG_FILE, Buffer.from(`dataDir=${dataDir}\n${config}\n`));
    this.disk.put(`${dataDir}/myid`, Buffer.from(`${this.number}\n`));
  }

  /** It is not to be started any more. */
  retire(): void {
    this.kill();
    this.isInstalled = false;
  }

  /** The machine gets an empty disk. */
  wipe(): void {
    this.disk = new SimDisk({ clock: NO_CLOCK });
  }

  /** @throws Failure for files that no member could start from */
  #readEnsemble(): EnsembleOptions | null {
    const { disk, settings } = this;
    if (!disk.exists(CONFIG_FILE)) return null;
    const read = readMemberConfig({ disk, file: CONFIG_FILE, base: settings });
    if (!read.ok)
      throw new Failure('recovery', `${this.host} cannot read its files: ${read.error}`);
    const { ensemble, next, file } = read.value;
    if (ensemble === null) throw new Failure('recovery', `${this.host} would start on its own`);
    return this.#parts.misinform({ config: ensemble, next, file });
  }

  // --- its process ---

  start(): void {
    if (this.state !== 'off' || !this.isInstalled) return;
    const { world, network, trace } = this.#parts;
    const ensemble = this.#readEnsemble();
    this.startedWith = ensemble?.config ?? null;
    const life = world.newLife(this.host);
    this.life = life;
    this.state = 'starting';
    this.starts++;
    network.setHostUp(this.host, true);
    const platform = simPlatform({
      world,
      life,
      clock: this.clock,
      random: world.stream(),
      net: network.netOf(life, this.host, this.host),
      log: this.#parts.onLog,
      disk: (clock) => this.#reopenDisk(clock),
    });
    trace.line(this.host, 'starts');
    const failed = (error: unknown): void => {
      try {
        if (!life.isOver) this.#onStartFailed(error);
      } catch (problem) {
        world.fail(problem);
      }
    };
    startServer({
      settings: this.settings,
      ensemble,
      platform: this.#parts.disguise(platform),
      version: 'simulated',
      onProgress: () => undefined,
      onFatal: (error) => {
        trace.line(this.host, 'cannot go on', error.message);
        this.#restartSoon(life);
      },
    }).then((server) => {
      if (life.isOver) return;
      this.#server = server;
      this.state = 'up';
      this.servingSinceMs = world.nowMs;
      trace.line(this.host, 'serves', `zxid ${server.recovered.lastZxid}`);
    }, failed);
  }

  #onStartFailed(error: unknown): void {
    const { trace } = this.#parts;
    if (error instanceof MemberError) {
      trace.line(this.host, 'belongs to no ensemble', error.message);
      this.retire();
      return;
    }
    // A disk without room is no place to start in; everything else is a directory that was good before.
    if (error instanceof DiskError && (error.code === 'full' || this.diskFaults.failing > 0)) {
      trace.line(this.host, 'could not start', error.message);
      this.#restartSoon(this.life!);
      return;
    }
    if (error instanceof JournalError)
      throw new Failure('recovery', `${this.host} refuses to start: ${error.message}`);
    throw error;
  }

  #restartSoon(life: Life): void {
    const { world } = this.#parts;
    world.after(RESTART_MS, () => {
      if (this.life !== life || life.isOver) return;
      this.kill();
      this.start();
    });
  }

  /** The end of the process: nothing in memory survives, everything written does. */
  kill(): void {
    this.#end({ saysGoodbye: true });
    this.disk = this.disk.copy({ clock: NO_CLOCK });
  }

  /** The end of the machine until it is started again: what was not synced is lost or torn. */
  losePower(crash: Crash): void {
    this.#end({ saysGoodbye: false });
    this.#parts.network.setHostUp(this.host, false);
    this.disk = this.disk.afterCrash(crash, { clock: NO_CLOCK });
  }

  #end(options: { readonly saysGoodbye: boolean }): void {
    if (this.life === null) return;
    this.#lastConfig = this.config;
    this.life.isOver = true;
    this.#parts.network.endProcess(this.life, options);
    this.life = null;
    this.#server = null;
    this.state = 'off';
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    await server.stop();
    this.kill();
  }

  // --- its disk ---

  set capacityBytes(bytes: number) {
    this.#capacityBytes = bytes;
    this.disk.capacityBytes = bytes;
  }

  #reopenDisk(clock: Clock): Disk {
    this.disk = this.disk.copy({
      clock,
      capacityBytes: this.#capacityBytes,
      sync: () => this.#sync(),
      onRemoved: (path, bytes) => {
        if (path.includes('/log.')) this.#parts.onLogRemoved(this, bytes);
      },
    });
    return this.disk;
  }

  #sync(): { readonly tookMs: number; readonly failure: DiskErrorCode | null } {
    const { syncMinMs, syncMaxMs, failing } = this.diskFaults;
    return {
      tookMs: this.#random.between(syncMinMs, syncMaxMs),
      failure: failing > 0 && this.#random.chance(failing) ? 'io' : null,
    };
  }
}

/** Of a disk no process uses. */
const NO_CLOCK: Clock = {
  nowMs: () => 0,
  wallMs: () => 0,
  after: () => ({ cancel: () => undefined }),
  defer: () => undefined,
};
