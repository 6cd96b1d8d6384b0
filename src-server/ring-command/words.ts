/** Figures as people read them in a terminal, and tables of them. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** "1.5 GiB"; "unknown" for what nobody told. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return 'unknown';
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]!}`;
}

export function countText(count: number | null): string {
  return count === null ? 'unknown' : count.toLocaleString('en');
}

/** "1 h 5 min", "12 s", "0.4 s". */
export function timeText(ms: number | null): string {
  if (ms === null) return 'unknown';
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function momentText(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('T', ' ').slice(0, 19);
}

export function percentText(part: number): string {
  const percent = part * 100;
  return `${percent === 0 || percent >= 0.1 ? percent.toFixed(1) : percent.toPrecision(1)} %`;
}

/** Columns as wide as what is in them; those of numbers are put to the right. */
export function tableLines(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [] }: { readonly right?: readonly number[] } = {},
): string[] {
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  return [heads, ...rows].map((row) =>
    row
      .map((cell, i) => (right.includes(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
}
