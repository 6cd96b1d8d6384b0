/**
 * JSON laid out for reading, token by token: only the space between tokens changes, so that long numbers, escapes and
 * repeated keys stay what they are. Also the judge of whether a text is JSON at all.
 */

export type JsonOutcome =
  | { readonly ok: true; readonly formatted: string }
  | { readonly ok: false; readonly at: number; readonly problem: JsonProblem };

export type JsonProblem = 'unexpected' | 'ends-early' | 'too-deep';

/** Deeper than anybody reads; indentation beyond would be most of the text. */
const DEPTH_MAX = 200;
const INDENT = '  ';

const SPACE = /[ \t\n\r]*/y;
// Each character fits in one way only: where the end is missing there is nothing to try again, however long the string is.
const STRING = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR =
  /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)(?![\w.+-])/y;

/** What may come next. */
type Expected =
  'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

export function formatJson(text: string): JsonOutcome {
  return new Formatter(text).run();
}

class Formatter {
  readonly #text: string;
  readonly #out: string[] = [];
  /** The closing bracket of each open container. */
  readonly #open: ('}' | ']')[] = [];
  #expected: Expected = 'value';
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): JsonOutcome {
    for (;;) {
      this.#match(SPACE);
      if (this.#at === this.#text.length) {
        return this.#expected === 'nothing'
          ? { ok: true, formatted: this.#out.join('') }
          : this.#fail('ends-early');
      }
      const problem = this.#step(this.#text[this.#at]!);
      if (problem !== null) return this.#fail(problem);
    }
  }

  #step(char: string): JsonProblem | null {
    const expected = this.#expected;
    const mayEnd =
      expected === 'value-or-end' || expected === 'key-or-end' || expected === 'comma-or-end';
    if (mayEnd && char === this.#open.at(-1)) return this.#close(char, expected !== 'comma-or-end');
    switch (expected) {
      case 'value':
      case 'value-or-end':
        return this.#value(char, expected === 'value-or-end');
      case 'key':
      case 'key-or-end': {
        if (expected === 'key-or-end') this.#newLine();
        const key = this.#match(STRING);
        if (key === null) return this.#unexpected(char);
        this.#out.push(key);
        this.#expected = 'colon';
        return null;
      }
      case 'colon':
        if (char !== ':') return 'unexpected';
        this.#at++;
        this.#out.push(': ');
        this.#expected = 'value';
        return null;
      case 'comma-or-end':
        if (char !== ',') return 'unexpected';
        this.#at++;
        this.#out.push(',');
        this.#newLine();
        this.#expected = this.#open.at(-1) === '}' ? 'key' : 'value';
        return null;
      case 'nothing':
        return 'unexpected';
    }
  }

  #value(char: string, isFirst: boolean): JsonProblem | null {
    if (isFirst) this.#newLine();
    if (char === '{' || char === '[') {
      if (this.#open.length === DEPTH_MAX) return 'too-deep';
      this.#at++;
      this.#out.push(char);
      this.#open.push(char === '{' ? '}' : ']');
      this.#expected = char === '{' ? 'key-or-end' : 'value-or-end';
      return null;
    }
    const token = this.#match(char === '"' ? STRING : SCALAR);
    if (token === null) return this.#unexpected(char);
    this.#out.push(token);
    this.#afterValue();
    return null;
  }

  #close(char: string, isEmpty: boolean): null {
    this.#at++;
    this.#open.pop();
    if (!isEmpty) this.#newLine();
    this.#out.push(char);
    this.#afterValue();
    return null;
  }

  #afterValue(): void {
    this.#expected = this.#open.length === 0 ? 'nothing' : 'comma-or-end';
  }

  #newLine(): void {
    this.#out.push('\n', INDENT.repeat(this.#open.length));
  }

  /** A string that is never closed ends early; everything else is simply wrong here. */
  #unexpected(char: string): JsonProblem {
    return char === '"' && !this.#text.includes('"', this.#at + 1) ? 'ends-early' : 'unexpected';
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    if (token === undefined) return null;
    this.#at += token.length;
    return token;
  }

  #fail(problem: JsonProblem): JsonOutcome {
    return { ok: false, at: this.#at, problem };
  }
}

/** Line and column, from 1, of an offset. */
export function positionOf(
  text: string,
  at: number,
): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
