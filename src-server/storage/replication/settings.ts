/** What can be chosen about replication. All nodes of a ring have the same `leaseMs` and `clockDrift`. */

export interface ReplicationSettings {
  /**
   * For so long a follower follows nobody else, by its own clock. A leader that fell silent is not replaced sooner, and who
   * was started again waits as long before it leads, since it does not remember what it granted.
   */
  readonly leaseMs: number;
  /** How far a clock's rate may be from the true one, as a share. */
  readonly clockDrift: number;
  readonly beatMs: number;
  /**
   * So long an in-sync member may keep a leader waiting before it is taken out. Less than what a lease lasts, so that reads go
   * on; more than a slow disk or a collection of garbage takes.
   */
  readonly laggardMs: number;
  /** Whoever drives replicas tells the time at least so often; where it did not, it was not there to hear anybody. */
  readonly attentionMs: number;
  /** After a change that the ensemble did not take or did not answer. */
  readonly controlRetryMs: number;
  /** Entries and their bytes that may be proposed and not committed. */
  readonly windowEntries: number;
  readonly windowBytes: number;
  /** Bytes that may be on their way to one member. */
  readonly flightBytes: number;
}

export const DEFAULT_REPLICATION_SETTINGS: ReplicationSettings = {
  leaseMs: 2000,
  clockDrift: 0.05,
  beatMs: 250,
  laggardMs: 1000,
  attentionMs: 50,
  controlRetryMs: 500,
  windowEntries: 0x1_0000,
  windowBytes: 0x200_0000,
  flightBytes: 0x80_0000,
};

/** What a leader may use of a grant, by its own clock, however the two clocks run within their bounds. */
export function usableLeaseMs({ leaseMs, clockDrift }: ReplicationSettings): number {
  return (leaseMs * (1 - clockDrift)) / (1 + clockDrift);
}
