/** Java properties files, in which ZooKeeper's configuration is written. */

export interface Property {
  readonly key: string;
  readonly value: string;
  /** The line it begins on, counted from 1. */
  readonly line: number;
  /** The line after its last one. */
  readonly endLine: number;
}

/** Keys and values in order of the file; a later line of the same key replaces an earlier one. */
export function parseProperties(text: string): Map<string, Property> {
  const properties = new Map<string, Property>();
  for (const { text: whole, line, endLine } of logicalLines(text)) {
    const split = splitLine(whole);
    const key = unescape(split.key);
    properties.set(key, { key, value: unescape(split.value), line, endLine });
  }
  return properties;
}

/** The text without the properties of these keys, wherever they stand; comments and all else stay as they are. */
export function withoutProperties(text: string, isUnwanted: (key: string) => boolean): string {
  const lines = text.split(LINE_END);
  for (const { text: whole, line, endLine } of [...logicalLines(text)].reverse()) {
    if (isUnwanted(unescape(splitLine(whole).key))) lines.splice(line - 1, endLine - line);
  }
  return lines.join('\n');
}

const LINE_END = /\r\n|\n|\r/;

interface LogicalLine {
  readonly text: string;
  readonly line: number;
  readonly endLine: number;
}

/** Lines without comments and blanks, joined where one ends in an odd number of backslashes. */
function* logicalLines(text: string): Iterable<LogicalLine> {
  let pending: { text: string; line: number } | null = null;
  let number = 0;
  for (const raw of text.split(LINE_END)) {
    number++;
    const line: string = raw.trimStart();
    if (pending === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole: string = (pending?.text ?? '') + line;
    const first: number = pending?.line ?? number;
    const backslashes = /\\*$/.exec(whole)?.[0].length ?? 0;
    if (backslashes % 2 === 1) {
      pending = { text: whole.slice(0, -1), line: first };
    } else {
      pending = null;
      yield { text: whole, line: first, endLine: number + 1 };
    }
  }
  if (pending !== null) yield { ...pending, endLine: number + 1 };
}

/** The key ends at the first unescaped `=`, `:` or white space. */
function splitLine(line: string): { key: string; value: string } {
  const key = /^(?:\\.|[^\\=:\s])*/.exec(line)?.[0] ?? '';
  const value = line.slice(key.length).replace(/^\s*[=:]?\s*/, '');
  return { key, value: value.trimEnd() };
}

function unescape(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return ESCAPES[escaped] ?? escaped;
  });
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };
