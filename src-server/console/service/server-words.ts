/** Asks a server about itself with a four-letter word, on a connection of its own. */
import type { ServerFacts } from '#contract/models.ts';

import type { Net } from '../../platform/net.ts';

const ANSWER_BYTES_MAX = 0x10_0000;
const TIMEOUT_MS = 3000;

/** The answer's text. Rejects where the server cannot be reached or takes too long. */
export async function askWord(net: Net, host: string, port: number, word: string): Promise<string> {
  const socket = await net.connect({ host, port, timeoutMs: TIMEOUT_MS });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    socket.attach({
      onChunk: (chunk) => {
        length += chunk.length;
        if (length > ANSWER_BYTES_MAX) {
          socket.destroy();
          reject(new Error(`the answer to ${word} is too long`));
          return;
        }
        chunks.push(chunk);
      },
      onDrain: () => undefined,
      onClose: () => resolve(Buffer.concat(chunks).toString('utf8')),
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
