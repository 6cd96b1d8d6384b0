/** How a run can fail. Each class has an exit code of its own, so that scripts can tell them apart. */

export const FAILURE_CODES = {
  durability: 10,
  order: 11,
  results: 12,
  reads: 13,
  sessions: 14,
  watches: 15,
  liveness: 16,
  digest: 17,
  recovery: 18,
  agreement: 19,
  log: 20,
  probes: 21,
  linearizable: 22,
  epochs: 23,
  copies: 24,
  availability: 25,
  rebalance: 26,
  exception: 30,
} as const;

export type FailureKind = keyof typeof FAILURE_CODES;

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** A promise's rejection and a throw within an event both end here. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Failure('exception', text);
}
