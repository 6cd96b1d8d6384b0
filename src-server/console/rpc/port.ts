/** A two-way channel of messages: a MessagePort, a WebSocket, or a pair in memory. Bytes travel as Uint8Array. */
export interface Port {
  send(message: unknown): void;
  /** Both are set once, before anything can arrive. */
  listen(listener: { onMessage(message: unknown): void; onClose(): void }): void;
  close(): void;
}
