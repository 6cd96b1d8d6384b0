/** Java properties files, in which ZooKeeper's configuration is written. */

/** Keys and values in order of the file; a later line of the same key replaces an earlier one. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const { key, value } = splitLine(line);
    properties.set(unescape(key), unescape(value));
  }
  return properties;
}

/** Lines without comments and blanks, joined where one ends in an odd number of backslashes. */
function* logicalLines(text: string): Iterable<string> {
  let pending: string | null = null;
  for (const raw of text.split(/\r\n|\n|\r/)) {
    const line: string = raw.trimStart();
    if (pending === null && (line === '' || line.startsWith('#') || line.startsWith('!'))) continue;
    const whole: string = (pending ?? '') + line;
    const backslashes = /\\*$/.exec(whole)?.[0].length ?? 0;
    if (backslashes % 2 === 1) {
      pending = whole.slice(0, -1);
    } else {
      pending = null;
      yield whole;
    }
  }
  if (pending !== null) yield pending;
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
