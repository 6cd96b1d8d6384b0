/** Who may speak to the main process: the topmost frame of a window we made, as long as it shows our own interface. */
import type { IpcMainEvent, WebContents, WebFrameMain } from 'electron';

import type { Logger } from '../../src-server/platform/logger.ts';
import { isOurs } from '../security.ts';

export class Senders {
  readonly #log: Logger;
  readonly #known = new Set<WebContents>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A window of ours, from now until it is gone. */
  know(contents: WebContents): void {
    this.#known.add(contents);
    contents.once('destroyed', () => this.#known.delete(contents));
  }

  /** The frame to answer, or null for somebody who is to get no answer. */
  accept(event: Pick<IpcMainEvent, 'sender' | 'senderFrame'>): WebFrameMain | null {
    // A frame that went away or on to another page meanwhile has no one left to answer.
    const frame = event.senderFrame;
    if (frame === null) return null;
    if (this.#known.has(event.sender) && frame.parent === null && isOurs(frame.url)) return frame;
    this.#log.warn('a message from a strange frame was not read', { url: frame.url });
    return null;
  }
}
