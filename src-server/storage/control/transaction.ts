/**
 * A write to the ensemble that happens whole or not at all, and what became of it.
 *
 * "lost" is an answer of its own: the connection broke, or nobody answered, and the write may or may not have been made. Who
 * writes against versions may look again and try again; nobody may take it for a refusal.
 */
import { type Client, ClientError, type Step } from '../../coordination/client/client.ts';
import { Code, codeName } from '../../coordination/model/codes.ts';

/** The most steps that go into one write. */
export const STEPS_MAX = 200;

export type Outcome =
  /** @property versions of each step's znode afterwards; null where the step leaves none */
  | { readonly kind: 'ok'; readonly versions: readonly (number | null)[] }
  /** Somebody else was first: a version, or the being there of a znode, was not as `at`, the first such step, has it. */
  | { readonly kind: 'conflict'; readonly at: number; readonly why: string }
  | { readonly kind: 'lost'; readonly why: string };

const RACES: ReadonlySet<number> = new Set([
  Code.BAD_VERSION,
  Code.NO_NODE,
  Code.NODE_EXISTS,
  Code.NOT_EMPTY,
]);

/** @throws ClientError when the ensemble refuses it for good: no permission, a broken request */
export async function commit(client: Client, steps: readonly Step[]): Promise<Outcome> {
  // Waiting in a queue for a connection would let the write come when nobody counts with it any more.
  if (client.state.kind !== 'connected') return { kind: 'lost', why: 'no connection' };
  try {
    const results = await client.multi(steps);
    const at = results.findIndex(
      ({ code }) => code !== Code.OK && code !== Code.RUNTIME_INCONSISTENCY,
    );
    if (at < 0) return { kind: 'ok', versions: results.map(({ stat }) => stat?.version ?? null) };
    const { code } = results[at]!;
    const step = steps[at]!;
    const why = `${step.kind} ${step.path}: ${codeName(code)}`;
    if (!RACES.has(code)) throw new ClientError(code as Code, step.path);
    return { kind: 'conflict', at, why };
  } catch (error) {
    if (error instanceof ClientError && LOSSES.has(error.code))
      return { kind: 'lost', why: error.message };
    throw error;
  }
}

const LOSSES: ReadonlySet<number> = new Set([
  Code.CONNECTION_LOSS,
  Code.REQUEST_TIMEOUT,
  Code.SESSION_EXPIRED,
  Code.SESSION_MOVED,
  Code.OPERATION_TIMEOUT,
]);
