/** Paired figures: the same thing measured on both in turn, compared round by round, because machines drift. */

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly goal: Goal;
}

/** What ours ÷ theirs should reach, or what ours should by itself. */
export type Goal =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  | { readonly oursAtMost: number }
  | { readonly oursAtLeast: number };

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
}

/** The median of the rounds' ratios, ours ÷ theirs. */
export function ratio({ ours, theirs }: Row): number {
  return median(ours.map((value, i) => value / theirs[i]!));
}

export function isMet(row: Row): boolean {
  const { goal } = row;
  if ('oursAtMost' in goal) return median(row.ours) <= goal.oursAtMost;
  if ('oursAtLeast' in goal) return median(row.ours) >= goal.oursAtLeast;
  return 'atLeast' in goal ? ratio(row) >= goal.atLeast : ratio(row) <= goal.atMost;
}

export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    `${round(median(row.ours))} ${row.unit}`,
    `${round(median(row.theirs))} ${row.unit}`,
    `${ratio(row).toFixed(2)}×`,
    goalText(row.goal),
    isMet(row) ? 'met' : 'MISSED',
    spread(row),
  ]);
  const header = ['', 'ours', 'theirs', 'ratio', 'goal', '', 'ratios of the rounds'];
  const widths = header.map((title, i) =>
    Math.max(title.length, ...cells.map((line) => line[i]!.length)),
  );
  return [header, ...cells]
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function goalText(goal: Goal): string {
  if ('oursAtMost' in goal) return `ours ≤ ${goal.oursAtMost}`;
  if ('oursAtLeast' in goal) return `ours ≥ ${goal.oursAtLeast}`;
  return 'atLeast' in goal ? `≥ ${goal.atLeast}×` : `≤ ${goal.atMost}×`;
}

function spread({ ours, theirs }: Row): string {
  const ratios = ours.map((value, i) => value / theirs[i]!);
  return `${Math.min(...ratios).toFixed(2)} … ${Math.max(...ratios).toFixed(2)}`;
}

function round(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 10 ? value.toFixed(0) : value.toFixed(2);
}
