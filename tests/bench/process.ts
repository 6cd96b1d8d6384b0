/** One process of a server that is measured; what it says goes to a file in its folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export class Process {
  readonly #name: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  constructor(options: {
    readonly name: string;
    readonly program: string;
    readonly args: readonly string[];
    readonly folder: string;
  }) {
    const { name, program, args, folder } = options;
    this.#name = name;
    this.#folder = folder;
    fs.mkdirSync(folder, { recursive: true });
    const log = fs.openSync(path.join(folder, 'output.log'), 'a');
    this.#child = spawn(program, args, { stdio: ['ignore', log, log] });
    fs.closeSync(log);
    this.#exited = new Promise((resolve) => this.#child.once('exit', () => resolve()));
  }

  /** Throws once it has ended by itself. */
  expectRunning(): void {
    if (this.#child.exitCode !== null)
      throw new Error(`${this.#name} ended; see ${this.#folder}/output.log`);
  }

  /** Memory of its own that is in use, pages that it shares with others in equal parts. */
  residentBytes(): number {
    const rollup = fs.readFileSync(`/proc/${this.#child.pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.#exited;
  }
}
