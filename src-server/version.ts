/** What this program calls itself, and what it tells ZooKeeper's clients it is. */
import type { Compat } from './config/settings.ts';

export const VERSION = '0.1.0';

/** Apache's releases whose behaviour is shown; clients and monitoring compare these numbers. */
const APACHE_RELEASE: Record<Compat, string> = { '3.8': '3.8.6', '3.9': '3.9.5' };

/** As `srvr` prints it: release, revision and date in Apache's places. */
export function serverVersion(compat: Compat): string {
  return `${APACHE_RELEASE[compat]}-zabring-${VERSION}, built on 2026-11-22 00:00 UTC`;
}
