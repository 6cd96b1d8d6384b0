/**
 * JSON in which every value remembers where it stands, for files that people write: what is wrong with a value is then told with
 * its line. `JSON.parse` forgets places, and lets a name stand twice in an object.
 */
import { err, ok, type Result } from '../../base/result.ts';

export type JsonContent =
  null | boolean | number | string | readonly JsonValue[] | ReadonlyMap<string, JsonField>;

export interface JsonValue {
  /** Where it begins in the text. */
  readonly at: number;
  readonly content: JsonContent;
}

export interface JsonField {
  /** Where its name begins. */
  readonly at: number;
  readonly value: JsonValue;
}

export interface JsonProblem {
  readonly at: number;
  readonly words: string;
}

/** Nothing that people write is deeper. */
const MAX_DEPTH = 32;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** What stands between quotes; escapes are read by `JSON.parse`, which knows them all. */
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const BYTE_ORDER_MARK = '\ufeff';

export function parseJson(text: string): Result<JsonValue, JsonProblem> {
  const reader = new Reader(text);
  try {
    return ok(reader.whole());
  } catch (error) {
    if (error instanceof Misplaced) return err({ at: error.at, words: error.message });
    throw error;
  }
}

/** Line and column, from 1. */
export function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return { line, column: at - before.lastIndexOf('\n') };
}

class Misplaced extends Error {
  readonly at: number;

  constructor(at: number, words: string) {
    super(words);
    this.at = at;
  }
}

class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0;
  }

  whole(): JsonValue {
    const value = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) this.#fail('there is more behind the end');
    return value;
  }

  #value(depth: number): JsonValue {
    this.#skip();
    const at = this.#at;
    if (depth > MAX_DEPTH) this.#fail('too many brackets within each other');
    switch (this.#text[at]) {
      case '{':
        return { at, content: this.#object(depth) };
      case '[':
        return { at, content: this.#list(depth) };
      case '"':
        return { at, content: this.#string() };
      case undefined:
        return this.#fail('it ends too early');
      default:
        return { at, content: this.#word() };
    }
  }

  #object(depth: number): ReadonlyMap<string, JsonField> {
    const fields = new Map<string, JsonField>();
    this.#at++;
    this.#skip();
    if (this.#takes('}')) return fields;
    do {
      this.#skip();
      const at = this.#at;
      if (this.#text[at] !== '"') this.#fail('here should be the name of a field, in quotes');
      const name = this.#string();
      if (fields.has(name)) throw new Misplaced(at, `${name} stands here twice`);
      this.#skip();
      if (!this.#takes(':')) this.#fail(`behind ${name} should be a colon`);
      fields.set(name, { at, value: this.#value(depth + 1) });
      this.#skip();
    } while (this.#takes(','));
    if (!this.#takes('}')) this.#fail('here should be a comma or }');
    return fields;
  }

  #list(depth: number): readonly JsonValue[] {
    const values: JsonValue[] = [];
    this.#at++;
    this.#skip();
    if (this.#takes(']')) return values;
    do {
      values.push(this.#value(depth + 1));
      this.#skip();
    } while (this.#takes(','));
    if (!this.#takes(']')) this.#fail('here should be a comma or ]');
    return values;
  }

  #string(): string {
    STRING.lastIndex = this.#at;
    const found = STRING.exec(this.#text)?.[0];
    if (found === undefined) return this.#fail('this text has no end, or holds what texts do not');
    this.#at += found.length;
    return JSON.parse(found) as string;
  }

  #word(): null | boolean | number {
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    NUMBER.lastIndex = this.#at;
    const found = NUMBER.exec(this.#text)?.[0];
    if (found === undefined) return this.#fail('here should be a value');
    this.#at += found.length;
    return Number(found);
  }

  #skip(): void {
    while (SPACES.has(this.#text[this.#at] ?? '')) this.#at++;
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #fail(words: string): never {
    throw new Misplaced(this.#at, words);
  }
}

const SPACES = new Set([' ', '\t', '\n', '\r']);
const WORDS: readonly (readonly [string, null | boolean])[] = [
  ['null', null],
  ['true', true],
  ['false', false],
];
