/**
 * The interface's files as pages: nothing outside their folder, and headers that keep a page to itself. The same for a
 * browser over HTTP and for the desktop's window over its own scheme.
 */
import fs from 'node:fs/promises';
import path from 'node:path';

export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Only what this program gave out runs, loads or is talked to. */
const CONTENT_SECURITY_POLICY = [
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

export function textPage(status: number, text: string): Page {
  return {
    status,
    headers: {
      ...HEADERS,
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
    },
    body: new TextEncoder().encode(`${text}\n`),
  };
}

/** A file of `folder`; names with a hash in them may be kept by whoever asks, the rest not. */
export async function filePage(folder: string, urlPath: string): Promise<Page> {
  const name = urlPath === '/' ? 'index.html' : urlPath.slice(1);
  const file = path.join(folder, path.normalize(decode(name)));
  const type = TYPES[path.extname(file)];
  if (!file.startsWith(folder + path.sep) || type === undefined) return missingPage();
  let body: Buffer<ArrayBuffer>;
  try {
    body = await fs.readFile(file);
  } catch {
    return missingPage();
  }
  const isHashed = urlPath.startsWith('/assets/');
  return {
    status: 200,
    headers: {
      ...HEADERS,
      'Content-Type': type,
      'Content-Length': String(body.length),
      'Cache-Control': isHashed ? 'private, max-age=31536000, immutable' : 'no-store',
    },
    body,
  };
}

function missingPage(): Page {
  return textPage(404, 'There is no such page.');
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return '';
  }
}
