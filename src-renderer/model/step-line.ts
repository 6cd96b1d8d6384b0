/** A figure that changes step by step, such as what a disk holds while a plan is carried out: as an area and a line. */

export interface StepLine {
  readonly line: string;
  readonly area: string;
}

/** @param most what the full height stands for */
export function stepLineOf(
  values: ArrayLike<number>,
  {
    width,
    height,
    most,
  }: { readonly width: number; readonly height: number; readonly most: number },
): StepLine {
  const count = values.length;
  if (count === 0 || most <= 0) return { line: '', area: '' };
  const y = (value: number): number => round(height - (Math.min(value, most) / most) * height);
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    const top = y(values[i]!);
    // A run of equal steps is one stroke.
    const isSame = i > 0 && top === y(values[i - 1]!);
    if (!isSame) parts.push(i === 0 ? `M0 ${top}` : `V${top}`);
    const isRun = i + 1 < count && y(values[i + 1]!) === top;
    if (!isRun) parts.push(`H${round(((i + 1) / count) * width)}`);
  }
  const line = parts.join('');
  return { line, area: `${line}V${height}H0Z` };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
