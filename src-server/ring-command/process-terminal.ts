/** The terminal that this process runs in, or whatever its output goes to. */
import readline from 'node:readline';

import type { Terminal } from './command.ts';

type Streams = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;

/** Where lines cannot be written over, progress is told so often, and whenever it is about something else. */
const EVERY_MS = 5000;
const YES = /^y(es)?$/i;

export class ProcessTerminal implements Terminal {
  readonly #streams: Streams;
  #input: readline.Interface | null = null;
  /** What stands in the line that will be written over; null for none. */
  #running: string | null = null;
  #toldMs = -Infinity;
  #toldWhat = '';

  constructor(streams: Streams) {
    this.#streams = streams;
    // Whoever looks at the first lines only closes the pipe.
    streams.stdout.on('error', () => undefined);
  }

  say(line: string): void {
    this.#endLine();
    this.#streams.stdout.write(`${line}\n`);
  }

  progress(line: string): void {
    const { stdout } = this.#streams;
    if (stdout.isTTY) {
      const shown = line.slice(0, Math.max(20, stdout.columns - 1));
      stdout.write(`\r${shown.padEnd(this.#running?.length ?? 0)}`);
      this.#running = shown;
      return;
    }
    const [what = ''] = line.split(' · ', 1);
    const nowMs = performance.now();
    if (what === this.#toldWhat && nowMs - this.#toldMs < EVERY_MS) return;
    this.#toldWhat = what;
    this.#toldMs = nowMs;
    stdout.write(`${line}\n`);
  }

  complain(line: string): void {
    this.#endLine();
    this.#streams.stderr.write(`zabring: ${line}\n`);
  }

  /** The end of the input is no answer, and so it is not yes. */
  async confirm(question: string): Promise<boolean> {
    const { stdin, stderr } = this.#streams;
    this.#input = readline.createInterface({ input: stdin, output: stderr });
    const answer = await new Promise<string>((resolve) => {
      this.#input!.once('close', () => resolve(''));
      this.#input!.question(`${question} [y/N] `, resolve);
    });
    this.close();
    return YES.test(answer.trim());
  }

  close(): void {
    this.#endLine();
    this.#input?.close();
    this.#input = null;
  }

  #endLine(): void {
    if (this.#running !== null) this.#streams.stdout.write('\n');
    this.#running = null;
  }
}
