/** Statements that must be true. They stay on in production; a false one means the program is wrong, not the world. */

export class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed';
}

/**
 * The message is a constant: building text before the condition failed costs more than the check itself.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}

/** The end of a switch over a union that handles every member. */
export function unreachable(value: never): never {
  throw new AssertionFailed(`unreachable value: ${String(value)}`);
}
