/** What may come in: which operations exist for clients, and how each is let through. */
import { OpCode, type OpTraits, opTraits } from '../model/ops.ts';

/**
 * The traits of an operation a client may ask for; null for codes that do not exist, that only servers use, or that only
 * stand inside a multi. Those are answered with UNIMPLEMENTED and the connection ends.
 */
export function admit(op: number): OpTraits | null {
  const traits = opTraits(op);
  if (traits === undefined || !traits.fromClients) return null;
  // A bare check would be logged as a transaction that 3.8 cannot read back.
  return op === OpCode.CHECK ? null : traits;
}
