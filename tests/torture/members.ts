/** Members in processes of their own, ours and Apache's alike: started, killed, stopped and continued. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import type { Compat } from '../../src-server/config/settings.ts';
import { type ApacheMember, startApacheMember } from '../peers/apache.ts';
import { lastingPort } from '../peers/ports.ts';
import { until } from '../peers/wait.ts';
import { askWord } from '../peers/words.ts';

export type MemberKind = 'zabring' | 'apache';

export interface MemberOptions {
  readonly id: number;
  /** Holds its configuration, its data and what it said. */
  readonly folder: string;
  /** The server list as it has it. */
  readonly servers: ReadonlyMap<number, string>;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** What ours behaves like. */
  readonly compat: Compat;
}

/** Only Apache's members have it. */
export const APACHE_LOG = 'apache.log';
const CLI = path.join(import.meta.dirname, '..', '..', 'src-server', 'bin.mjs');
/** A machine with more to do than it can takes its time. */
const SERVES_WITHIN_MS = 120_000;

export abstract class Member {
  readonly id: number;
  readonly folder: string;
  isPaused = false;
  /** Why it ended, if nobody killed it. */
  failure: string | null = null;

  constructor({ id, folder }: MemberOptions) {
    this.id = id;
    this.folder = folder;
  }

  abstract readonly kind: MemberKind;
  abstract readonly logFile: string;
  abstract readonly clientPort: number;
  /** Null while it does not run. */
  protected abstract readonly pid: number | null;
  abstract start(): Promise<void>;
  protected abstract end(): Promise<void>;

  get dataDir(): string {
    return path.join(this.folder, 'data');
  }

  get isRunning(): boolean {
    return this.pid !== null;
  }

  /** `kill -9` */
  async kill(): Promise<void> {
    this.isPaused = false;
    await this.end();
  }

  pause(): void {
    if (this.pid === null) return;
    process.kill(this.pid, 'SIGSTOP');
    this.isPaused = true;
  }

  goOn(): void {
    if (this.pid !== null && this.isPaused) process.kill(this.pid, 'SIGCONT');
    this.isPaused = false;
  }

  /** leader, follower or observer; null while it serves nobody. */
  async mode(): Promise<string | null> {
    if (!this.isRunning || this.isPaused) return null;
    const text = await askWord(this.clientPort, 'srvr', 1000).catch(() => '');
    return /Mode: (\S+)/.exec(text)?.[1] ?? null;
  }

  async isServing(): Promise<string> {
    return until(`member ${this.id} serves`, () => this.mode(), SERVES_WITHIN_MS);
  }
}

class OwnMember extends Member {
  readonly kind = 'zabring';
  readonly clientPort: number;
  readonly logFile: string;
  readonly #configFile: string;
  readonly #compat: Compat;
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();

  constructor(options: MemberOptions, clientPort: number) {
    super(options);
    this.clientPort = clientPort;
    this.#compat = options.compat;
    this.logFile = path.join(this.folder, 'member.log');
    this.#configFile = path.join(this.folder, 'zoo.cfg');
    fs.mkdirSync(this.dataDir, { recursive: true });
    fs.writeFileSync(path.join(this.dataDir, 'myid'), `${this.id}\n`);
    const settings = {
      dataDir: this.dataDir,
      clientPort,
      clientPortAddress: '127.0.0.1',
      maxClientCnxns: 0,
      '4lw.commands.whitelist': '*',
      ...options.settings,
    };
    const lines = [
      ...Object.entries(settings).map(([key, value]) => `${key}=${String(value)}`),
      ...[...options.servers].map(([id, line]) => `server.${id}=${line}`),
    ];
    fs.writeFileSync(this.#configFile, `${lines.join('\n')}\n`);
  }

  protected get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  start(): Promise<void> {
    if (this.#child !== null) return Promise.resolve();
    const log = fs.openSync(this.logFile, 'a');
    const args = [CLI, 'member', '--config', this.#configFile, '--compat', this.#compat];
    const child = spawn(process.execPath, args, { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#child = null;
        if (signal !== 'SIGKILL')
          this.failure = `member ${this.id} ended with ${code ?? signal}, see ${this.logFile}`;
        resolve();
      });
    });
    return Promise.resolve();
  }

  protected async end(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }
}

class JavaMember extends Member {
  readonly kind = 'apache';
  readonly logFile: string;
  readonly #options: MemberOptions;
  #server: ApacheMember | null = null;

  constructor(options: MemberOptions) {
    super(options);
    this.#options = options;
    this.logFile = path.join(this.folder, APACHE_LOG);
    fs.mkdirSync(this.folder, { recursive: true });
  }

  get clientPort(): number {
    return this.#server?.port ?? 0;
  }

  protected get pid(): number | null {
    return this.#server?.pid ?? null;
  }

  async start(): Promise<void> {
    this.#server ??= await startApacheMember({ ...this.#options, heap: '128m' });
  }

  protected async end(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.kill();
  }
}

export async function newMember(kind: MemberKind, options: MemberOptions): Promise<Member> {
  return kind === 'apache' ? new JavaMember(options) : new OwnMember(options, await lastingPort());
}
