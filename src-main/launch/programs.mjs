/** Programs the launcher runs without showing what they print, unless it is needed. */
import { spawn } from 'node:child_process';

/**
 * @typedef {object} Ran
 * @property {number | null} code null where a signal ended it
 * @property {string} output
 */

/**
 * Runs a program to its end.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readonly cwd: string, readonly env?: NodeJS.ProcessEnv, readonly shell?: boolean, readonly signal?: AbortSignal }} options
 * @returns {Promise<Ran>}
 */
export function runQuietly(program, args, { cwd, env = process.env, shell = false, signal }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], { cwd, env, shell, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    /** @param {Buffer} chunk */
    const collect = (chunk) => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    // Whoever ends the launcher in the middle of a step ends the step.
    const end = () => child.kill();
    process.once('exit', end);
    signal?.addEventListener('abort', end);
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('exit', end);
      resolve({ code, output });
    });
  });
}
