/** Asks a server about itself with a four-letter word, on a connection of its own. */
import type { ServerFacts } from '#contract/models.ts';

import type { Clock } from '../../platform/clock.ts';
import { type Net, NetError } from '../../platform/net.ts';

const ANSWER_BYTES_MAX = 0x10_0000;
const TIMEOUT_MS = 3000;

export interface WordQuestion {
  readonly net: Net;
  readonly clock: Clock;
  readonly at: { readonly host: string; readonly port: number };
  readonly word: string;
}

/**
 * The answer's text. @throws NetError where the server cannot be reached or takes too long; a process that is halted takes
 * connections and never says a word.
 */
export async function askWord({ net, clock, at, word }: WordQuestion): Promise<string> {
  const socket = await net.connect({ ...at, timeoutMs: TIMEOUT_MS });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const giveUp = (error: Error): void => {
      patience.cancel();
      reject(error);
      socket.destroy();
    };
    const patience = clock.after(TIMEOUT_MS, () =>
      giveUp(new NetError('timeout', `no answer to ${word} within ${TIMEOUT_MS} ms`)),
    );
    socket.attach({
      onChunk: (chunk) => {
        length += chunk.length;
        if (length > ANSWER_BYTES_MAX) giveUp(new Error(`the answer to ${word} is too long`));
        else chunks.push(Buffer.from(chunk));
      },
      onDrain: () => undefined,
      onClose: () => {
        patience.cancel();
        resolve(Buffer.concat(chunks).toString('utf8'));
      },
    });
    socket.write(Buffer.from(word, 'latin1'));
  });
}

/** From the answer to `srvr`; null where that word is switched off or the server does not serve. */
export function parseServerFacts(answer: string): ServerFacts | null {
  const mode = /^Mode: (\S+)/m.exec(answer)?.[1];
  const version = /^Zookeeper version: ([^,\s]+)/m.exec(answer)?.[1];
  const nodeCount = /^Node count: (\d+)/m.exec(answer)?.[1];
  if (mode === undefined || version === undefined || nodeCount === undefined) return null;
  return { mode, version, nodeCount: Number(nodeCount) };
}
