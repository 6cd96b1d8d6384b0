/** What this process knows of itself. */
import fs from 'node:fs';
import os from 'node:os';

import type { ProcessFacts } from '../process-facts.ts';

export class NodeProcessFacts implements ProcessFacts {
  readonly #version: string;

  constructor(version: string) {
    this.#version = version;
  }

  environment(): readonly (readonly [string, string])[] {
    const mebibytes = (bytes: number): string => `${Math.round(bytes / 0x10_0000)}MB`;
    const { heapTotal, heapUsed } = process.memoryUsage();
    const runtime = `Node.js ${process.versions.node}`;
    return [
      ['zookeeper.version', this.#version],
      ['host.name', os.hostname()],
      ['java.version', process.versions.node],
      ['java.vendor', runtime],
      ['java.home', process.execPath],
      ['java.class.path', process.argv[1] ?? ''],
      ['java.library.path', ''],
      ['java.io.tmpdir', os.tmpdir()],
      ['java.compiler', `V8 ${process.versions.v8}`],
      ['os.name', os.type()],
      ['os.arch', process.arch === 'x64' ? 'amd64' : process.arch],
      ['os.version', os.release()],
      ['user.name', userName()],
      ['user.home', os.homedir()],
      ['user.dir', process.cwd()],
      ['os.memory.free', mebibytes(heapTotal - heapUsed)],
      ['os.memory.max', mebibytes(os.totalmem())],
      ['os.memory.total', mebibytes(heapTotal)],
    ];
  }

  openFiles(): number {
    try {
      return fs.readdirSync('/proc/self/fd').length;
    } catch {
      // Only Linux shows them.
      return -1;
    }
  }

  maxOpenFiles(): number {
    try {
      const line = fs.readFileSync('/proc/self/limits', 'utf8').match(/^Max open files\s+(\d+)/m);
      return line?.[1] === undefined ? -1 : Number(line[1]);
    } catch {
      return -1;
    }
  }

  residentBytes(): number {
    return process.memoryUsage.rss();
  }
}

function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    // A container may run under an id that has no name.
    return String(process.getuid?.() ?? '?');
  }
}
