/** Random values for the laws of the model, all of them from a seed. */
import type { Prng } from '../../../../src-server/base/prng.ts';

const encoder = new TextEncoder();

/** ASCII, accents, CJK, a pair of surrogates, a mark of order, line ends and a control character. */
const CHARACTERS = ['a', 'Z', '7', ' ', '\n', '\r', '\t', '\u0000', 'é', '中', '😀', '\ufeff', '"'];

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

export function randomBytes(random: Prng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

export function randomText(random: Prng, length: number): string {
  return Array.from({ length }, () => random.pick(CHARACTERS)).join('');
}
