/** Runs a program to its end and gives what it printed. */
import { spawn } from 'node:child_process';

import { until } from './wait.ts';

export interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** @param options input: what is typed into it; withinMs: it is ended after this long */
export function run(
  program: string,
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly env?: Record<string, string>;
    readonly withinMs?: number;
  } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...options.env },
      timeout: options.withinMs ?? 60_000,
      killSignal: 'SIGKILL',
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, output });
    });
    child.stdin.end(options.input ?? '');
  });
}

/** Types lines into a program, each one when what is expected after the one before has appeared; then ends its input. */
export async function converse(
  program: string,
  args: readonly string[],
  lines: readonly { readonly say: string; readonly expect: RegExp }[],
): Promise<string> {
  const child = spawn(program, args, { stdio: 'pipe' });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  try {
    for (const { say, expect } of lines) {
      const before = output.length;
      child.stdin.write(`${say}\n`);
      const isAnswered = (): boolean => expect.test(output.slice(before));
      await until(`an answer to "${say}"`, isAnswered).catch((error: unknown) => {
        const problem = `${program} did not answer "${say}" with ${String(expect)}:\n${output}`;
        throw new Error(problem, { cause: error });
      });
    }
    child.stdin.end();
    await ended;
    return output;
  } finally {
    child.kill('SIGKILL');
  }
}
