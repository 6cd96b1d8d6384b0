/** An Apache ZooKeeper server of Debian's packages, on loopback, in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { freePort } from './ports.ts';
import { until } from './wait.ts';
import { askWord } from './words.ts';

/** Debian's jar names all it needs but for one, which tells TLS from other bytes. */
const CLASSPATH = '/usr/share/java/zookeeper.jar:/usr/share/java/netty-codec.jar';

export interface ApacheServer {
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** Ends it as an operator would. */
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** How a server is started; settings: further lines of zoo.cfg; properties: Java system properties; heap: as in -Xmx */
export interface ApacheOptions {
  /** Holds zoo.cfg, the log and, unless given, the data. */
  readonly folder: string;
  readonly dataDir?: string;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly heap?: string;
  /** Called with the path of zoo.cfg once it is written, before the server reads it. */
  readonly prepare?: (configFile: string) => void;
}

/** Starts a standalone server and waits until it answers. */
export async function startApache(options: ApacheOptions): Promise<ApacheServer> {
  const { isServing, ...server } = await launch('ZooKeeperServerMain', options);
  await isServing();
  return server;
}

export interface ApacheMember extends ApacheServer {
  /** Waits until it has found its place in a quorum and answers clients. */
  isServing(): Promise<void>;
}

/**
 * Starts a member of an ensemble and does not wait for the others.
 * @param options servers: the lines `server.N=…` without their keys; id: which of them it is
 */
export async function startApacheMember(
  options: ApacheOptions & {
    readonly id: number;
    readonly servers: ReadonlyMap<number, string>;
  },
): Promise<ApacheMember> {
  const dataDir = options.dataDir ?? path.join(options.folder, 'data');
  fs.mkdirSync(dataDir, { recursive: true });
  fs.writeFileSync(path.join(dataDir, 'myid'), `${options.id}\n`);
  const lines = [...options.servers].map(([id, line]) => [`server.${id}`, line] as const);
  return launch('quorum.QuorumPeerMain', {
    ...options,
    settings: {
      initLimit: 10,
      syncLimit: 5,
      ...options.settings,
      ...Object.fromEntries(lines),
    },
  });
}

async function launch(main: string, options: ApacheOptions): Promise<ApacheMember> {
  const port = await freePort();
  const dataDir = options.dataDir ?? path.join(options.folder, 'data');
  fs.mkdirSync(dataDir, { recursive: true });
  const settings = {
    tickTime: 2000,
    dataDir,
    clientPort: port,
    clientPortAddress: '127.0.0.1',
    maxClientCnxns: 0,
    '4lw.commands.whitelist': '*',
    'admin.enableServer': false,
    extendedTypesEnabled: true,
    ...options.settings,
  };
  const configFile = path.join(options.folder, 'zoo.cfg');
  fs.writeFileSync(
    configFile,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${String(value)}\n`)
      .join(''),
  );
  options.prepare?.(configFile);
  const log = fs.openSync(path.join(options.folder, 'apache.log'), 'a');
  const properties = Object.entries(options.properties ?? {}).map(
    ([key, value]) => `-D${key}=${value}`,
  );
  const child = spawn(
    '/usr/bin/java',
    [
      `-Xmx${options.heap ?? '512m'}`,
      // Apache takes a path's bytes for its digest in the encoding of the locale, and a bare environment has none.
      '-Dfile.encoding=UTF-8',
      ...properties,
      '-cp',
      CLASSPATH,
      `org.apache.zookeeper.server.${main}`,
      configFile,
    ],
    { stdio: ['ignore', log, log] },
  );
  fs.closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  const isServing = async (): Promise<void> => {
    try {
      await until('Apache ZooKeeper serves', async () => {
        failIfEnded(child, options.folder);
        // Asked while it begins to listen, it now and then takes the connection and never answers on it.
        return (await askWord(port, 'srvr', 500)).includes('Mode: ');
      });
    } catch (error) {
      await end('SIGKILL');
      throw error;
    }
  };
  return {
    port,
    pid: child.pid!,
    dataDir,
    isServing,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  };
}

function failIfEnded(child: ChildProcess, folder: string): void {
  if (child.exitCode === null) return;
  const log = fs.readFileSync(path.join(folder, 'apache.log'), 'utf8');
  throw new Error(`Apache ZooKeeper ended with ${child.exitCode}:\n${log.slice(-2000)}`);
}

export const APACHE_CLASSPATH = CLASSPATH;
