/**
 * Who may use the console over the web: whoever was shown a one-time token, from the very page this server gave out.
 *
 *   /?token=… once ─▶ cookie (HttpOnly, SameSite=Strict) ─▶ every later request, and the WebSocket
 *
 * Host and Origin are compared as well, so that neither a name pointed at this machine nor a page of another site gets in.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import type { WebSessions } from './web-sessions.ts';

const SECRET_BYTES = 32;

export class WebGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #sessions: WebSessions;
  readonly #cookie: string;
  #token: string;

  /** @param options hosts: `name:port` as browsers may write it */
  constructor(options: {
    readonly hosts: readonly string[];
    readonly port: number;
    readonly sessions: WebSessions;
  }) {
    this.#hosts = new Set(options.hosts);
    this.#sessions = options.sessions;
    // Cookies do not know ports: two consoles on one machine would log each other's browsers out.
    this.#cookie = `zabring-${options.port}`;
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
    const secret = this.#secretOf(headers);
    return secret !== null && this.#sessions.has(secret);
  }

  /**
   * Takes the token, which is worth nothing afterwards.
   * @returns the cookie to set, or null for a wrong token
   */
  logIn(token: string): string | null {
    if (!isEqual(token, this.#token)) return null;
    this.#token = newSecret();
    const secret = newSecret();
    this.#sessions.add(secret);
    return `${this.#cookie}=${secret}; HttpOnly; SameSite=Strict; Path=/`;
  }

  #secretOf(headers: IncomingHttpHeaders): string | null {
    for (const part of (headers.cookie ?? '').split(';')) {
      const [name, value] = part.trim().split('=');
      if (name === this.#cookie && value !== undefined) return value;
    }
    return null;
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
