/** Three members on this machine, ours or Apache's, a process each with the same settings; and ours in one process. */
import fs from 'node:fs';
import path from 'node:path';

import { APACHE_CLASSPATH } from '../peers/apache.ts';
import { takeSeats } from '../peers/apache-ensemble.ts';
import { lastingPort } from '../peers/ports.ts';
import { until } from '../peers/wait.ts';
import { askWord } from '../peers/words.ts';
import { CLI, JAVA_HEAP, STARTS_WITHIN_MS, type Target } from './contestants.ts';
import { askOnce, firstWrite } from './load.ts';
import { Process } from './process.ts';

export interface RunningEnsemble extends Target {
  residentBytes(): number;
  stop(): Promise<void>;
}

export interface EnsembleContestant<E extends RunningEnsemble = RunningEnsemble> {
  readonly name: string;
  /** @returns once every member answers */
  start(folder: string): Promise<E>;
}

const MEMBERS = 3;
const MEMBER_SETTINGS = [
  'tickTime=2000',
  'initLimit=30',
  'syncLimit=10',
  'clientPortAddress=127.0.0.1',
  'maxClientCnxns=0',
  'admin.enableServer=false',
];
const ROLES = Array.from({ length: MEMBERS }, () => 'participant' as const);

export const OUR_ENSEMBLE = ofMembers('Zabring', (configFile) => ({
  program: process.execPath,
  args: [CLI, 'member', '--config', configFile, '--log-level', 'warn'],
}));

export const JAVA_ENSEMBLE = ofMembers('Apache ZooKeeper 3.8', (configFile) => ({
  program: '/usr/bin/java',
  args: [
    `-Xmx${JAVA_HEAP}`,
    '-cp',
    APACHE_CLASSPATH,
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    configFile,
  ],
}));

/** As the app starts it: the members are threads of one process. */
export const OUR_LOCAL_ENSEMBLE: EnsembleContestant = {
  name: 'Zabring, one process',
  start: async (folder) => {
    const ports = await neighbours();
    const process = new Process({
      name: 'Zabring',
      program: globalThis.process.execPath,
      args: [
        ...[CLI, 'serve', '--no-console', '--members', String(MEMBERS), '--log-level', 'warn'],
        ...['--client-port', String(ports[0]), '--data', path.join(folder, 'data')],
      ],
      folder,
    });
    for (const port of ports) await answers(port, process);
    return {
      ports,
      residentBytes: () => process.residentBytes(),
      stop: () => process.end('SIGTERM'),
    };
  },
};

/** One process of an ensemble; it can be ended and started again. */
export class BenchMember {
  readonly port: number;
  readonly #start: () => Process;
  readonly #dataDir: string;
  #process: Process;

  constructor(options: {
    readonly port: number;
    readonly dataDir: string;
    readonly start: () => Process;
  }) {
    this.port = options.port;
    this.#dataDir = options.dataDir;
    this.#start = options.start;
    this.#process = this.#start();
  }

  get residentBytes(): number {
    return this.#process.residentBytes();
  }

  expectRunning(): void {
    this.#process.expectRunning();
  }

  answers(): Promise<unknown> {
    return answers(this.port, this.#process);
  }

  end(signal: NodeJS.Signals): Promise<void> {
    return this.#process.end(signal);
  }

  restart(): void {
    this.#process = this.#start();
  }

  /** Forgets everything but who it is. */
  wipe(): void {
    fs.rmSync(path.join(this.#dataDir, 'version-2'), { recursive: true, force: true });
  }
}

export class MembersEnsemble implements RunningEnsemble {
  readonly members: readonly BenchMember[];
  /** From the start of the processes to the first acknowledged write. */
  readonly startedInMs: number;

  constructor(members: readonly BenchMember[], startedInMs: number) {
    this.members = members;
    this.startedInMs = startedInMs;
  }

  get ports(): readonly number[] {
    return this.members.map(({ port }) => port);
  }

  residentBytes(): number {
    return this.members.reduce((sum, member) => sum + member.residentBytes, 0);
  }

  async leader(): Promise<BenchMember> {
    for (const member of this.members) {
      const report = await askWord(member.port, 'srvr');
      if (/^Mode: leader$/m.test(report)) return member;
    }
    throw new Error('nobody leads');
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.end('SIGTERM')));
  }
}

function ofMembers(
  name: string,
  launch: (configFile: string) => { readonly program: string; readonly args: readonly string[] },
): EnsembleContestant<MembersEnsemble> {
  return {
    name,
    start: async (folder) => {
      const { lines } = await takeSeats(...ROLES);
      const servers = [...lines].map(([id, line]) => `server.${id}=${line}`);
      const starts: { port: number; dataDir: string; start: () => Process }[] = [];
      for (const id of lines.keys()) {
        const port = await lastingPort();
        const home = path.join(folder, String(id));
        const dataDir = path.join(home, 'data');
        const configFile = path.join(home, 'zoo.cfg');
        fs.mkdirSync(dataDir, { recursive: true });
        fs.writeFileSync(path.join(dataDir, 'myid'), `${id}\n`);
        const settings = [...MEMBER_SETTINGS, `dataDir=${dataDir}`, `clientPort=${port}`];
        fs.writeFileSync(configFile, [...settings, ...servers, ''].join('\n'));
        const start = (): Process =>
          new Process({ name: `${name}, member ${id}`, folder: home, ...launch(configFile) });
        starts.push({ port, dataDir, start });
      }
      const startedMs = performance.now();
      const members = starts.map((start) => new BenchMember(start));
      await firstWrite(
        members.map(({ port }) => port),
        () => {
          for (const member of members) member.expectRunning();
        },
      );
      const startedInMs = performance.now() - startedMs;
      for (const member of members) await member.answers();
      return new MembersEnsemble(members, startedInMs);
    },
  };
}

function answers(port: number, process: Process): Promise<unknown> {
  return until(
    `port ${port} answers`,
    async () => {
      process.expectRunning();
      await askOnce(port);
      return true;
    },
    STARTS_WITHIN_MS,
  );
}

/** Free ports one after the other, as the members of a local ensemble take them. */
async function neighbours(): Promise<readonly number[]> {
  for (;;) {
    const ports: number[] = [];
    while (ports.length < MEMBERS) ports.push(await lastingPort());
    if (ports.at(-1)! - ports[0]! === MEMBERS - 1) return ports;
  }
}
