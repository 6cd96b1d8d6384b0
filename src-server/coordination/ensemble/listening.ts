/** Listening on every address of a port, with patience: the member that used it before may not have let go of it yet. */
import { type HostPort, hostPortText, isEveryHost } from '../../config/ensemble-config.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import { type Listener, type Net, NetError, type Socket } from '../../platform/net.ts';

export interface ListeningOptions {
  readonly net: Net;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly addresses: readonly HostPort[];
  /** Not only on the addresses' hosts. */
  readonly onEveryInterface: boolean;
  /** How often each address is tried; 0 for ever. */
  readonly triesMax: number;
  readonly onSocket: (socket: Socket) => void;
  /** Somebody came without what is asked for here. */
  readonly onRefused: (from: string, reason: string) => void;
  /** Stops trying. */
  readonly signal: AbortSignal;
}

const PAUSE_MS = 1000;
/** Peers are few. */
const BACKLOG = 128;

/**
 * Resolves when every address is taken or given up.
 * @throws NetError when none of them could be had
 */
export async function listenEverywhere(options: ListeningOptions): Promise<Listener[]> {
  const listeners: Listener[] = [];
  const problems: NetError[] = [];
  await Promise.all(
    placesOf(options).map(async (place) => {
      try {
        listeners.push(await listenAt(place, options));
      } catch (error) {
        if (!(error instanceof NetError)) throw error;
        problems.push(error);
      }
    }),
  );
  const [problem] = problems;
  if (listeners.length === 0 && problem !== undefined) throw problem;
  return listeners;
}

interface Place {
  readonly host: string | null;
  readonly port: number;
}

function placesOf({ addresses, onEveryInterface }: ListeningOptions): Place[] {
  const places = new Map<string, Place>();
  for (const { host, port } of addresses) {
    const at = onEveryInterface || isEveryHost(host) ? null : host;
    places.set(`${at ?? ''}:${port}`, { host: at, port });
  }
  return [...places.values()];
}

async function listenAt({ host, port }: Place, options: ListeningOptions): Promise<Listener> {
  const { net, clock, logger, triesMax, signal, onSocket, onRefused } = options;
  for (let tries = 1; ; tries++) {
    try {
      const listener = await net.listen({ host, port, backlog: BACKLOG, onRefused }, onSocket);
      if (!signal.aborted) return listener;
      await listener.close();
      throw new NetError('cancelled', `listening on port ${port} was given up`);
    } catch (error) {
      if (signal.aborted || !(error instanceof NetError)) throw error;
      const isLast = triesMax > 0 && tries >= triesMax;
      logger.warn('an address of this member cannot be listened on', {
        address: hostPortText({ host: host ?? '0.0.0.0', port }),
        tries,
        why: error.message,
      });
      if (isLast) throw error;
      await pause(clock, signal);
    }
  }
}

function pause(clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(PAUSE_MS, end);
    signal.addEventListener('abort', end);
  });
}
