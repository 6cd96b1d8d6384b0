/**
 * Four clients of a cluster as they come, at work all the time: redis-benchmark --cluster, redis-cli -c, ioredis and node-redis.
 * What any of them calls an error is one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import readline from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { createCluster } from '@redis/client';
import { Cluster } from 'ioredis';

export interface ClusterEntrance {
  readonly clusterPort: number;
}

export interface ClientTally {
  readonly requests: number;
  readonly errors: readonly string[];
}

/** Keys of each; all partitions are among them. */
const KEYS = 300;
/** Requests on their way at the same time, of ioredis and of node-redis. */
const DEEP = 3;
/** A client that takes all there is of a core takes it from those whom it looks at. */
const REST_MS = 5;

abstract class Client {
  protected isRunning = true;
  protected requests = 0;
  protected readonly errors: string[] = [];

  get count(): number {
    return this.requests;
  }

  /** Every request is waited for. */
  abstract stop(): Promise<ClientTally>;

  protected get tally(): ClientTally {
    return { requests: this.requests, errors: this.errors };
  }
}

class Ioredis extends Client {
  readonly #cluster: Cluster;
  readonly #loops: Promise<void>[];

  constructor(entrances: readonly ClusterEntrance[]) {
    super();
    this.#cluster = new Cluster(
      entrances.map(({ clusterPort: port }) => ({ host: '127.0.0.1', port })),
    );
    this.#cluster.on('error', () => undefined);
    this.#loops = Array.from({ length: DEEP }, (_, i) => this.#run(i));
  }

  async #run(first: number): Promise<void> {
    const counts = new Map<string, number>();
    for (let i = first; this.isRunning; i += DEEP) {
      const key = `ioredis:${i % KEYS}:${first}`;
      try {
        const count = await this.#cluster.incr(key);
        const expected = (counts.get(key) ?? 0) + 1;
        if (count !== expected) this.errors.push(`${key} is ${count} instead of ${expected}`);
        counts.set(key, count);
      } catch (error) {
        this.errors.push(String(error));
      }
      this.requests++;
      await sleep(REST_MS);
    }
  }

  async stop(): Promise<ClientTally> {
    this.isRunning = false;
    await Promise.all(this.#loops);
    this.#cluster.disconnect();
    return this.tally;
  }
}

class NodeRedis extends Client {
  readonly #loops: Promise<void>;

  constructor(entrances: readonly ClusterEntrance[]) {
    super();
    const cluster = createCluster({
      rootNodes: entrances.map(({ clusterPort: port }) => ({
        socket: { host: '127.0.0.1', port },
      })),
    });
    cluster.on('error', (error) => this.errors.push(String(error)));
    const run = async (first: number): Promise<void> => {
      for (let i = first; this.isRunning; i += DEEP) {
        const key = `node-redis:${i % KEYS}:${first}`;
        try {
          await cluster.set(key, String(i));
          const value = await cluster.get(key);
          if (value !== String(i)) this.errors.push(`${key} is ${value} instead of ${i}`);
        } catch (error) {
          this.errors.push(String(error));
        }
        this.requests += 2;
        await sleep(REST_MS);
      }
    };
    this.#loops = (async () => {
      await cluster.connect();
      await Promise.all(Array.from({ length: DEEP }, (_, i) => run(i)));
      await cluster.close();
    })();
  }

  async stop(): Promise<ClientTally> {
    this.isRunning = false;
    await this.#loops;
    return this.tally;
  }
}

class RedisCli extends Client {
  readonly #child: ChildProcess;
  readonly #loop: Promise<void>;

  constructor([entrance]: readonly ClusterEntrance[]) {
    super();
    const child = spawn('redis-cli', ['-c', '-p', String(entrance!.clusterPort)], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child = child;
    const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#loop = (async () => {
      for (let i = 0; this.isRunning; i++) {
        const key = `redis-cli:${i % KEYS}`;
        for (const [command, expected] of [
          [`SET ${key} ${i}`, 'OK'],
          [`GET ${key}`, String(i)],
        ]) {
          child.stdin.write(`${command}\n`);
          const value = await this.#reply(lines);
          if (value !== expected) this.errors.push(`${command}: ${value}`);
          this.requests++;
          await sleep(REST_MS);
        }
      }
    })();
  }

  /** Where it was sent to on the way is told, too. */
  async #reply(lines: AsyncIterator<string>): Promise<string> {
    for (;;) {
      const next = await lines.next();
      if (next.done === true) return 'it ended';
      if (!next.value.startsWith('-> Redirected')) return next.value;
    }
  }

  async stop(): Promise<ClientTally> {
    this.isRunning = false;
    await this.#loop;
    this.#child.kill();
    return this.tally;
  }
}

class RedisBenchmark extends Client {
  readonly #loop: Promise<void>;

  constructor(entrances: readonly ClusterEntrance[]) {
    super();
    this.#loop = (async () => {
      for (let i = 0; this.isRunning; i++)
        await this.#round(entrances[i % entrances.length]!.clusterPort);
    })();
  }

  #round(port: number): Promise<void> {
    const requests = 300;
    const child = spawn('redis-benchmark', [
      ...['--cluster', '-p', String(port), '-t', 'set,get', '-n', String(requests)],
      ...['-c', '3', '-r', '10000', '-d', '100', '--csv'],
    ]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString('latin1')));
    return new Promise((resolve) => {
      child.once('close', (code) => {
        if (code !== 0 || /error/i.test(output)) this.errors.push(`${code}: ${output.slice(-300)}`);
        this.requests += 2 * requests;
        resolve();
      });
    });
  }

  async stop(): Promise<ClientTally> {
    this.isRunning = false;
    await this.#loop;
    return this.tally;
  }
}

/** All four. They begin at once. */
export class ClusterClients {
  readonly #all: ReadonlyMap<string, Client>;

  constructor(entrances: readonly ClusterEntrance[]) {
    this.#all = new Map<string, Client>([
      ['ioredis', new Ioredis(entrances)],
      ['node-redis', new NodeRedis(entrances)],
      ['redis-cli', new RedisCli(entrances)],
      ['redis-benchmark', new RedisBenchmark(entrances)],
    ]);
  }

  /** Requests that each has had answered so far. */
  get counts(): readonly number[] {
    return [...this.#all.values()].map(({ count }) => count);
  }

  async stop(): Promise<ReadonlyMap<string, ClientTally>> {
    const tallies = await Promise.all(
      [...this.#all].map(async ([name, client]) => [name, await client.stop()] as const),
    );
    return new Map(tallies);
  }
}
