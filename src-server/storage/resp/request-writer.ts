/** A command as a RESP array of bulk strings. */
export type Word = string | number | Uint8Array;

export function writeCommand(words: readonly Word[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${words.length}\r\n`)];
  for (const word of words) {
    const bytes = word instanceof Uint8Array ? word : Buffer.from(String(word));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, END_OF_LINE);
  }
  return Buffer.concat(parts);
}

const END_OF_LINE = Buffer.from('\r\n');
