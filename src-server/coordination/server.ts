/** One member: a server on its own, or one among others, as its configuration says. */
import type { Server, ServerOptions } from './composition.ts';
import { startEnsembleServer } from './ensemble-server.ts';
import { startStandaloneServer } from './standalone-server.ts';

export type {
  EnsembleFace,
  EnsembleOptions,
  NodeNature,
  Server,
  ServerOptions,
} from './composition.ts';

/**
 * @throws JournalError for a data directory that cannot be used, NetError for a port that cannot be had, MemberError for a
 *   configuration that does not have this server
 */
export function startServer(options: ServerOptions): Promise<Server> {
  const { ensemble = null } = options;
  return ensemble === null
    ? startStandaloneServer(options)
    : startEnsembleServer({ ...options, ensemble });
}
