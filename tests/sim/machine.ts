/**
 * One machine: a host, and the member that runs on it.
 *
 *   off ──start──▶ starting ──▶ up ──stop──▶ off            kill, losePower: off, from anywhere
 *
 * Among others it starts from its zoo.cfg, as it is shipped to; without one, or in an ensemble that it does not belong to any
 * more, it stays off.
 */
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
import { DiskError } from '../../src-server/platform/disk.ts';
import { Failure } from './failure.ts';
import { Host, type HostParts } from './host.ts';

export interface MachineParts extends HostParts {
  readonly settings: Settings;
  /** What it is told of its ensemble, changed by a test of the checkers. */
  readonly misinform: (ensemble: EnsembleOptions) => EnsembleOptions;
  /** A log file is about to be removed, with what it holds. */
  readonly onLogRemoved: (machine: Machine, bytes: Buffer) => void;
}

const CONFIG_DIR = '/conf';
const CONFIG_FILE = `${CONFIG_DIR}/zoo.cfg`;

export class Machine extends Host {
  readonly settings: Settings;
  servingSinceMs = 0;
  /** What its member read when it was started last: where it listens, whatever it has heard of since. */
  startedWith: EnsembleConfig | null = null;
  /** Somebody wants a member to run here. */
  isInstalled = false;
  readonly #parts: MachineParts;
  #server: Server | null = null;
  #lastConfig: EnsembleConfig | null = null;

  constructor(parts: MachineParts) {
    super(parts);
    this.#parts = parts;
    this.settings = parts.settings;
  }

  protected override readonly onRemoved = (path: string, bytes: Buffer): void => {
    if (path.includes('/log.')) this.#parts.onLogRemoved(this, bytes);
  };

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

  override start(): void {
    if (this.state !== 'off' || !this.isInstalled) return;
    const { world, trace } = this.#parts;
    const ensemble = this.#readEnsemble();
    this.startedWith = ensemble?.config ?? null;
    const { life, platform } = this.beginLife(this.host);
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
      platform,
      version: 'simulated',
      onProgress: () => undefined,
      onFatal: (error) => {
        trace.line(this.host, 'cannot go on', error.message);
        this.restartSoon(life);
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
      this.restartSoon(this.life!);
      return;
    }
    if (error instanceof JournalError)
      throw new Failure('recovery', `${this.host} refuses to start: ${error.message}`);
    throw error;
  }

  protected override onEnded(): void {
    this.#lastConfig = this.config;
    this.#server = null;
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    await server.stop();
    this.kill();
  }
}
