/** The two servers that are measured, each as its operator would start it, in a process of its own. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { APACHE_CLASSPATH } from '../peers/apache.ts';
import { freePort } from '../peers/ports.ts';
import { until } from '../peers/wait.ts';
import { askOnce } from './load.ts';

export interface Running {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** From the start of the process to the first answered request. */
  readonly startedInMs: number;
  residentBytes(): number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface Contestant {
  readonly name: string;
  start(folder: string): Promise<Running>;
}

const CLI = path.join(import.meta.dirname, '..', '..', 'src-server', 'bin.mjs');
/** As Apache's own start script sets it. */
const JAVA_HEAP = '1000m';
const STARTS_WITHIN_MS = 120_000;

export const OURS: Contestant = {
  name: 'Zabring',
  start: async (folder) => {
    const port = await freePort();
    const args = [
      CLI,
      'serve',
      '--no-console',
      '--client-port',
      String(port),
      '--data',
      path.join(folder, 'data'),
    ];
    return launch('Zabring', process.execPath, [...args, '--log-level', 'warn'], folder, port);
  },
};

export const JAVA: Contestant = {
  name: 'Apache ZooKeeper 3.8',
  start: async (folder) => {
    const port = await freePort();
    const config = path.join(folder, 'zoo.cfg');
    fs.mkdirSync(path.join(folder, 'data'), { recursive: true });
    fs.writeFileSync(
      config,
      `tickTime=2000\ndataDir=${path.join(folder, 'data')}\nclientPort=${port}\nclientPortAddress=127.0.0.1\n` +
        'maxClientCnxns=0\nadmin.enableServer=false\n',
    );
    const main = 'org.apache.zookeeper.server.ZooKeeperServerMain';
    return launch(
      'Apache',
      '/usr/bin/java',
      [`-Xmx${JAVA_HEAP}`, '-cp', APACHE_CLASSPATH, main, config],
      folder,
      port,
    );
  },
};

async function launch(
  name: string,
  program: string,
  args: readonly string[],
  folder: string,
  port: number,
): Promise<Running> {
  const log = fs.openSync(path.join(folder, 'output.log'), 'a');
  const startedMs = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', log, log] });
  fs.closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until(
    `${name} answers`,
    async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended; see ${folder}/output.log`);
      await askOnce(port);
      return true;
    },
    STARTS_WITHIN_MS,
  );
  const startedInMs = performance.now() - startedMs;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  return {
    name,
    port,
    pid: child.pid!,
    startedInMs,
    residentBytes: () => {
      const status = fs.readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}
