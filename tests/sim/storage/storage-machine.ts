/** A machine that a storage node runs on: a host, and the node's process. */
import type { StorageSettings } from '../../../src-server/config/storage-settings.ts';
import { DiskError } from '../../../src-server/platform/disk.ts';
import { StorageNode } from '../../../src-server/storage/node.ts';
import { Host, type HostParts } from '../host.ts';
import type { Life } from '../world.ts';

export interface StorageMachineParts extends HostParts {
  readonly settings: StorageSettings;
  readonly ensemble: string;
}

export class StorageMachine extends Host {
  readonly id: string;
  readonly settings: StorageSettings;
  isServing = false;
  /** Somebody has turned bits on its disk: what it holds is not known without reading all of it. */
  hasFlips = false;
  readonly #parts: StorageMachineParts;
  #node: StorageNode | null = null;

  constructor(parts: StorageMachineParts) {
    super(parts);
    this.#parts = parts;
    this.id = parts.settings.nodeId;
    this.settings = parts.settings;
  }

  override start(): void {
    if (this.state !== 'off') return;
    const { trace, ensemble } = this.#parts;
    const { life, platform } = this.beginLife(this.id);
    this.isServing = false;
    StorageNode.start({
      settings: this.settings,
      platform,
      version: 'simulated',
      ensemble,
      onProgress: (progress) => {
        if (life.isOver || progress.kind !== 'serving') return;
        this.isServing = true;
        trace.line(this.id, 'serves');
      },
      onFatal: (error) => {
        trace.line(this.id, 'cannot go on', error.message);
        this.restartSoon(life);
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
    this.restartSoon(life);
  }

  protected override onEnded(): void {
    this.#node = null;
    this.isServing = false;
  }

  /** Ends it as an operator does. */
  async stop(): Promise<void> {
    const node = this.#node;
    if (node === null) return;
    await node.stop();
    this.kill();
  }
}
