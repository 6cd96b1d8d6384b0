/**
 * Who may use the console over the web: whoever was shown a one-time token, from the very page this server gave out.
 *
 *   /?token=… once ─▶ cookie (HttpOnly, SameSite=Strict) ─▶ every later request, and the WebSocket
 *
 * Host and Origin are compared as well, so that neither a name pointed at this machine nor a page of another site gets in.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const COOKIE = 'zabring';
const SECRET_BYTES = 32;
/** Browsers logged in at the same time; the oldest is let go. */
const SESSIONS_MAX = 100;

export class WebGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #sessions: string[] = [];
  #token: string;

  /** @param options hosts: `name:port` as browsers may write it */
  constructor(options: { readonly hosts: readonly string[] }) {
    this.#hosts = new Set(options.hosts);
    this.#token = newSecret();
  }

  /** What the next browser has to show, once. */
  get token(): string {
    return this.#token;
  }

  isOurHost(headers: IncomingHttpHeaders): boolean {
    return headers.host !== undefined && this.#hosts.has(headers.host);
  }

  /** Whether a page of ours sent this, over plain HTTP on this host. */
  isOurOrigin(headers: IncomingHttpHeaders): boolean {
    return (
      headers.origin !== undefined &&
      headers.host !== undefined &&
      headers.origin === `http://${headers.host}`
    );
  }

  isLoggedIn(headers: IncomingHttpHeaders): boolean {
    const secret = cookieOf(headers);
    return secret !== null && this.#sessions.some((session) => isEqual(session, secret));
  }

  /**
   * Takes the token, which is worth nothing afterwards.
   * @returns the cookie to set, or null for a wrong token
   */
  logIn(token: string): string | null {
    if (!isEqual(token, this.#token)) return null;
    this.#token = newSecret();
    const secret = newSecret();
    this.#sessions.push(secret);
    if (this.#sessions.length > SESSIONS_MAX) this.#sessions.shift();
    return `${COOKIE}=${secret}; HttpOnly; SameSite=Strict; Path=/`;
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex');
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

function cookieOf(headers: IncomingHttpHeaders): string | null {
  for (const part of (headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=');
    if (name === COOKIE && value !== undefined) return value;
  }
  return null;
}
