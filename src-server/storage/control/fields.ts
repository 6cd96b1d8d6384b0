/**
 * A record of the tree, read field by field: the first thing that is wrong with it is kept, in words that name the field.
 *
 * Records are JSON objects that a person can read and mend. Fields this program does not know are passed over; a record of a
 * later format is refused as a whole, so that nobody writes half of it back.
 */
import { err, ok, type Result } from '../../base/result.ts';
import { isNodeId, type NodeId } from '../ring/topology.ts';

/** Of every record in here. It grows when an older program would misread what a newer one wrote. */
export const FORMAT = 1;

/** @param build asks for the fields; what it returns counts only if every one of them was right */
export function parseRecord<T>(text: string, build: (fields: Fields) => T): Result<T, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(text === '' ? 'it is empty' : 'it is not JSON');
  }
  if (!isObject(value)) return err('it is not a JSON object');
  const fields = new Fields(value);
  const format = fields.integer('format', { min: 1 });
  if (fields.problem === null && format > FORMAT)
    return err(`its format ${format} is of a later program: this one knows ${FORMAT}`);
  const record = build(fields);
  return fields.problem === null ? ok(record) : err(fields.problem);
}

export function formatRecord(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ format: FORMAT, ...fields });
}

export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  #problem: string | null = null;

  constructor(object: Readonly<Record<string, unknown>>) {
    this.#object = object;
  }

  /** The first thing that is wrong, null for nothing. */
  get problem(): string | null {
    return this.#problem;
  }

  fail(problem: string): void {
    this.#problem ??= problem;
  }

  has(name: string): boolean {
    return this.#object[name] !== undefined && this.#object[name] !== null;
  }

  integer(name: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number {
    const value = this.number(name, { min, max });
    if (!Number.isInteger(value)) this.fail(`${name} is not a whole number`);
    return value;
  }

  number(name: string, { min = -Infinity, max = Infinity }: Range = {}): number {
    const value = this.#object[name];
    if (typeof value !== 'number') {
      this.fail(`${name} is not a number`);
      return min;
    }
    if (!(value >= min && value <= max)) this.fail(`${name} is ${value}: not ${min} to ${max}`);
    return value;
  }

  text(name: string): string {
    const value = this.#object[name];
    if (typeof value === 'string') return value;
    this.fail(`${name} is not text`);
    return '';
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.#object[name];
    const found = values.find((one) => one === value);
    if (found === undefined) this.fail(`${name} is not ${values.join(' or ')}`);
    return found ?? values[0]!;
  }

  nodeId(name: string): NodeId {
    return this.#nodeId(name, this.#object[name]);
  }

  flag(name: string): boolean {
    const value = this.#object[name];
    if (typeof value === 'boolean') return value;
    this.fail(`${name} is neither true nor false`);
    return false;
  }

  nullable<T>(name: string, read: () => T): T | null {
    return this.has(name) ? read() : null;
  }

  /** Something else where the record says nothing of it: it was written before there was anything to say. */
  given<T>(name: string, otherwise: T, read: () => T): T {
    return this.#object[name] === undefined ? otherwise : read();
  }

  /** Each of them once. */
  nodeIds(name: string): NodeId[] {
    const ids = this.#list(name).map((value) => this.#nodeId(name, value));
    if (new Set(ids).size !== ids.length) this.fail(`${name} names a node twice`);
    return ids;
  }

  integers(name: string): number[] {
    const values = this.#list(name);
    if (!values.every((value) => Number.isSafeInteger(value)))
      this.fail(`${name} holds something else than whole numbers`);
    return values as number[];
  }

  /** Lists of so many whole numbers each. */
  rows(name: string, width: number): number[][] {
    const rows = this.#list(name);
    const isRow = (row: unknown): boolean =>
      Array.isArray(row) && row.length === width && row.every((one) => Number.isSafeInteger(one));
    if (!rows.every(isRow)) this.fail(`${name} holds something else than ${width} numbers each`);
    return this.#problem === null ? (rows as number[][]) : [];
  }

  objects<T>(name: string, read: (fields: Fields) => T): T[] {
    return this.#list(name).map((value, i) => this.#nested(`${name}[${i}]`, value, read));
  }

  object<T>(name: string, read: (fields: Fields) => T): T {
    return this.#nested(name, this.#object[name], read);
  }

  #nested<T>(name: string, value: unknown, read: (fields: Fields) => T): T {
    if (!isObject(value)) this.fail(`${name} is not an object`);
    const inner = new Fields(isObject(value) ? value : {});
    const result = read(inner);
    if (inner.problem !== null) this.fail(`${name}: ${inner.problem}`);
    return result;
  }

  #list(name: string): unknown[] {
    const value = this.#object[name];
    if (Array.isArray(value)) return value;
    this.fail(`${name} is not a list`);
    return [];
  }

  #nodeId(name: string, value: unknown): NodeId {
    if (typeof value === 'string' && isNodeId(value)) return value;
    this.fail(`${name} holds something that is no node's id`);
    return '' as NodeId;
  }
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
