/** The headless product in a process of its own, as an operator starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';

import { until } from './wait.ts';

const CLI = path.join(import.meta.dirname, '..', '..', 'src-server', 'bin.mjs');

export interface App {
  readonly pid: number;
  /** Where clients connect, once it serves. */
  readonly port: number;
  /** A URL that opens the console once, or null without console. */
  url(): string | null;
  /** Everything it has printed. */
  output(): string;
  stop(): Promise<number | null>;
  kill(): Promise<void>;
}

/** Starts `zabring serve` and waits until it serves. */
export async function startApp(args: readonly string[]): Promise<App> {
  const process = runApp(args);
  const port = await until('zabring serves', () => {
    if (process.child.exitCode !== null) throw new Error(`zabring ended:\n${process.output()}`);
    return /^serving\s+\S+:(\d+) /m.exec(process.output())?.[1];
  }).catch(async (error: unknown) => {
    await process.kill();
    throw error;
  });
  return {
    pid: process.child.pid!,
    port: Number(port),
    url: () => [...process.output().matchAll(/^console\s+(http\S+)/gm)].at(-1)?.[1] ?? null,
    output: process.output,
    stop: () => process.end('SIGTERM'),
    kill: async () => {
      await process.end('SIGKILL');
    },
  };
}

/** Runs the command to its end, or until it is ended. */
export function runApp(args: readonly string[]): {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output(): string;
  end(signal: NodeJS.Signals): Promise<number | null>;
  kill(): Promise<void>;
} {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      resolve(code);
    });
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return {
    child,
    exited,
    output: () => output,
    end,
    kill: async () => {
      await end('SIGKILL');
    },
  };
}
