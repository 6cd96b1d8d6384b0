/** A host of the simulated world: its name, its clock, and a disk that outlives the processes on it; and how those end. */
import type { Prng } from '../../src-server/base/prng.ts';
import type { Clock } from '../../src-server/platform/clock.ts';
import type { Disk, DiskErrorCode } from '../../src-server/platform/disk.ts';
import type { LogFields, LogLevel } from '../../src-server/platform/logger.ts';
import type { Platform } from '../../src-server/platform/platform.ts';
import { type Crash, SimDisk } from './disk.ts';
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

export interface HostParts {
  readonly world: World;
  readonly network: Network;
  readonly trace: Trace;
  readonly host: string;
  readonly clock: ClockFaults;
  /** Puts something between the process and its platform, for tests of the checkers. */
  readonly disguise: (platform: Platform) => Platform;
  readonly onLog: (level: LogLevel, sentence: string, fields: LogFields) => void;
}

/** A supervisor starts a process again after this, ms. */
const RESTART_MS = 500;

export abstract class Host {
  readonly host: string;
  readonly clock: ClockFaults;
  readonly diskFaults: DiskFaults = { syncMinMs: 0, syncMaxMs: 2, failing: 0 };
  disk: SimDisk;
  life: Life | null = null;
  state: 'off' | 'starting' | 'up' = 'off';
  starts = 0;
  /** A file is about to be removed, with what it holds; null where nobody wants to know. */
  protected readonly onRemoved: ((path: string, bytes: Buffer) => void) | null = null;
  readonly #parts: HostParts;
  readonly #random: Prng;
  #capacityBytes = Number.MAX_SAFE_INTEGER;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.host = parts.host;
    this.clock = parts.clock;
    this.#random = parts.world.stream();
    this.disk = new SimDisk({ clock: NO_CLOCK });
  }

  abstract start(): void;

  /** The process is over: what belonged to it goes. */
  protected abstract onEnded(): void;

  /** A process begins, on the disk as it was left. */
  protected beginLife(name: string): { readonly life: Life; readonly platform: Platform } {
    const { world, network, trace, disguise, onLog } = this.#parts;
    const life = world.newLife(name);
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
      log: onLog,
      disk: (clock) => this.#reopenDisk(clock),
    });
    trace.line(name, 'starts');
    return { life, platform: disguise(platform) };
  }

  protected restartSoon(life: Life): void {
    this.#parts.world.after(RESTART_MS, () => {
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
    this.life.isOver = true;
    this.#parts.network.endProcess(this.life, options);
    this.life = null;
    this.state = 'off';
    this.onEnded();
  }

  /** The machine gets an empty disk. */
  wipe(): void {
    this.disk = new SimDisk({ clock: NO_CLOCK });
  }

  set capacityBytes(bytes: number) {
    this.#capacityBytes = bytes;
    this.disk.capacityBytes = bytes;
  }

  #reopenDisk(clock: Clock): Disk {
    const { onRemoved } = this;
    this.disk = this.disk.copy({
      clock,
      capacityBytes: this.#capacityBytes,
      sync: () => this.#sync(),
      ...(onRemoved === null ? {} : { onRemoved }),
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
