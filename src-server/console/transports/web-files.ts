/** The interface's files over HTTP: nothing outside their folder, and headers that keep a page to itself. */
import fs from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';

/** The same policy the desktop window has: only what this server gave out runs, loads or is talked to. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
  });
  response.end(`${text}\n`);
}

/** Sends a file of `folder`; names with a hash in them may be kept by the browser, the rest not. */
export async function sendFile(
  response: ServerResponse,
  folder: string,
  urlPath: string,
): Promise<void> {
  const name = urlPath === '/' ? 'index.html' : urlPath.slice(1);
  const file = path.join(folder, path.normalize(decode(name)));
  const type = TYPES[path.extname(file)];
  if (!file.startsWith(folder + path.sep) || type === undefined) {
    sendText(response, 404, 'There is no such page.');
    return;
  }
  let bytes: Buffer;
  try {
    bytes = await fs.readFile(file);
  } catch {
    sendText(response, 404, 'There is no such page.');
    return;
  }
  const isHashed = urlPath.startsWith('/assets/');
  response.writeHead(200, {
    ...HEADERS,
    'Content-Type': type,
    'Content-Length': bytes.length,
    'Cache-Control': isHashed ? 'private, max-age=31536000, immutable' : 'no-store',
  });
  response.end(bytes);
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}
