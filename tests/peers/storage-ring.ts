/** Storage nodes in processes of their own, as an operator starts one on each host, and a ring of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { temporaryFolder } from './folders.ts';
import { lastingPort } from './ports.ts';
import { until } from './wait.ts';

const CLI = path.join(import.meta.dirname, '..', '..', 'src-server', 'bin.mjs');

export interface StorageRingOptions {
  readonly nodes: number;
  /** The ensemble's servers. */
  readonly ensemble: string;
  /** Lines of each storage.conf, besides or instead of those that a test's ring has. */
  readonly conf?: Conf;
  /** Further lines, of one of them. */
  readonly confOf?: (id: string) => Conf;
}

type Conf = Readonly<Record<string, string | number>>;

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
  /** Where the output of this start begins. */
  #startedAt = 0;

  constructor(parts: {
    readonly id: string;
    readonly folder: string;
    readonly ports: { readonly cluster: number; readonly proxy: number; readonly peer: number };
    readonly conf: Conf;
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
    this.#startedAt = this.#output.length;
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
    await until(`${this.id} serves`, () => {
      if (this.#child === null) throw new Error(`${this.id} ended:\n${this.#output}`);
      return this.#output.includes('for cluster clients', this.#startedAt);
    }).catch((error: unknown) => {
      throw new Error(`${this.id} does not serve:\n${this.#output}`, { cause: error });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Stops it where it stands. A signal is there before the last of its threads has obeyed it, so that is waited for. */
  async standStill(): Promise<void> {
    this.signal('SIGSTOP');
    const threads = `/proc/${this.pid}/task`;
    // The state is what follows the name, which stands in brackets.
    const isStill = (thread: string): boolean =>
      fs.readFileSync(path.join(threads, thread, 'stat'), 'utf8').includes(') T ');
    await until(`${this.id} stands still`, () => fs.readdirSync(threads).every(isStill));
  }

  /** Ends it as a crash would, or in order. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.signal(signal);
    await this.#exited;
  }
}

export class StorageRing {
  readonly #options: StorageRingOptions;
  readonly #nodes: StorageNodeProcess[] = [];
  readonly #folder = temporaryFolder();

  private constructor(options: StorageRingOptions) {
    this.#options = options;
  }

  /** Starts them, and waits until each of them takes clients. */
  static async start(options: StorageRingOptions): Promise<StorageRing> {
    const ring = new StorageRing(options);
    try {
      for (let i = 1; i <= options.nodes; i++) await ring.#make(`n${i}`);
      for (const node of ring.nodes) node.start();
      await Promise.all(ring.nodes.map((node) => node.serves()));
      return ring;
    } catch (error) {
      await ring.close();
      throw error;
    }
  }

  get nodes(): readonly StorageNodeProcess[] {
    return this.#nodes;
  }

  /** Starts one more, which nobody waits for. */
  async add(id: string, conf: Conf = {}): Promise<StorageNodeProcess> {
    const node = await this.#make(id, conf);
    node.start();
    return node;
  }

  async #make(id: string, more: Conf = {}): Promise<StorageNodeProcess> {
    const { nodes: formNodes, ensemble, conf, confOf } = this.#options;
    const ports = {
      cluster: await lastingPort(),
      proxy: await lastingPort(),
      peer: await lastingPort(),
    };
    const zone = `zone-${(this.#nodes.length % 3) + 1}`;
    const node = new StorageNodeProcess({
      id,
      folder: path.join(this.#folder.path, id),
      ports,
      conf: { ensemble, zone, formNodes, ...CONF, ...conf, ...confOf?.(id), ...more },
    });
    this.#nodes.push(node);
    return node;
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
