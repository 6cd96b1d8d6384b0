/** What one connection, and the server as a whole, have done: the figures of `cons`, `stat`, `srvr` and `mntr`. */
import type { Counter, Metrics, Summary } from '../../platform/metrics.ts';

export class ConnectionStats {
  received = 0;
  sent = 0;
  lastOperation = 'NA';
  lastCxid = -1;
  lastZxid = -1;
  lastResponseMs = 0;
  lastLatencyMs = 0;
  minLatencyMs = Infinity;
  maxLatencyMs = 0;
  #count = 0;
  #totalLatencyMs = 0;

  get averageLatencyMs(): number {
    return this.#count === 0 ? 0 : this.#totalLatencyMs / this.#count;
  }

  answered(word: string, cxid: number, zxid: number, nowMs: number, latencyMs: number): void {
    this.lastOperation = word;
    this.lastCxid = cxid;
    this.lastZxid = zxid;
    this.lastResponseMs = nowMs;
    this.lastLatencyMs = latencyMs;
    if (latencyMs < this.minLatencyMs) this.minLatencyMs = latencyMs;
    if (latencyMs > this.maxLatencyMs) this.maxLatencyMs = latencyMs;
    this.#totalLatencyMs += latencyMs;
    this.#count++;
  }

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.lastOperation = 'NA';
    this.lastCxid = -1;
    this.lastZxid = -1;
    this.lastResponseMs = 0;
    this.lastLatencyMs = 0;
    this.minLatencyMs = Infinity;
    this.maxLatencyMs = 0;
    this.#count = 0;
    this.#totalLatencyMs = 0;
  }
}

export class ServerStats {
  received = 0;
  sent = 0;
  readonly readLatency: Summary;
  readonly updateLatency: Summary;
  readonly bytesReceived: Counter;
  readonly responseBytes: Counter;
  readonly connectionRequests: Counter;
  readonly connectionsRejected: Counter;
  readonly connectionsRevalidated: Counter;
  readonly authFailures: Counter;
  readonly sessionlessExpired: Counter;
  #minLatencyMs = Infinity;
  #maxLatencyMs = 0;
  #totalLatencyMs = 0;
  #count = 0;

  constructor(metrics: Metrics) {
    this.readLatency = metrics.summary('readlatency');
    this.updateLatency = metrics.summary('updatelatency');
    this.bytesReceived = metrics.counter('bytes_received_count');
    this.responseBytes = metrics.counter('response_bytes');
    this.connectionRequests = metrics.counter('connection_request_count');
    this.connectionsRejected = metrics.counter('connection_rejected');
    this.connectionsRevalidated = metrics.counter('connection_revalidate_count');
    this.authFailures = metrics.counter('auth_failed_count');
    this.sessionlessExpired = metrics.counter('sessionless_connections_expired');
  }

  get minLatencyMs(): number {
    return this.#count === 0 ? 0 : this.#minLatencyMs;
  }

  get maxLatencyMs(): number {
    return this.#maxLatencyMs;
  }

  get averageLatencyMs(): number {
    return this.#count === 0 ? 0 : this.#totalLatencyMs / this.#count;
  }

  answered(kind: 'read' | 'write', latencyMs: number): void {
    if (kind === 'read') this.readLatency.add(latencyMs);
    else this.updateLatency.add(latencyMs);
    if (latencyMs < this.#minLatencyMs) this.#minLatencyMs = latencyMs;
    if (latencyMs > this.#maxLatencyMs) this.#maxLatencyMs = latencyMs;
    this.#totalLatencyMs += latencyMs;
    this.#count++;
  }

  reset(): void {
    this.received = 0;
    this.sent = 0;
    this.#minLatencyMs = Infinity;
    this.#maxLatencyMs = 0;
    this.#totalLatencyMs = 0;
    this.#count = 0;
  }
}
