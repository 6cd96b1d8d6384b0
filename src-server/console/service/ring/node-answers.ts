/** What a storage node answers to RING.STATUS, in the shapes of the contract. A field it does not tell is null. */
import type { NodeFigures } from '#contract/ring-models.ts';

import { type Reply, RespError, textOf } from '../../../storage/resp/reply.ts';

/** What a node has of one partition. */
export interface Holding {
  readonly partition: number;
  readonly role: string;
  readonly epoch: number;
  readonly lastSeq: number;
  readonly committedSeq: number;
  readonly keys: number;
  readonly bytes: number;
  /** Commands carried out there since its start. */
  readonly reads: number;
  readonly writes: number;
  readonly waits: string | null;
}

/** Counters that only ever grow while a node runs. */
export interface Counters {
  readonly commands: number | null;
  readonly bytesIn: number | null;
  readonly bytesOut: number | null;
}

export interface NodeAnswer {
  readonly isLoading: boolean;
  readonly figures: NodeFigures;
  readonly counters: Counters;
}

export const NO_FIGURES: NodeFigures = {
  version: null,
  mode: null,
  uptimeMs: null,
  clients: null,
  keys: null,
  dataBytes: null,
  diskBytes: null,
  diskFreeBytes: null,
  memoryBytes: null,
  partitionsHeld: null,
  partitionsLed: null,
  lagEntries: null,
};

/** Null for what is no answer of a storage node. */
export function answerOf(reply: Reply): NodeAnswer | null {
  const fields = fieldsOf(reply);
  if (fields === null) return null;
  const number = (name: string): number | null => numberOf(fields.get(name));
  const text = (name: string): string | null => textOf(fields.get(name));
  if (text('node') === null) return null;
  const uptime = number('uptime-seconds');
  return {
    isLoading: number('loading') === 1,
    figures: {
      // What is behind the comma says when it was built.
      version: text('version')?.split(',')[0] ?? null,
      mode: text('mode'),
      uptimeMs: uptime === null ? null : uptime * 1000,
      clients: number('clients'),
      keys: number('keys'),
      dataBytes: number('key-bytes'),
      diskBytes: number('disk-bytes'),
      diskFreeBytes: number('disk-free-bytes'),
      memoryBytes: number('memory-bytes'),
      partitionsHeld: number('held'),
      partitionsLed: number('led'),
      lagEntries: null,
    },
    counters: {
      commands: number('commands'),
      bytesIn: number('bytes-in'),
      bytesOut: number('bytes-out'),
    },
  };
}

/** A map of RESP3, or the flat list RESP2 has for it. */
function fieldsOf(reply: Reply): ReadonlyMap<string, Reply> | null {
  const fields = new Map<string, Reply>();
  if (reply instanceof Map) {
    for (const [name, value] of reply as ReadonlyMap<Reply, Reply>) {
      const key = textOf(name);
      if (key !== null) fields.set(key, value);
    }
    return fields;
  }
  if (!Array.isArray(reply) || reply.length % 2 !== 0) return null;
  const list = reply as readonly Reply[];
  for (let i = 0; i < list.length; i += 2) {
    const key = textOf(list[i]);
    if (key === null) return null;
    fields.set(key, list[i + 1]!);
  }
  return fields;
}

/** What it has of each partition, a list for each; empty where it does not tell. */
export function holdingsOf(reply: Reply): Holding[] {
  if (!Array.isArray(reply)) return [];
  return (reply as readonly Reply[]).flatMap((one) => {
    if (!Array.isArray(one)) return [];
    const [partition, role, epoch, lastSeq, committedSeq, keys, bytes, reads, writes, waits] =
      one as readonly Reply[];
    return [
      {
        partition: numberOf(partition) ?? 0,
        role: textOf(role) ?? '',
        epoch: numberOf(epoch) ?? 0,
        lastSeq: numberOf(lastSeq) ?? 0,
        committedSeq: numberOf(committedSeq) ?? 0,
        keys: numberOf(keys) ?? 0,
        bytes: numberOf(bytes) ?? 0,
        reads: numberOf(reads) ?? 0,
        writes: numberOf(writes) ?? 0,
        waits: textOf(waits),
      },
    ];
  });
}

function numberOf(reply: Reply | undefined): number | null {
  if (typeof reply === 'number') return reply;
  if (typeof reply === 'bigint') return Number(reply);
  if (reply === undefined || reply === null || reply instanceof RespError) return null;
  const text = textOf(reply);
  if (text === null || text.trim() === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
