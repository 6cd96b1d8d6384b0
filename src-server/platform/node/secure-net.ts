/**
 * TCP with TLS.
 *
 *   dialled   TCP ── handshake ── certificate is trusted, and for the host that was dialled ── socket
 *   accepted  TCP ── first byte ┬ TLS: handshake ── certificate as asked for ───────────────── socket
 *                               └ anything else: a plain socket where both are accepted, or the end
 */
import net from 'node:net';
import tls from 'node:tls';

import {
  CertificateError,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Net,
  type Socket,
} from '../net.ts';
import type { NetSecurity } from '../tls.ts';
import { dial, established, listenFor, NodeSocket, place, plainAddress } from './net.ts';
import { TlsContext } from './tls-context.ts';
import { certificateWords, handshakeWords, tlsWords } from './tls-words.ts';

/** Connections that have not got to be sockets yet; more are sent away. */
const PENDING_MAX = 256;
/** Long enough for a busy machine, and for its peer's. */
const HANDSHAKE_MS = 30_000;
/** The first byte of a handshake. No message between members begins with it. */
const HANDSHAKE_BYTE = 0x16;

const NOT_TLS =
  'it connects without TLS; set sslQuorum=true there, or portUnification=true here while members are being changed';

export class SecureNet implements Net {
  readonly #security: NetSecurity;
  readonly #context: TlsContext;

  /** @throws NetError for keys or certificates that cannot be used */
  constructor(security: NetSecurity) {
    this.#security = security;
    this.#context = new TlsContext(security.terms);
  }

  async listen(options: ListenOptions, onSocket: (socket: Socket) => void): Promise<Listener> {
    const gate = new Gate({
      security: this.#security,
      context: this.#context,
      onSocket,
      onRefused: options.onRefused ?? (() => undefined),
    });
    const listener = await listenFor(options, (socket) => gate.admit(socket));
    return {
      port: listener.port,
      close: () => {
        gate.close();
        return listener.close();
      },
    };
  }

  async connect(options: ConnectOptions): Promise<Socket> {
    const startedMs = performance.now();
    const socket = await dial(options);
    if (this.#security.dials === 'plain') return new NodeSocket(socket);
    const timeoutMs = Math.max(1, options.timeoutMs - (performance.now() - startedMs));
    const secured = await established(
      tls.connect({
        socket,
        secureContext: this.#context.context,
        // Whether it may stay is decided below, in words.
        rejectUnauthorized: false,
        checkServerIdentity: () => undefined,
        ...(net.isIP(options.host) === 0 ? { servername: options.host } : {}),
      }),
      { ...options, timeoutMs, event: 'secureConnect', words: handshakeWords },
    );
    const problem = this.#whyNotDialled(secured, options.host);
    if (problem === null) return new NodeSocket(secured, { isSecure: true, words: tlsWords });
    secured.on('error', () => undefined);
    secured.destroy();
    throw new CertificateError(`cannot connect to ${place(options)}: ${problem}`);
  }

  #whyNotDialled(socket: tls.TLSSocket, host: string): string | null {
    if (!socket.authorized) return certificateWords(String(socket.authorizationError));
    if (!this.#security.terms.verifiesDialled) return null;
    return whyNotFor(socket.getPeerCertificate(), [host, plainAddress(socket.remoteAddress ?? '')]);
  }
}

interface GateParts {
  readonly security: NetSecurity;
  readonly context: TlsContext;
  readonly onSocket: (socket: Socket) => void;
  readonly onRefused: (from: string, reason: string) => void;
}

/** Where connections come in that are no sockets yet. */
class Gate {
  readonly #parts: GateParts;
  /** By where they come from. */
  readonly #pending = new Map<string, net.Socket>();
  readonly #server: tls.Server;
  #options: tls.SecureContextOptions;

