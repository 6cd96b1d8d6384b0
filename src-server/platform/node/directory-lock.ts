/**
 * Keeps two programs from writing the same data directory: a file with the number of the process that uses it.
 *
 * The file of a process that was killed is recognised and taken over; on Linux even when its number was given to another
 * process since, by the time that one started.
 */
import fs from 'node:fs';
import path from 'node:path';

const FILE = 'zabring.lock';

class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';

  constructor(directory: string, pid: number) {
    super(
      `${directory} is in use by process ${pid}. Stop that program, or choose another directory with --data`,
    );
  }
}

/** @throws DirectoryInUse. The lock ends with this process. */
export function lockDirectory(directory: string): void {
  fs.mkdirSync(directory, { recursive: true });
  const file = path.join(directory, FILE);
  const own = identityOf(process.pid);
  const holder = readHolder(file);
  if (holder !== null && holder.pid !== process.pid && identityOf(holder.pid) === holder.identity) {
    throw new DirectoryInUse(directory, holder.pid);
  }
  fs.writeFileSync(file, own ?? String(process.pid));
}

function readHolder(file: string): { readonly pid: number; readonly identity: string } | null {
  if (!fs.existsSync(file)) return null;
  const identity = fs.readFileSync(file, 'utf8').trim();
  const pid = Number.parseInt(identity, 10);
  return Number.isInteger(pid) ? { pid, identity } : null;
}

/** The process's number and, where the system tells, when it started; null where there is no such process. */
function identityOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process is one all the same.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return null;
  }
  return `${pid} ${startOf(pid)}`.trim();
}

function startOf(pid: number): string {
  try {
    // The name, in parentheses, may hold anything; the fields behind it are counted from its end.
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
