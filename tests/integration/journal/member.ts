/** Starts members in processes of their own, and ends them in any way. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import readline from 'node:readline';

import type { Settings } from '../../../src-server/config/settings.ts';
import type { Recovered } from '../../../src-server/coordination/journal/journal.ts';

const SCRIPT = path.join(import.meta.dirname, 'member-process.ts');

export interface Member {
  readonly port: number;
  readonly pid: number;
  readonly recovered: Recovered;
  /** What it warned of. */
  readonly warnings: () => string;
  /** As a crash of the process ends it. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Rejects with what the process said, when it ends before it serves. */
export async function startMember(
  dataDir: string,
  settings: Partial<Settings> = {},
): Promise<Member> {
  const child = spawn(process.execPath, [SCRIPT, dataDir, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  const { port, ...recovered } = await firstLine(child, () => said);
  return {
    port,
    pid: child.pid!,
    recovered,
    warnings: () => said,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

function firstLine(
  child: ChildProcess,
  said: () => string,
): Promise<{ readonly port: number } & Recovered> {
  return new Promise((resolve, reject) => {
    const lines = readline.createInterface({ input: child.stdout! });
    lines.once('line', (line) => {
      lines.close();
      child.stdout!.resume();
      resolve(JSON.parse(line) as { readonly port: number } & Recovered);
    });
    child.once('exit', (code) => reject(new Error(`the member ended with ${code}:\n${said()}`)));
  });
}
