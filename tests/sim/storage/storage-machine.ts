/** A machine that a storage node runs on: its process, its disk, and how both end. */
import type { Prng } from '../../../src-server/base/prng.ts';
import type { StorageSettings } from '../../../src-server/config/storage-settings.ts';
import type { Clock } from '../../../src-server/platform/clock.ts';
import { type Disk, DiskError, type DiskErrorCode } from '../../../src-server/platform/disk.ts';
import type { LogFields, LogLevel } from '../../../src-server/platform/logger.ts';
import type { Platform } from '../../../src-server/platform/platform.ts';
import { StorageNode } from '../../../src-server/storage/node.ts';
import { type Crash, SimDisk } from '../disk.ts';
import type { DiskFaults } from '../machine.ts';
import type { Network } from '../network.ts';
import { type ClockFaults, simPlatform } from '../platform.ts';
import type { Trace } from '../trace.ts';
import type { Life, World } from '../world.ts';

export interface StorageMachineParts {
  readonly world: World;
  readonly network: Network;
  readonly trace: Trace;
  readonly host: string;
  readonly clock: ClockFaults;
  readonly settings: StorageSettings;
  readonly ensemble: string;
  /** Puts something between the node and its platform, for tests of the checkers. */
  readonly disguise: (platform: Platform) => Platform;
  readonly onLog: (level: LogLevel, sentence: string, fields: LogFields) => void;
}

/** A supervisor starts a node again after this, ms. */
const RESTART_MS = 500;

export class StorageMachine {
  readonly host: string;
  readonly id: string;
  readonly clock: ClockFaults;
  readonly settings: StorageSettings;
  readonly diskFaults: DiskFaults = { syncMinMs: 0, syncMaxMs: 2, failing: 0 };
  disk: SimDisk;
  life: Life | null = null;
  state: 'off' | 'starting' | 'up' = 'off';
  isServing = false;
  starts = 0;
  /** Somebody has turned bits on its disk: what it holds is not known without reading all of it. */
  hasFlips = false;
  readonly #parts: StorageMachineParts;
  readonly #random: Prng;
  #node: StorageNode | null = null;
  #capacityBytes = Number.MAX_SAFE_INTEGER;

  constructor(parts: StorageMachineParts) {
    this.#parts = parts;
    this.host = parts.host;
    this.id = parts.settings.nodeId;
    this.clock = parts.clock;
    this.settings = parts.settings;
    this.#random = parts.world.stream();
    this.disk = new SimDisk({ clock: NO_CLOCK });
  }

  // --- its process ---

  start(): void {
    if (this.state !== 'off') return;
    const { world, network, trace, ensemble, disguise } = this.#parts;
    const life = world.newLife(this.id);
    this.life = life;
    this.state = 'starting';
    this.isServing = false;
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
    trace.line(this.id, 'starts');
    StorageNode.start({
      settings: this.settings,
      platform: disguise(platform),
      version: 'simulated',
      ensemble,
      onProgress: (progress) => {
        if (life.isOver || progress.kind !== 'serving') return;
        this.isServing = true;
        trace.line(this.id, 'serves');
      },
      onFatal: (error) => {
        trace.line(this.id, 'cannot go on', error.message);
        this.#restartSoon(life);
      },
    }).then(
      (node) => {
        if (life.isOver) return;
        this.#node = node;
        this.state = 'up';
      },
      (error: unknown) => {
        if (!life.isOver) this.#onStartFailed(life, error);
      },
    );
  }

  /** A disk without room is no place to start in; everything else is a folder that was good before. */
  #onStartFailed(life: Life, error: unknown): void {
    if (!(error instanceof DiskError) || error.code !== 'full') {
      this.#parts.world.fail(error);
      return;
    }
    this.#parts.trace.line(this.id, 'could not start', error.message);
    this.#restartSoon(life);
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
    this.life.isOver = true;
    this.#parts.network.endProcess(this.life, options);
    this.life = null;
    this.#node = null;
    this.state = 'off';
    this.isServing = false;
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    const node = this.#node;
    if (node === null) return;
    await node.stop();
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
