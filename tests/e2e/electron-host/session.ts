/** Schemes the app answers for, and permissions it gives: asked once for each, and told to the browser. */
import type * as Electron from 'electron';
import type { CDPSession } from 'playwright-core';

type Handler = (request: Request) => Response | Promise<Response>;
type AskPermission = Parameters<Electron.Session['setPermissionRequestHandler']>[0];
type CheckPermission = Parameters<Electron.Session['setPermissionCheckHandler']>[0];
type Permission = Parameters<NonNullable<CheckPermission>>[1];

/** Chromium's names, and what Electron calls the same. */
const PERMISSIONS: readonly (readonly [string, Permission])[] = [
  ['geolocation', 'geolocation'],
  ['notifications', 'notifications'],
  ['camera', 'media'],
  ['microphone', 'media'],
  ['midi', 'midi'],
  ['clipboard-read', 'clipboard-read'],
  ['idle-detection', 'idle-detection'],
  ['local-fonts', 'local-fonts'],
  ['window-management', 'window-management'],
];

const handlers = new Map<string, Handler>();
let isReady = false;
let ask: AskPermission = null;
let check: CheckPermission = null;

export const protocol = {
  registerSchemesAsPrivileged: (schemes: Electron.CustomScheme[]): void => {
    if (isReady) throw new Error('schemes are registered before the app is ready');
    for (const { scheme, privileges } of schemes)
      if (privileges?.standard !== true || privileges.secure !== true)
        throw new Error(`the stand-in shows ${scheme} as a secure origin, which it is not`);
  },
  handle: (scheme: string, handler: Handler): void => {
    if (!isReady) throw new Error('schemes are handled once the app is ready');
    handlers.set(`${scheme}:`, handler);
  },
};

export const defaultSession = {
  setPermissionRequestHandler: (handler: AskPermission): void => {
    ask = handler;
  },
  setPermissionCheckHandler: (handler: CheckPermission): void => {
    check = handler;
  },
  setDevicePermissionHandler: (): void => {
    // Headless there are no devices to permit.
  },
};

export function becomeReady(): void {
  isReady = true;
}

/** The app's answer to a request, or null where it answers for no such scheme. */
export async function answer(url: string, method: string): Promise<Response | null> {
  const handler = handlers.get(new URL(url).protocol);
  return handler === undefined ? null : handler(new Request(url, { method }));
}

/** A permission is given where both handlers give it; without any, Electron gives every one. */
export async function applyPermissions(
  devtools: CDPSession,
  contents: Electron.WebContents,
  origin: string,
): Promise<void> {
  for (const [name, permission] of PERMISSIONS) {
    const details = { isMainFrame: true, requestingUrl: origin };
    const isChecked = check?.(contents, permission, origin, details) ?? true;
    const isGiven = await new Promise<boolean>((resolve) => {
      if (ask === null) resolve(true);
      else ask(contents, permission, resolve, details);
    });
    const setting = isChecked && isGiven ? 'granted' : 'denied';
    await devtools.send('Browser.setPermission', { permission: { name }, setting, origin });
  }
}
