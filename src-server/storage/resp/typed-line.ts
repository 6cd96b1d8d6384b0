/**
 * A line as somebody types it into telnet, cut into words as Redis does: blanks separate, 'single' quotes keep all but \',
 * "double" quotes know \n \r \t \b \a \" \\ and \xHH, and a closing quote ends its word.
 */

/** Null where quotes do not match, or something follows a closing one at once. */
export function wordsOfLine(line: Uint8Array): Buffer[] | null {
  const words: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isBlank(line[at]!)) at++;
    // C programs see the end of a text in a zero byte.
    if (at === line.length || line[at] === 0) return words;
    const word: number[] = [];
    const end = takeWord(line, at, word);
    if (end < 0) return null;
    words.push(Buffer.from(word));
    at = end;
  }
}

/** Gives where the word ends, or −1. */
function takeWord(line: Uint8Array, start: number, word: number[]): number {
  let at = start;
  let quote = 0;
  for (; at < line.length; at++) {
    const byte = line[at]!;
    if (byte === 0) break;
    if (quote === 0) {
      if (isBlank(byte)) return at;
      if (byte === DOUBLE || byte === SINGLE) quote = byte;
      else word.push(byte);
    } else if (byte === quote) {
      const next = at + 1;
      return next === line.length || isBlank(line[next]!) || line[next] === 0 ? next : -1;
    } else if (byte === BACKSLASH && quote === SINGLE && line[at + 1] === SINGLE) {
      word.push(SINGLE);
      at++;
    } else if (byte === BACKSLASH && quote === DOUBLE && at + 1 < line.length) {
      const hex = line.subarray(at + 2, at + 4);
      if (line[at + 1] === LETTER_X && hex.length === 2 && hex.every(isHexDigit)) {
        word.push(parseInt(String.fromCharCode(...hex), 16));
        at += 3;
      } else {
        word.push(ESCAPES.get(line[at + 1]!) ?? line[at + 1]!);
        at++;
      }
    } else {
      word.push(byte);
    }
  }
  return quote === 0 ? at : -1;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

function isHexDigit(byte: number): boolean {
  return /[0-9a-fA-F]/.test(String.fromCharCode(byte));
}

const DOUBLE = 0x22;
const SINGLE = 0x27;
const BACKSLASH = 0x5c;
const LETTER_X = 0x78;
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
  [0x62, 0x08],
  [0x61, 0x07],
]);
