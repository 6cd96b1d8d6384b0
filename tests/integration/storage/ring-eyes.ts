/** A ring seen from outside: what the ensemble's tree says of it, and what each node says of itself. */
import type { Membership, PartitionState } from '../../../src-server/storage/control/membership.ts';
import { RespClient } from '../../../src-server/storage/resp/client.ts';
import { type Reply, textOf } from '../../../src-server/storage/resp/reply.ts';
import type { StorageNodeProcess } from '../../peers/storage-ring.ts';
import { until } from '../../peers/wait.ts';
import { membershipAt, PLATFORM } from './control-stage.ts';

/** What a node has of a partition. */
export interface Copy {
  readonly role: string;
  readonly lastSeq: number;
  readonly committedSeq: number;
  readonly keys: number;
  readonly bytes: number;
}

export class RingEyes {
  /** The test's own, which registers no node. */
  readonly membership: Membership;

  constructor(ensemblePort: number) {
    // Eyes that close for a moment are no fact about the ring.
    this.membership = membershipAt(ensemblePort, { sessionTimeoutMs: 10_000 });
  }

  get partitions(): readonly PartitionState[] {
    const { config, partitions } = this.membership.view;
    const count = config?.value.table.partitionCount ?? 0;
    const states = [...partitions.values()].map(({ value }) => value);
    if (count === 0 || states.length < count) throw new Error('the ring is not formed yet');
    return states;
  }

  /** They are in the ensemble's tree now. */
  knows(...ids: readonly string[]): boolean {
    const { nodes } = this.membership.view;
    return ids.every((id) => nodes.has(id as never));
  }

  leaderOf(partition: number): string | null {
    return this.partitions[partition]!.leader;
  }

  ledBy(id: string): number {
    return this.partitions.filter(({ leader }) => leader === id).length;
  }

  /** Every partition has so many copies in sync, and a leader among them. */
  async isWhole(copies: number): Promise<void> {
    await until(`all partitions have ${copies} copies in sync`, () =>
      this.partitions.every(({ leader, inSync }) => leader !== null && inSync.length === copies),
    );
  }

  /** Nobody leads or is in sync there any more. */
  async isWithout(id: string): Promise<void> {
    await until(`nothing counts on ${id}`, () =>
      this.partitions.every(({ leader, inSync }) => leader !== id && !inSync.includes(id as never)),
    );
  }

  /** All copies of every partition have the same entries and keys, once it is quiet. */
  async areCopiesEqual(nodes: readonly StorageNodeProcess[]): Promise<void> {
    let differences: string[] = [];
    await until('all copies are equal', async () => {
      differences = differencesOf(await Promise.all(nodes.map((node) => copiesAt(node))));
      return differences.length === 0;
    }).catch((error: unknown) => {
      throw new Error(`copies differ: ${differences.join('; ')}`, { cause: error });
    });
  }

  async close(): Promise<void> {
    await this.membership.close();
  }
}

export async function copiesAt(node: StorageNodeProcess): Promise<Map<number, Copy>> {
  const reply = (await askAt(node, 'RING.STATUS', 'PARTITIONS')) as readonly Reply[][];
  return new Map(
    reply.map(([partition, role, , lastSeq, committedSeq, keys, bytes]) => [
      Number(partition),
      {
        role: textOf(role) ?? '',
        lastSeq: Number(lastSeq),
        committedSeq: Number(committedSeq),
        keys: Number(keys),
        bytes: Number(bytes),
      },
    ]),
  );
}

/** What a node says of itself, by name. */
export async function statusAt(node: StorageNodeProcess): Promise<ReadonlyMap<string, string>> {
  const reply = (await askAt(node, 'RING.STATUS')) as ReadonlyMap<Reply, Reply>;
  return new Map(
    [...reply].map(([name, value]) => [
      textOf(name) ?? '',
      typeof value === 'number' ? String(value) : (textOf(value) ?? ''),
    ]),
  );
}

export async function askAt(node: StorageNodeProcess, ...words: readonly string[]): Promise<Reply> {
  const client = await RespClient.connect({
    net: PLATFORM.net,
    host: '127.0.0.1',
    port: node.clusterPort,
    timeoutMs: 2000,
  });
  try {
    return await client.call(...words);
  } finally {
    client.close();
  }
}

function differencesOf(nodes: readonly ReadonlyMap<number, Copy>[]): string[] {
  const differences: string[] = [];
  const all = new Set(nodes.flatMap((copies) => [...copies.keys()]));
  for (const partition of all) {
    const copies = nodes.flatMap((node) => node.get(partition) ?? []).filter(isWanted);
    const facts = copies.map(({ lastSeq, committedSeq, keys, bytes }) =>
      [lastSeq, committedSeq, keys, bytes].join(' '),
    );
    if (new Set(facts).size > 1) differences.push(`partition ${partition}: ${facts.join(' | ')}`);
  }
  return differences;
}

function isWanted({ role }: Copy): boolean {
  return role !== 'idle';
}
