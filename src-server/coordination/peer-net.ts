/** The net by which members reach each other: plain, or with TLS as their settings say. */
import type { Settings } from '../config/settings.ts';
import { type Net, NetError } from '../platform/net.ts';
import type { Platform } from '../platform/platform.ts';
import { configOf } from './wire/views.ts';
import type { View } from './zab/view.ts';

/**
 * @param parts views: those in force and to come; whoever has a certificate for a host in them may come from anywhere
 * @throws NetError for keys or certificates that cannot be used
 */
export function peerNet(parts: {
  readonly settings: Settings;
  readonly platform: Platform;
  readonly views: () => readonly View[];
}): Net {
  const { settings, platform, views } = parts;
  if (settings.quorumTls === null) return platform.net;
  if (platform.secureNet === undefined) throw new NetError('tls', 'there is no TLS here');
  return platform.secureNet({
    ...settings.quorumTls,
    knownHosts: () =>
      views().flatMap((view) =>
        configOf(view).servers.flatMap(({ addresses }) => addresses.map(({ host }) => host)),
      ),
  });
}
