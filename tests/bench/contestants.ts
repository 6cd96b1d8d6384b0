/** The two servers that are measured, each as its operator would start it, in a process of its own. */
import fs from 'node:fs';
import path from 'node:path';

import { APACHE_CLASSPATH } from '../peers/apache.ts';
import { freePort } from '../peers/ports.ts';
import { until } from '../peers/wait.ts';
import { askOnce } from './load.ts';
import { Process } from './process.ts';

/** What clients may be let loose on. */
export interface Target {
  /** Where it listens; an ensemble at several places. */
  readonly ports: readonly number[];
}

export interface Running extends Target {
  /** From the start of the process to the first answered request. */
  readonly startedInMs: number;
  residentBytes(): number;
  stop(): Promise<void>;
}

export interface Contestant {
  readonly name: string;
  start(folder: string): Promise<Running>;
}

/** The program as a user's shell would start it. */
export const CLI = path.join(import.meta.dirname, '..', '..', 'src-server', 'bin.mjs');
/** As Apache's own start script sets it. */
export const JAVA_HEAP = '1000m';
export const STARTS_WITHIN_MS = 120_000;

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
  const startedMs = performance.now();
  const process = new Process({ name, program, args, folder });
  await until(
    `${name} answers`,
    async () => {
      process.expectRunning();
      await askOnce(port);
      return true;
    },
    STARTS_WITHIN_MS,
  );
  return {
    ports: [port],
    startedInMs: performance.now() - startedMs,
    residentBytes: () => process.residentBytes(),
    stop: () => process.end('SIGTERM'),
  };
}
