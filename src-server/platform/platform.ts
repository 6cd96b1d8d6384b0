/** The world, as a composition is handed it. Production passes the real one, the simulator another. */
import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import type { Entropy } from './entropy.ts';
import type { Logger } from './logger.ts';
import type { Net } from './net.ts';
import type { ProcessFacts } from './process-facts.ts';
import type { NetSecurity } from './tls.ts';

export interface Platform {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly net: Net;
  /**
   * The same net with protected connections; a world without it has none.
   * Throws a NetError for keys or certificates that cannot be used.
   */
  readonly secureNet?: (security: NetSecurity) => Net;
  /** A whole member of a gzip file, which may follow others; a world without it packs nothing so. */
  readonly gzip?: (bytes: Uint8Array) => Uint8Array;
  readonly entropy: Entropy;
  readonly logger: Logger;
  readonly process: ProcessFacts;
}
