/** Which paths a campaign reached. A run that never expires a session says nothing about expiry, however often it passes. */

/** Sentences of the product that are a path of their own, with the probe's name. */
const SENTENCES: Readonly<Record<string, string>> = {
  'session expired': 'a session expired',
  'the last write to this log was cut off, and had not been acknowledged': 'a torn log was read',
  'the disk is nearly full; writes are refused until there is room': 'writes were refused',
  'there is room on the disk again; writes are accepted': 'writes were accepted again',
  'the log could not be made durable; this member stops': 'a sync failed',
  'files no longer needed are removed': 'old files were purged',
  'snapshot written': 'a snapshot was written',
  'this log was never begun and is removed': 'a log without beginning was removed',
  'leading: broadcast': 'a leader led',
  'this leader has no room on its disk and makes way': 'a leader made way for want of room',
  'following: broadcast': 'a follower followed',
  'observing: broadcast': 'an observer observed',
  'cut off: clients may read what is here': 'a member served read-only',
  'the counter of this epoch is used up': 'an epoch rolled over',
  'the configuration names another leader': 'a configuration named another leader',
  'proposals are not decided': 'a leader that decided nothing stepped down',
};

export class Probes {
  readonly #counts = new Map<string, number>();

  hit(name: string, by = 1): void {
    if (by > 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  said(sentence: string): void {
    const name = SENTENCES[sentence];
    if (name !== undefined) this.hit(name);
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Takes in what another run reached. */
  add(counts: Iterable<readonly [string, number]>): void {
    for (const [name, count] of counts) this.hit(name, count);
  }
}

/** Not reached by every hundred seeds. */
const RARE = [
  'a leader that decided nothing stepped down',
  'an epoch rolled over',
  'a configuration named another leader',
  'a member served read-only',
  'a learner got a DIFF of nothing',
  'a learner got a TRUNC of nothing',
  'a learner got a TRUNC and more',
  'a write from a member that was left was turned away',
  'an ensemble decided by groups',
  'a member was told where the others are',
  'a member of an undecided order was started',
  'reconfig: OK',
  'reconfig: unknown',
  'reconfig: BAD_VERSION',
  'reconfig: NEW_CONFIG_NO_QUORUM',
  'reconfig: RECONFIG_IN_PROGRESS',
  'reconfig: add done',
  'reconfig: remove done',
  'reconfig: role done',
  'reconfig: move done',
  'reconfig: replace done',
  'a leader made way for want of room',
  'a log without beginning was removed',
  'a torn log was read',
  'a sync failed',
  'writes were accepted again',
  'a learner got a TRUNC',
];

const COMMON = [
  ...Object.values(SENTENCES),
  'a call was answered',
  'a call was refused',
  'a call is unknown, and was carried out',
  'a call is unknown, and was not carried out',
  'a client came back to its session',
  'a client was told that its session expired',
  'a multi was carried out',
  'a multi was refused',
  'a compare-and-set was refused',
  'an ephemeral ended with its session',
  'a container was removed',
  'a node was removed after its time to live',
  'a vote gave way to a newer epoch',
  'a vote gave way to a longer log',
  'a vote gave way to a larger sid',
  'a session was asked for at the leader',
  'a learner got a DIFF and more',
  'a one-shot watch fired',
  'a watch was registered again and fired',
  'a persistent watch fired',
  'a recursive watch fired',
  'a member was started again',
  'a learner got a DIFF',
  'a learner got a SNAP',
].filter((name) => !RARE.includes(name));

const SEEDS_FOR_COMMON = 100;
const SEEDS_FOR_ALL = 1000;

/** What a campaign of so many seeds must have reached at least once; a short one need not have reached anything. */
export function expectedOf(seeds: number): readonly string[] {
  if (seeds >= SEEDS_FOR_ALL) return [...COMMON, ...RARE];
  return seeds >= SEEDS_FOR_COMMON ? COMMON : [];
}
