/** What goes wrong and when, as it follows from a seed. Whom it meets is drawn too, from those it can meet by then. */
import { Prng } from '../../src-server/base/prng.ts';

export const FAULTS = [
  'kill',
  'blackout',
  'pause',
  'isolate',
  'cut',
  'half-cut',
  'refuse',
  'break',
  'break-clients',
  'kill-writer',
  'pause-writer',
] as const;

export type Fault = (typeof FAULTS)[number];

export interface PlannedFault {
  readonly fault: Fault;
  /** Since the one before began. */
  readonly afterMs: number;
  /** How long it lasts, for those that last. */
  readonly forMs: number;
  /** Whether it looks for the leader. */
  readonly aimsAtLeader: boolean;
  /** For whatever else is drawn. */
  readonly seed: number;
}

export interface Pace {
  readonly everyMs: number;
  /** The longest a fault lasts. */
  readonly forMaxMs: number;
}

/** Nothing happens to those that are all dead; so they are dead less often and for less long. */
const BLACKOUT_SHARE = 0.4;
const BLACKOUT_MAX_MS = 1000;

/** Without end: each kind once in some order, then any. */
export function* faultsOf(seed: number, { everyMs, forMaxMs }: Pace): Generator<PlannedFault> {
  const random = new Prng(seed);
  const first: Fault[] = [...FAULTS];
  for (;;) {
    const isFirst = first.length > 0;
    const fault = isFirst ? first.splice(random.below(first.length), 1)[0]! : random.pick(FAULTS);
    const forMs = random.between(50, random.pick([forMaxMs / 10, forMaxMs / 3, forMaxMs]));
    if (fault === 'blackout' && !isFirst && !random.chance(BLACKOUT_SHARE)) continue;
    yield {
      fault,
      afterMs: random.between(everyMs / 4, (everyMs * 7) / 4),
      forMs: fault === 'blackout' ? Math.min(forMs, BLACKOUT_MAX_MS) : forMs,
      aimsAtLeader: random.chance(0.5),
      seed: random.next(),
    };
  }
}
