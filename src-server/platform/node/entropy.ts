/** The machine's randomness. */
import { randomBytes } from 'node:crypto';

import type { Entropy } from '../entropy.ts';

export class NodeEntropy implements Entropy {
  bytes(count: number): Uint8Array {
    return randomBytes(count);
  }

  uint32(): number {
    return randomBytes(4).readUInt32BE();
  }
}