  constructor(parts: GateParts) {
    const { context, security } = parts;
    this.#parts = parts;
    this.#options = context.options;
    this.#server = tls.createServer({
      ...this.#options,
      requestCert: security.terms.clientAuth !== 'none',
      // Whether who came may stay is decided below, in words.
      rejectUnauthorized: false,
      handshakeTimeout: HANDSHAKE_MS,
    });
    this.#server.on('secureConnection', (socket) => this.#onSecured(socket));
    this.#server.on('tlsClientError', (error, socket) =>
      this.#refuse(socket, handshakeWords(error).message),
    );
  }

  close(): void {
    for (const socket of this.#pending.values()) socket.destroy();
  }

  admit(socket: net.Socket): void {
    const origin = originOf(socket);
    if (this.#pending.size >= PENDING_MAX) {
      socket.destroy();
      return;
    }
    this.#pending.set(origin, socket);
    const { detectionTimeoutMs } = this.#parts.security.terms;
    const timer = setTimeout(() => socket.destroy(), detectionTimeoutMs);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      clearTimeout(timer);
      if (this.#pending.get(origin) === socket) this.#pending.delete(origin);
    });
    socket.once('data', (chunk: Buffer) => {
      clearTimeout(timer);
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === HANDSHAKE_BYTE) this.#secure(socket);
      else this.#onPlain(socket);
    });
  }

  #secure(socket: net.Socket): void {
    const { options } = this.#parts.context;
    if (options !== this.#options) {
      this.#options = options;
      this.#server.setSecureContext(options);
    }
    this.#server.emit('connection', socket);
  }

  #onPlain(socket: net.Socket): void {
    const { security, onSocket, onRefused } = this.#parts;
    this.#pending.delete(originOf(socket));
    if (security.accepts === 'both') {
      onSocket(new NodeSocket(socket, { isHeld: true }));
      return;
    }
    onRefused(plainAddress(socket.remoteAddress ?? ''), NOT_TLS);
    socket.destroy();
  }

  #onSecured(socket: tls.TLSSocket): void {
    this.#pending.delete(originOf(socket));
    const problem = this.#whyNot(socket);
    if (problem === null)
      this.#parts.onSocket(new NodeSocket(socket, { isSecure: true, words: tlsWords }));
    else this.#refuse(socket, problem);
  }

  #refuse(socket: tls.TLSSocket, problem: string): void {
    this.#parts.onRefused(plainAddress(socket.remoteAddress ?? ''), problem);
    socket.on('error', () => undefined);
    socket.destroy();
  }

  #whyNot(socket: tls.TLSSocket): string | null {
    const { terms, knownHosts } = this.#parts.security;
    if (terms.clientAuth === 'none') return null;
    const certificate = socket.getPeerCertificate();
    if (Object.keys(certificate).length === 0) {
      return terms.clientAuth === 'want'
        ? null
        : 'it shows no certificate; give it a key store, or do not ask for one here (clientAuth)';
    }
    if (!socket.authorized) return certificateWords(String(socket.authorizationError));
    if (!terms.verifiesDialling) return null;
    return whyNotFor(certificate, [plainAddress(socket.remoteAddress ?? ''), ...knownHosts()]);
  }
}

function originOf({ remoteAddress, remotePort }: net.Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function whyNotFor(certificate: tls.PeerCertificate, hosts: readonly string[]): string | null {
  if (hosts.some((host) => isFor(certificate, host))) return null;
  const names = certificate.subjectaltname ?? certificate.subject.CN;
  return (
    `its certificate is for ${String(names)}, and not for ${[...new Set(hosts)].join(', ')}; ` +
    'make one that names the host in the server list, or switch the check off (hostnameVerification)'
  );
}

function isFor(certificate: tls.PeerCertificate, host: string): boolean {
  if (tls.checkServerIdentity(host, certificate) === undefined) return true;
  // As Java does: the common name counts where there is no other, for addresses as well.
  return certificate.subjectaltname === undefined && certificate.subject.CN === host;
}
