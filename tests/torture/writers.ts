/** The writers: client programs of other people, each in a process of its own, that ask what they are given. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';

import type { Order } from '../sim/history.ts';
import type { RecordLine, SaidAnswer, WriterLine } from './record.ts';

export type WriterKind = 'kazoo' | 'node';

/** What goes into a writer's process. */
export interface WriterOrder {
  readonly number: number;
  readonly order: Order | 'close';
}

export interface WriterOptions {
  readonly kind: WriterKind;
  readonly name: string;
  readonly hosts: string;
  readonly sessionTimeoutMs: number;
  /** The clock that all processes share, when the run began. */
  readonly beganNs: bigint;
  /** Where it complains. */
  readonly logFile: string;
  readonly record: (line: RecordLine) => void;
}

/** Null where nobody knows what became of it. */
export type Told = (answer: SaidAnswer | null) => void;

interface Open {
  readonly order: Order;
  readonly told: Told;
}

export class Writer {
  readonly name: string;
  readonly kind: WriterKind;
  readonly #child: ChildProcess;
  readonly #record: (line: RecordLine) => void;
  readonly #open = new Map<number, Open>();
  readonly #exited: Promise<void>;
  #number = 0;
  #isWanted = true;
  #failure: string | null = null;

  constructor(options: WriterOptions) {
    const { kind, name, hosts, sessionTimeoutMs, beganNs, logFile, record } = options;
    this.kind = kind;
    this.name = name;
    this.#record = record;
    const [program, script] = PROGRAMS[kind];
    const log = fs.openSync(logFile, 'a');
    this.#child = spawn(
      program,
      [path.join(import.meta.dirname, script), hosts, `${sessionTimeoutMs}`, `${beganNs}`],
      { stdio: ['pipe', 'pipe', log] },
    );
    fs.closeSync(log);
    // A writer that was killed is written to once more, and that is all.
    this.#child.stdin!.on('error', () => undefined);
    const lines = readline.createInterface({ input: this.#child.stdout! });
    lines.on('line', (line) => this.#onLine(JSON.parse(line) as WriterLine));
    this.#exited = new Promise((resolve) => {
      this.#child.once('close', (code) => {
        if (this.#isWanted && code !== 0) this.#failure = `it ended with ${code}, see ${logFile}`;
        for (const { told } of this.#takeOpen()) told(null);
        resolve();
      });
    });
  }

  get outstanding(): number {
    return this.#open.size;
  }

  /** Why it ended, if nobody wanted it to. */
  get failure(): string | null {
    return this.#failure;
  }

  ask(order: Order, told: Told): void {
    const number = ++this.#number;
    this.#open.set(number, { order, told });
    this.#say({ number, order });
  }

  /** Ends its session, as a program does at its end. */
  async close(): Promise<void> {
    this.#say({ number: 0, order: 'close' });
    this.#child.stdin!.end();
    await this.#exited;
  }

  async kill(): Promise<void> {
    this.#isWanted = false;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  #say(order: WriterOrder): void {
    if (this.#child.stdin!.writable) this.#child.stdin!.write(`${JSON.stringify(order)}\n`);
  }

  #takeOpen(): Open[] {
    const open = [...this.#open.values()];
    this.#open.clear();
    return open;
  }

  #onLine(line: WriterLine): void {
    const order = 'order' in line && line.order !== 'close' ? line.order : null;
    const open = order === null ? undefined : this.#open.get(order);
    this.#record({
      writer: this.name,
      ...(line.event === 'ask' && open !== undefined ? { wish: open.order } : {}),
      ...line,
    });
    if (open === undefined || order === null || line.event === 'ask') return;
    this.#open.delete(order);
    open.told(line.event === 'told' ? line.answer : null);
  }
}

const PROGRAMS: Readonly<Record<WriterKind, readonly [program: string, script: string]>> = {
  kazoo: ['/usr/bin/python3', 'kazoo_writer.py'],
  node: [process.execPath, 'node-writer.ts'],
};
