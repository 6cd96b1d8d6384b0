/** Numbers of bytes as people write them: `65536`, `64k`, `64 MiB`; units are powers of 1024. */

const UNITS = 'kmgt';

/** @returns NaN for anything else */
export function byteCount(text: string): number {
  const [, digits, unit = ''] = /^([0-9]{1,15})\s*(?:([kmgt])(?:i?b)?)?$/i.exec(text) ?? [];
  if (digits === undefined) return NaN;
  const power = unit === '' ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1;
  return Number(digits) * 2 ** (10 * power);
}
