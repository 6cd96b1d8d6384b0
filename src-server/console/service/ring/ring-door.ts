/** A rebalance desk's door to the ensemble, over the session that the console has with a cluster anyway. */
import { ApiError } from '#contract/errors.ts';

import { type Client, ClientError } from '../../../coordination/client/client.ts';
import { Code } from '../../../coordination/model/codes.ts';
import type { Clock } from '../../../platform/clock.ts';
import type { DeskDoor } from '../../../storage/control/rebalance-desk.ts';
import { commit } from '../../../storage/control/transaction.ts';
import type { RingWatch } from './ring-watch.ts';

/** Each call goes over the session that is there then. */
export function doorOf(watch: RingWatch, clock: Clock): DeskDoor {
  const client = (): Client => {
    const present = watch.client;
    if (present === null) throw new ApiError('not-connected', 'there is no session at present');
    return present;
  };
  return {
    view: watch.known,
    paths: watch.paths,
    get wallMs() {
      return clock.wallMs();
    },
    transact: (steps) => commit(client(), steps),
    settled: () => watch.settled(),
    childrenOf: async (path) => (await client().getChildren(path)).names,
    textOf: async (path) => {
      try {
        return (await client().getData(path)).data?.toString('utf8') ?? '';
      } catch (error) {
        if (error instanceof ClientError && error.code === Code.NO_NODE) return null;
        throw error;
      }
    },
  };
}

/** Who gives the orders of this session, as the servers know them. */
export async function orderedBy(watch: RingWatch): Promise<string> {
  try {
    const identities = (await watch.client?.whoAmI()) ?? [];
    const known = identities.find(({ scheme }) => scheme !== 'ip');
    return known === undefined ? 'console' : `console (${known.scheme}:${known.user})`;
  } catch {
    // Servers before 3.7 cannot say.
    return 'console';
  }
}
