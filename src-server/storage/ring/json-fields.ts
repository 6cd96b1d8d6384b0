/**
 * Fields of JSON that people write, each knowing its place and what it is called, so that the first thing that is wrong is told as
 * "line 12, nodes[2].weight".
 */
import { err, ok, type Result } from '../../base/result.ts';
import {
  type JsonContent,
  type JsonField,
  type JsonValue,
  parseJson,
  placeOf,
} from './json-places.ts';

export interface FileProblem {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `nodes[2].weight`; empty for the file as a whole. */
  readonly field: string;
  readonly words: string;
}

/** @param build asks for fields; the first one it refuses is the problem */
export function readJson<T>(text: string, build: (file: Place) => T): Result<T, FileProblem> {
  const parsed = parseJson(text);
  if (!parsed.ok) {
    const { at, words } = parsed.error;
    return err({ ...placeOf(text, at), field: '', words: `it is not JSON: ${words}` });
  }
  try {
    return ok(build(new Place(parsed.value, '')));
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return err({ ...placeOf(text, error.at), field: error.field, words: error.message });
  }
}

/** "line 12, nodes[2].weight: is not a number" */
export function problemText({ line, field, words }: FileProblem): string {
  return `line ${line}${field === '' ? '' : `, ${field}`}: ${words}`;
}

class Wrong extends Error {
  readonly at: number;
  readonly field: string;

  constructor(at: number, field: string, words: string) {
    super(words);
    this.at = at;
    this.field = field;
  }
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A value of the file, and what its field is called. */
export class Place {
  readonly #value: JsonValue;
  readonly #name: string;

  constructor(value: JsonValue, name: string) {
    this.#value = value;
    this.#name = name;
  }

  fail(words: string): never {
    throw new Wrong(this.#value.at, this.#name, words);
  }

  /** Refuses fields of other names. */
  knows(names: readonly string[]): void {
    for (const [name, { at }] of this.#object())
      if (!names.includes(name))
        throw new Wrong(at, this.#within(name), `is no field here: ${names.join(', ')}`);
  }

  field(name: string): Place | null {
    const field = this.#object().get(name);
    return field === undefined ? null : new Place(field.value, this.#within(name));
  }

  need(name: string): Place {
    return this.field(name) ?? this.fail(`${name} is missing`);
  }

  fields(): { readonly name: string; readonly place: Place }[] {
    return [...this.#object()].map(([name, { value }]) => ({
      name,
      place: new Place(value, this.#within(name)),
    }));
  }

  list(): Place[] {
    const { content } = this.#value;
    if (!isList(content)) return this.fail('is not a list');
    return content.map((value, i) => new Place(value, `${this.#name}[${i}]`));
  }

  orNull<T>(read: () => T): T | null {
    return this.content === null ? null : read();
  }

  text(): string {
    const { content } = this.#value;
    return typeof content === 'string' ? content : this.fail('is not a text');
  }

  number({ min, max }: Range): number {
    const { content } = this.#value;
    if (typeof content !== 'number') return this.fail('is not a number');
    if (!(content >= min && content <= max)) this.fail(`${content} is not from ${min} to ${max}`);
    return content;
  }

  whole(range: Range): number {
    const number = this.number(range);
    return Number.isInteger(number) ? number : this.fail(`${number} is not a whole number`);
  }

  oneOf<T extends string>(values: readonly T[]): T {
    const text = this.text();
    return values.find((value) => value === text) ?? this.fail(`is not ${values.join(' or ')}`);
  }

  get content(): JsonContent {
    return this.#value.content;
  }

  #object(): ReadonlyMap<string, JsonField> {
    const { content } = this.#value;
    return content instanceof Map
      ? (content as ReadonlyMap<string, JsonField>)
      : this.fail('is not an object');
  }

  #within(name: string): string {
    return this.#name === '' ? name : `${this.#name}.${name}`;
  }
}

function isList(content: JsonContent): content is readonly JsonValue[] {
  return Array.isArray(content);
}
