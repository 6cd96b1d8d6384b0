/** Commands by name, found from the bytes of a name in any case of letters without making a text of it. */
import { assert } from '../../base/assert.ts';

const CASE_BIT = 0x20;
const HASH_PRIME = 31;
/** Cells for each command, so that the next free one is near. */
const ROOM = 4;

export interface Named {
  /** In small letters. */
  readonly name: string;
}

export class CommandTable<Command extends Named> {
  readonly all: readonly Command[];
  readonly #cells: (Command | null)[];
  readonly #mask: number;

  constructor(commands: readonly Command[]) {
    this.all = commands;
    let size = 1;
    while (size < commands.length * ROOM) size *= 2;
    this.#mask = size - 1;
    this.#cells = new Array<Command | null>(size).fill(null);
    for (const command of commands) {
      const name = Buffer.from(command.name, 'latin1');
      assert(this.find(name, 0, name.length) === null, 'a command has one meaning');
      let cell = hashOf(name, 0, name.length) & this.#mask;
      while (this.#cells[cell] !== null) cell = (cell + 1) & this.#mask;
      this.#cells[cell] = command;
    }
  }

  find(bytes: Uint8Array, start: number, end: number): Command | null {
    let cell = hashOf(bytes, start, end) & this.#mask;
    for (;;) {
      const command = this.#cells[cell] ?? null;
      if (command === null || isName(command.name, bytes, start, end)) return command;
      cell = (cell + 1) & this.#mask;
    }
  }

  named(name: string): Command | null {
    const bytes = Buffer.from(name);
    return this.find(bytes, 0, bytes.length);
  }
}

/** The part of a command that its second word names: `client|id` for ID. */
export function partOf<Part extends Named>(
  command: { readonly name: string; readonly parts?: readonly Part[] },
  bytes: Uint8Array,
  start: number,
  end: number,
): Part | null {
  for (const part of command.parts ?? []) {
    const name = part.name.slice(command.name.length + 1);
    if (isName(name, bytes, start, end)) return part;
  }
  return null;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++)
    hash = (Math.imul(hash, HASH_PRIME) + (bytes[i]! | CASE_BIT)) | 0;
  return hash;
}

/** Names have letters and a few signs that the case bit does not change. */
function isName(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    const isLetter = byte >= 0x41 && byte <= 0x5a;
    if ((isLetter ? byte | CASE_BIT : byte) !== name.charCodeAt(i)) return false;
  }
  return true;
}
