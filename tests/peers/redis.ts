/** A redis-server of the machine, in memory, on a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import net from 'node:net';

import { type Folder, temporaryFolder } from './folders.ts';
import { freePort } from './ports.ts';
import { until } from './wait.ts';

export class RedisServer {
  readonly port: number;
  readonly #process: ChildProcess;

  readonly #folder: Folder;

  private constructor(port: number, process: ChildProcess, folder: Folder) {
    this.port = port;
    this.#folder = folder;
    this.#process = process;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** @param settings as on its command line, behind those that keep it in memory */
  static async start(settings: readonly string[] = []): Promise<RedisServer> {
    const port = await freePort();
    const folder = temporaryFolder();
    const child = spawn(
      '/usr/bin/redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
        ...['--dir', folder.path, ...settings],
      ],
      { stdio: 'ignore' },
    );
    await until('redis-server listens', () => answers(port));
    return new RedisServer(port, child, folder);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once('exit', () => {
        this.#folder[Symbol.dispose]();
        resolve();
      });
      this.#process.kill('SIGKILL');
    });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
