/** Four-letter words over a socket of their own. */
import net from 'node:net';

/** The whole answer; rejects where nobody listens. */
export function askWord(port: number, word: string, withinMs = 10_000): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.write(word));
    const chunks: Buffer[] = [];
    socket.setTimeout(withinMs, () =>
      socket.destroy(new Error(`no answer to ${word} within ${withinMs} ms`)),
    );
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => {
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    socket.on('error', reject);
  });
}
