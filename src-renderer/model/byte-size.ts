/** Sizes as people write them: `20 GiB`, `500MB`, `1.5g`, or a plain number of bytes. */

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 2 ** 10,
  kib: 2 ** 10,
  kb: 1e3,
  m: 2 ** 20,
  mib: 2 ** 20,
  mb: 1e6,
  g: 2 ** 30,
  gib: 2 ** 30,
  gb: 1e9,
  t: 2 ** 40,
  tib: 2 ** 40,
  tb: 1e12,
};

/** Null where it is no size. */
export function bytesOfText(text: string): number | null {
  const match = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? '?'];
  if (match === null || unit === undefined) return null;
  const bytes = Math.round(Number(match[1]!.replace(',', '.')) * unit);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** The shortest text that means exactly so many. */
export function textOfBytes(bytes: number): string {
  const names = ['TiB', 'GiB', 'MiB', 'KiB'] as const;
  for (const [i, name] of names.entries()) {
    const unit = 2 ** (40 - 10 * i);
    const value = bytes / unit;
    if (value >= 1 && Number.isInteger(value * 100)) return `${value} ${name}`;
  }
  return String(bytes);
}
