/** Reasons for which a rebalance waits, as far as there are words for them: what it waits for, and what can be done. */
export const WAIT_REASONS = [
  'too-few-nodes',
  'other-ring',
  'unreadable',
  'missing',
  'settling',
  'no-leader',
  'away',
  'too-many-away',
  'no-room',
  'backfill-limit',
  'repairs-first',
  'copying',
  'catching-up',
  'not-enough-copies',
  'hand-over-pace',
  'paused',
  'disk-full',
  'comparing',
] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

/** What passes by itself, and is told of in passing. */
const ORDINARY: readonly WaitReason[] = [
  'settling',
  'backfill-limit',
  'copying',
  'catching-up',
  'not-enough-copies',
  'hand-over-pace',
  'comparing',
];

export function isOrdinary(reason: WaitReason | null): boolean {
  return reason !== null && ORDINARY.includes(reason);
}

/** Null for a reason that a later program gives: then its own sentence stands alone. */
export function knownReason(reason: string): WaitReason | null {
  return WAIT_REASONS.find((one) => one === reason) ?? null;
}
