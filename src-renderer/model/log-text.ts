/** What a line of a log shows of a transaction, as short text. */
import { toHex } from './hex-text.ts';
import { invalidUtf8At } from './value-codec.ts';

const decoder = new TextDecoder('utf-8');
/** How many bytes a preview in hex shows: it is there to say that this is no text. */
const HEX_BYTES = 24;

export interface Preview {
  readonly text: string;
  readonly isHex: boolean;
}

/** The beginning of a value in one line; `bytes` is how long it is as a whole. */
export function previewOf(start: Uint8Array, bytes: number): Preview {
  const isCut = start.length < bytes;
  const invalidAt = invalidUtf8At(start);
  // A character that the cut went through is no reason to take a text for something else.
  const isText = invalidAt < 0 || (isCut && start.length - invalidAt < 4);
  if (!isText || start.some((byte) => byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) {
    const shown = start.subarray(0, HEX_BYTES);
    return { text: toHex(shown, ' ') + (shown.length < bytes ? ' …' : ''), isHex: true };
  }
  const whole = invalidAt < 0 ? start : start.subarray(0, invalidAt);
  const text = decoder.decode(whole).replace(/\s+/g, ' ').trim();
  return { text: text + (isCut ? '…' : ''), isHex: false };
}

/** As logs write it: without the zeros in front. */
export function sessionText(id: string): string {
  return `0x${id.replace(/^0+(?=.)/, '')}`;
}
