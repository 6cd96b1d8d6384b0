/** EX, PX, EXAT, PXAT and what else SET and GETEX take behind their keys. */
import type { Arguments } from '../arguments.ts';
import { invalidExpire, NOT_AN_INTEGER } from '../error-words.ts';
import { fitsInt64, readInteger } from '../integers.ts';

type Unit = 'ex' | 'px' | 'exat' | 'pxat';

export interface ExpiryOptions {
  readonly unit: Unit | null;
  /** The word with the time. */
  readonly index: number;
  readonly isNew: boolean;
  readonly isOld: boolean;
  readonly keepsTtl: boolean;
  readonly givesOld: boolean;
  readonly persists: boolean;
}

const UNITS: readonly Unit[] = ['ex', 'px', 'exat', 'pxat'];

/** Null for words that make no sense together. */
export function readExpiry(
  words: Arguments,
  { from, for: command }: { readonly from: number; readonly for: 'set' | 'getex' },
): ExpiryOptions | null {
  let unit: Unit | null = null;
  let index = 0;
  const seen = { isNew: false, isOld: false, keepsTtl: false, givesOld: false, persists: false };
  for (let i = from; i < words.count; i++) {
    const isSet = command === 'set';
    const hasUnit = unit !== null;
    const named = UNITS.find((name) => words.is(i, name));
    // The same one may come twice, and then the last holds.
    const isFree = (!hasUnit || unit === named) && !seen.keepsTtl && !seen.persists;
    if (isSet && words.is(i, 'nx') && !seen.isOld) seen.isNew = true;
    else if (isSet && words.is(i, 'xx') && !seen.isNew) seen.isOld = true;
    else if (isSet && words.is(i, 'get')) seen.givesOld = true;
    else if (isSet && words.is(i, 'keepttl') && !hasUnit) seen.keepsTtl = true;
    else if (!isSet && words.is(i, 'persist') && !hasUnit) seen.persists = true;
    else if (named !== undefined && isFree && i + 1 < words.count) {
      unit = named;
      index = ++i;
    } else return null;
  }
  return { unit, index, ...seen };
}

/**
 * When it ends by wall time, 0 for never, or an error. Redis takes times to the end of 64 bits; ours end with 2^53 ms, in
 * the year 287396, and later ones are refused like those that do not fit there.
 */
export function readDeadline(
  words: Arguments,
  { unit, index }: Pick<ExpiryOptions, 'unit' | 'index'>,
  { nowMs, name }: { readonly nowMs: number; readonly name: string },
): number | string {
  if (unit === null) return 0;
  const value = readInteger(words.view(index));
  if (value === null) return NOT_AN_INTEGER;
  const isSeconds = unit === 'ex' || unit === 'exat';
  const isRelative = unit === 'ex' || unit === 'px';
  if (value <= 0) return invalidExpire(name);
  const deadline = deadlineOf(value, { isSeconds, fromMs: isRelative ? nowMs : 0 });
  return deadline ?? invalidExpire(name);
}

/** Null where it is too far away for 64 bits, or in the future for ours. */
export function deadlineOf(
  value: number | bigint,
  { isSeconds, fromMs }: { readonly isSeconds: boolean; readonly fromMs: number },
): number | null {
  const valueMs = BigInt(value) * (isSeconds ? 1000n : 1n);
  if (!fitsInt64(valueMs)) return null;
  const exact = valueMs + BigInt(fromMs);
  if (exact > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  // One moment before our time is as good as another.
  return Math.max(Number(exact), Number.MIN_SAFE_INTEGER);
}
