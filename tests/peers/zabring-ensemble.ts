/** An ensemble of our own members within the test's process, each with a folder and ports of its own. */
import fs from 'node:fs';
import path from 'node:path';

import { readMemberConfig } from '../../src-server/config/member-config.ts';
import { defaultSettings, type Settings } from '../../src-server/config/settings.ts';
import { Client, type ClientOptions } from '../../src-server/coordination/client/client.ts';
import {
  type EnsembleFace,
  type Server,
  startServer,
} from '../../src-server/coordination/server.ts';
import type { Disk } from '../../src-server/platform/disk.ts';
import { NodeDisk } from '../../src-server/platform/node/disk.ts';
import { nodePlatform } from '../../src-server/platform/node/platform.ts';
import { type Seats, takeSeats } from './apache-ensemble.ts';
import { type Folder, temporaryFolder } from './folders.ts';
import { lastingPort } from './ports.ts';
import { until } from './wait.ts';

const VERSION = '3.9.5-zabring, built on 2026-11-22 00:00 UTC';

export interface OwnMemberOptions {
  readonly id: number;
  readonly folder: string;
  readonly clientPort: number;
  /** What stands behind `server.N=`. */
  readonly servers: ReadonlyMap<number, string>;
  readonly settings?: Partial<Settings>;
  /** Where it keeps its data, unless in its folder. */
  readonly disk?: Disk;
  /** Further lines of its zoo.cfg. */
  readonly lines?: readonly string[];
}

/** One member; it can be stopped and started again with what it has kept. */
export class OwnMember {
  readonly id: number;
  readonly port: number;
  readonly folder: string;
  /** Every log line so far. */
  readonly log: string[] = [];
  readonly #options: OwnMemberOptions;
  #server: Server | null = null;
  #fatal: Error | null = null;

  constructor(options: OwnMemberOptions) {
    this.#options = options;
    this.id = options.id;
    this.port = options.clientPort;
    this.folder = options.folder;
    fs.mkdirSync(this.dataDir, { recursive: true });
    fs.writeFileSync(path.join(this.dataDir, 'myid'), `${this.id}\n`);
    this.configure(options.lines ?? []);
  }

  /** Writes its zoo.cfg anew, with these further lines. */
  configure(more: readonly string[]): void {
    const options = this.#options;
    const lines = [
      `dataDir=${this.dataDir}`,
      `clientPort=${this.port}`,
      'clientPortAddress=127.0.0.1',
      'initLimit=10',
      'syncLimit=5',
      ...[...options.servers].map(([id, line]) => `server.${id}=${line}`),
      ...more,
    ];
    fs.writeFileSync(this.configFile, `${lines.join('\n')}\n`);
  }

  get dataDir(): string {
    return path.join(this.folder, 'data');
  }

  get configFile(): string {
    return path.join(this.folder, 'zoo.cfg');
  }

  get server(): Server {
    if (this.#fatal !== null) throw this.#fatal;
    if (this.#server === null) throw new Error(`member ${this.id} does not run`);
    return this.#server;
  }

  get ensemble(): EnsembleFace {
    return this.server.ensemble!;
  }

  /** It ended by itself, as it could not go on. */
  get hasFailed(): boolean {
    return this.#fatal !== null;
  }

  get isRunning(): boolean {
    return this.#server !== null;
  }

  async start(): Promise<void> {
    const tickTimeMs = 500;
    const base: Settings = {
      ...defaultSettings(this.dataDir),
      tickTimeMs,
      maxClientConnections: 0,
      fourLetterWords: '*',
      extendedTypes: true,
      preallocateBytes: 0x1_0000,
      ...this.#options.settings,
    };
    const read = readMemberConfig({ disk: new NodeDisk(), file: this.configFile, base });
    if (!read.ok || read.value.ensemble === null) throw new Error(read.ok ? 'alone' : read.error);
    const { settings, ensemble, next } = read.value;
    this.#fatal = null;
    this.#server = await startServer({
      settings,
      platform: {
        ...nodePlatform({
          version: 'test',
          logLevel: 'debug',
          writeLog: (line) => this.log.push(line),
        }),
        ...(this.#options.disk === undefined ? {} : { disk: this.#options.disk }),
      },
      version: VERSION,
      ensemble: { config: ensemble, next, file: this.configFile },
      onProgress: () => undefined,
      onFatal: (error) => (this.#fatal = error),
    });
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.stop();
  }

  /** Forgets everything but who it is. */
  wipe(): void {
    fs.rmSync(path.join(this.dataDir, 'version-2'), { recursive: true, force: true });
  }

  isServing(): Promise<unknown> {
    return until(`member ${this.id} serves`, () => this.ensemble.isServing);
  }
}

export class OwnEnsemble {
  readonly members: readonly OwnMember[];
  readonly seats: Seats;
  readonly #folders: readonly Folder[];
  readonly #clients: Client[] = [];

  private constructor(members: readonly OwnMember[], seats: Seats, folders: readonly Folder[]) {
    this.members = members;
    this.seats = seats;
    this.#folders = folders;
  }

  /** Starts them and waits until all of them serve. */
  static async start(
    roles: readonly ('participant' | 'observer')[],
    settings: Partial<Settings> = {},
    more: (id: number) => Pick<OwnMemberOptions, 'disk' | 'lines'> = () => ({}),
  ): Promise<OwnEnsemble> {
    const seats = await takeSeats(...roles);
    const folders = roles.map(() => temporaryFolder());
    const members: OwnMember[] = [];
    for (const [i, folder] of folders.entries())
      members.push(
        new OwnMember({
          id: i + 1,
          folder: folder.path,
          clientPort: await lastingPort(),
          servers: seats.lines,
          settings,
          ...more(i + 1),
        }),
      );
    const ensemble = new OwnEnsemble(members, seats, folders);
    await Promise.all(members.map((member) => member.start()));
    await ensemble.isServing();
    return ensemble;
  }

  async isServing(): Promise<void> {
    await Promise.all(
      this.members.filter(({ isRunning }) => isRunning).map((member) => member.isServing()),
    );
  }

  member(id: number): OwnMember {
    return this.members[id - 1]!;
  }

  get leader(): OwnMember {
    const leaders = this.members.filter(
      (member) =>
        member.isRunning && member.ensemble.isServing && member.ensemble.status.role === 'leading',
    );
    if (leaders.length !== 1) throw new Error(`${leaders.length} members lead`);
    return leaders[0]!;
  }

  get followers(): OwnMember[] {
    return this.members.filter(
      (member) => member.isRunning && member.ensemble.status.role === 'following',
    );
  }

  /** A client of these members; of all, if none are named. */
  client(
    members: readonly OwnMember[] = this.members,
    options: Partial<ClientOptions> = {},
  ): Client {
    const client = new Client({
      platform: nodePlatform({ version: 'test', logLevel: 'error', writeLog: () => undefined }),
      connect: members.map(({ port }) => `127.0.0.1:${port}`).join(','),
      sessionTimeoutMs: 8000,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close().catch(() => undefined)));
    await Promise.all(this.members.map((member) => member.stop()));
    for (const folder of this.#folders) folder[Symbol.dispose]();
  }
}
