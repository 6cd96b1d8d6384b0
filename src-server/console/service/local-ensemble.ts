/** What the console may ask of the ensemble that runs in this program, besides what any client can. */
import type { MemberState, NodeKind } from '#contract/models.ts';

export interface NodeNature {
  readonly kind: Exclude<NodeKind, 'unknown'>;
  readonly ttlMs: number | null;
}

export interface LocalEnsemble {
  readonly version: string;
  readonly dataDir: string;
  readonly state: MemberState;
  /** What clients connect to, or null while no member serves. */
  readonly connectString: string | null;
  onChange(listener: () => void): () => void;
  /** Tries a member that failed again, now. */
  retry(): void;
  /**
   * Containers and TTL nodes look like persistent ones to clients; the member knows. One answer for each path, null where
   * there is no such node. Null as a whole when no member can be asked.
   */
  natures(paths: readonly string[]): Promise<readonly (NodeNature | null)[] | null>;
}
