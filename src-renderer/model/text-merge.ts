/**
 * Three-way merge by lines: what either side changed since both were the same is taken; where both changed the same place
 * differently, ours is kept and counted, for a person to look at.
 */
import { diff } from '@codemirror/merge';

export interface Merged {
  readonly text: string;
  /** Places where both sides had changed the same lines. */
  readonly conflicts: number;
}

interface Hunk {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
}

/** Null where the texts have more distinct lines than can be told apart. */
export function mergeTexts(base: string, theirs: string, mine: string): Merged | null {
  const codes = new LineCodes();
  const [baseLines, theirLines, myLines] = [linesOf(base), linesOf(theirs), linesOf(mine)];
  const encoded = [baseLines, theirLines, myLines].map((lines) => codes.encode(lines));
  const [baseCode, theirCode, myCode] = encoded;
  if (typeof baseCode !== 'string' || typeof theirCode !== 'string' || typeof myCode !== 'string')
    return null;
  const theirHunks = hunksOf(baseCode, theirCode, theirLines);
  const myHunks = hunksOf(baseCode, myCode, myLines);

  const out: string[] = [];
  let conflicts = 0;
  let at = 0;
  let [t, m] = [0, 0];
  while (t < theirHunks.length || m < myHunks.length) {
    const from = Math.min(theirHunks[t]?.from ?? Infinity, myHunks[m]?.from ?? Infinity);
    // Everything that touches belongs to one place.
    let to = from;
    const [tFrom, mFrom] = [t, m];
    for (;;) {
      const their = theirHunks[t];
      const my = myHunks[m];
      if (their !== undefined && their.from <= to) to = Math.max(to, theirHunks[t++]!.to);
      else if (my !== undefined && my.from <= to) to = Math.max(to, myHunks[m++]!.to);
      else break;
    }
    out.push(...baseLines.slice(at, from));
    const theirPart = applied(baseLines, from, to, theirHunks.slice(tFrom, t));
    const myPart = applied(baseLines, from, to, myHunks.slice(mFrom, m));
    if (m === mFrom) out.push(...theirPart);
    else out.push(...myPart);
    if (m > mFrom && t > tFrom && theirPart.join('') !== myPart.join('')) conflicts++;
    at = to;
  }
  out.push(...baseLines.slice(at));
  return { text: out.join(''), conflicts };
}

function applied(
  base: readonly string[],
  from: number,
  to: number,
  hunks: readonly Hunk[],
): string[] {
  const out: string[] = [];
  let at = from;
  for (const hunk of hunks) {
    out.push(...base.slice(at, hunk.from), ...hunk.lines);
    at = hunk.to;
  }
  out.push(...base.slice(at, to));
  return out;
}

/** Each with the line break that ends it. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function hunksOf(base: string, other: string, otherLines: readonly string[]): Hunk[] {
  return diff(base, other).map(({ fromA, toA, fromB, toB }) => ({
    from: fromA,
    to: toA,
    lines: otherLines.slice(fromB, toB),
  }));
}

/** One character for each distinct line, so that comparing characters compares lines. */
class LineCodes {
  readonly #codes = new Map<string, string>();

  encode(lines: readonly string[]): string | null {
    const out: string[] = [];
    for (const line of lines) {
      let code = this.#codes.get(line);
      if (code === undefined) {
        const number = this.#codes.size;
        // Surrogates are passed over: they mean something only in pairs.
        const unit = number < 0xd800 ? number : number + 0x800;
        if (unit > 0xffff) return null;
        code = String.fromCharCode(unit);
        this.#codes.set(line, code);
      }
      out.push(code);
    }
    return out.join('');
  }
}
