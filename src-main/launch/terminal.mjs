/** What the launcher says: a line for each step, and one that is written over while a step takes its time. */

const WIDTH = 9;
/** Without a terminal a line stays, so there are fewer. */
const QUIET_MS = 10_000;
const LIVELY_MS = 250;

/**
 * @param {string} what
 * @param {string} text
 */
export function say(what, text) {
  process.stdout.write(`${what.padEnd(WIDTH)} ${text}\n`);
}

/**
 * Says `text` again and again until stopped.
 * @param {string} what
 * @param {(seconds: number) => string} text
 * @returns {() => void} how to stop
 */
export function keepSaying(what, text) {
  const isTerminal = process.stdout.isTTY === true;
  const startedMs = performance.now();
  const line = () => text(Math.round((performance.now() - startedMs) / 1000));
  if (!isTerminal) say(what, line());
  const timer = setInterval(
    () => {
      if (isTerminal) process.stdout.write(`\r\x1b[K${what.padEnd(WIDTH)} ${line()}`);
      else say(what, line());
    },
    isTerminal ? LIVELY_MS : QUIET_MS,
  );
  return () => {
    clearInterval(timer);
    if (isTerminal) process.stdout.write('\r\x1b[K');
  };
}

/** A step that failed, with what the person at the terminal should read. */
export class StepFailed extends Error {}
