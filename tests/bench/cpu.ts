/** Processor time that a process has taken so far, with all of its threads. */
import fs from 'node:fs';

/** What Linux counts in for everybody, whatever the kernel itself counts in. */
const TICK_MS = 10;

export function cpuMsOf(pid: number): number {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may have spaces in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}
