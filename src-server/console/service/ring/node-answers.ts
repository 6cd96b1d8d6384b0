/** What a storage node answers to RING.STATUS, in the shapes of the contract. A field it does not tell is null. */
import type { NodeFigures } from '#contract/ring-models.ts';

import { fieldsOf, numberOf, type Reply, textOf } from '../../../storage/resp/reply.ts';

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
