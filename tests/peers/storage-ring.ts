/** Storage nodes in processes of their own, as an operator starts one on each host, and a ring of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { type Folder, temporaryFolder } from './folders.ts';
import { lastingPort } from './ports.ts';
import { until } from './wait.ts';

const CLI = path.join(import.meta.dirname, '..', '..', 'src-server', 'bin.mjs');

export interface StorageRingOptions {
  readonly nodes: number;
  /** The ensemble's servers. */
  readonly ensemble: string;
  /** Lines of each storage.conf, besides or instead of those that a test's ring has. */
  readonly conf?: Readonly<Record<string, string | number>>;
}

/** Few partitions, and short patience: a test should see what happens when somebody is away. */
const CONF = {
  partitionCount: 16,
  sessionTimeoutMs: 2000,
  leaseMs: 1000,
  downOutMs: 600_000,
};

export class StorageNodeProcess {
  readonly id: string;
  readonly clusterPort: number;
  readonly proxyPort: number;
  readonly folder: string;
  readonly #file: string;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #output = '';

  constructor(parts: {
    readonly id: string;
    readonly folder: string;
    readonly ports: { readonly cluster: number; readonly proxy: number; readonly peer: number };
    readonly conf: Readonly<Record<string, string | number>>;
  }) {
    const { id, folder, ports, conf } = parts;
    this.id = id;
    this.folder = folder;
    this.clusterPort = ports.cluster;
    this.proxyPort = ports.proxy;
    this.#file = path.join(folder, 'storage.conf');
    const lines = {
      id,
      dataDir: 'data',
      clusterPort: ports.cluster,
      proxyPort: ports.proxy,
      peerPort: ports.peer,
      ...conf,
    };
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(
      this.#file,
      Object.entries(lines)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Everything that this start and those before it printed. */
  get output(): string {
    return this.#output;
  }

  start(): void {
    const child = spawn(process.execPath, [CLI, 'storage', '--config', this.#file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const collect = (chunk: Buffer): void => {
      this.#output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('close', () => {
        this.#child = null;
        resolve();
      });
    });
  }

  /** Takes clients, since this start. */
  async serves(): Promise<void> {
    const from = this.#output.lastIndexOf('\nzabring ') + 1;
    await until(`${this.id} serves`, () => {
      if (this.#child === null) throw new Error(`${this.id} ended:\n${this.#output}`);
      return this.#output.includes('for cluster clients', from);
    }).catch((error: unknown) => {
      throw new Error(`${this.id} does not serve:\n${this.#output}`, { cause: error });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it as a crash would, or in order. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.signal(signal);
    await this.#exited;
  }
}

export class StorageRing {
  readonly nodes: readonly StorageNodeProcess[];
  readonly #folder: Folder;

  private constructor(nodes: readonly StorageNodeProcess[], folder: Folder) {
    this.nodes = nodes;
    this.#folder = folder;
  }

  /** Starts them, and waits until each of them takes clients. */
  static async start({ nodes: count, ensemble, conf }: StorageRingOptions): Promise<StorageRing> {
    const folder = temporaryFolder();
    const nodes: StorageNodeProcess[] = [];
    for (let i = 1; i <= count; i++) {
      const ports = {
        cluster: await lastingPort(),
        proxy: await lastingPort(),
        peer: await lastingPort(),
      };
      const usual = { ensemble, zone: `zone-${((i - 1) % 3) + 1}`, formNodes: count, ...CONF };
      nodes.push(
        new StorageNodeProcess({
          id: `n${i}`,
          folder: path.join(folder.path, `n${i}`),
          ports,
          conf: { ...usual, ...conf },
        }),
      );
    }
    const ring = new StorageRing(nodes, folder);
    for (const node of nodes) node.start();
    try {
      await Promise.all(nodes.map((node) => node.serves()));
    } catch (error) {
      await ring.close();
      throw error;
    }
    return ring;
  }

  node(id: string): StorageNodeProcess {
    const found = this.nodes.find((node) => node.id === id);
    if (found === undefined) throw new Error(`there is no node ${id}`);
    return found;
  }

  /** All but these. */
  without(...ids: string[]): readonly StorageNodeProcess[] {
    return this.nodes.filter(({ id }) => !ids.includes(id));
  }

  async close(): Promise<void> {
    for (const node of this.nodes) node.signal('SIGCONT');
    await Promise.all(this.nodes.map((node) => node.end('SIGKILL')));
    this.#folder[Symbol.dispose]();
  }
}
