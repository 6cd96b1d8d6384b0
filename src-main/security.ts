/**
 * What a window may do: show our own interface, under its policy, and nothing else.
 *
 * Each rule is a refusal with a short list of exceptions, so that what nobody thought of is refused.
 */
import type { Protocol, Session, WebContents } from 'electron';

import { filePage, textPage } from '../src-server/console/transports/pages.ts';
import type { Logger } from '../src-server/platform/logger.ts';

const SCHEME = 'app';
const HOST = 'zabring';
export const START_PAGE = `${SCHEME}://${HOST}/`;

/** Before the app is ready: our scheme is an origin of its own, as safe as https. */
export function registerScheme(protocol: Pick<Protocol, 'registerSchemesAsPrivileged'>): void {
  protocol.registerSchemesAsPrivileged([
    {
      scheme: SCHEME,
      privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true },
    },
  ]);
}

/** Whether this address is a page of our interface. */
export function isOurs(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const url = new URL(address);
  return url.protocol === `${SCHEME}:` && url.host === HOST;
}

/** Gives out the interface, with the same headers a browser gets. */
export function servePages(protocol: Pick<Protocol, 'handle'>, folder: string): void {
  protocol.handle(SCHEME, async (request) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const { status, headers, body } = !isRead
      ? textPage(405, 'Pages are only read here.')
      : !isOurs(request.url)
        ? textPage(404, 'There is no such page.')
        : await filePage(folder, new URL(request.url).pathname);
    return new Response(body, { status, headers });
  });
}

/** Copying a path or a value is the one thing a page may ask the system for. */
const PERMISSIONS: ReadonlySet<string> = new Set(['clipboard-sanitized-write']);

export function refusePermissions(
  session: Pick<
    Session,
    'setPermissionRequestHandler' | 'setPermissionCheckHandler' | 'setDevicePermissionHandler'
  >,
): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    answer(PERMISSIONS.has(permission));
  });
  session.setPermissionCheckHandler((_contents, permission) => PERMISSIONS.has(permission));
  session.setDevicePermissionHandler(() => false);
}

/** Pages the interface points to; they open in the user's browser. */
const OUTSIDE: ReadonlySet<string> = new Set(['zookeeper.apache.org']);

export interface GuardOptions {
  readonly openExternal: (url: string) => void;
  readonly log: Logger;
}

/** Holds for every contents there ever is in this app. */
export function guardContents(contents: WebContents, { openExternal, log }: GuardOptions): void {
  const refuse = (what: string, url: string): void => {
    if (isKnownOutside(url)) openExternal(url);
    else log.warn(`${what} was refused`, { url });
  };
  contents.on('will-frame-navigate', (event) => {
    if (event.isMainFrame && isOurs(event.url)) return;
    event.preventDefault();
    refuse('a navigation', event.url);
  });
  contents.setWindowOpenHandler(({ url }) => {
    refuse('a new window', url);
    return { action: 'deny' };
  });
  contents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
}

function isKnownOutside(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, host, username } = new URL(address);
  return protocol === 'https:' && OUTSIDE.has(host) && username === '';
}
