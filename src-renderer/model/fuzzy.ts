/** Finding by a few letters in order, as command palettes do: the higher, the better; null where they do not all occur. */

export function fuzzyScore(query: string, text: string): number | null {
  const needle = query.toLowerCase();
  const hay = text.toLowerCase();
  if (needle === '') return 0;
  const whole = hay.indexOf(needle);
  if (whole >= 0) return 1000 - whole + (whole === 0 || isBreak(hay[whole - 1]!) ? 500 : 0);
  let score = 0;
  let at = -1;
  for (const char of needle) {
    if (char === ' ') continue;
    const next = hay.indexOf(char, at + 1);
    if (next < 0) return null;
    if (next === at + 1) score += 5;
    if (next === 0 || isBreak(hay[next - 1]!)) score += 8;
    score -= Math.min(next - at, 10);
    at = next;
  }
  return score;
}

function isBreak(char: string): boolean {
  return /[\s/·:.\-_]/.test(char);
}
