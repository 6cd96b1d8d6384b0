/** Trouble with others, told once: the same again is a matter for who looks closely. */
import type { Logger } from '../../platform/logger.ts';

/** About so many others something is remembered; who is forgotten is complained of again. */
const OTHERS_MAX = 256;

export class Complaints {
  readonly #logger: Logger;
  readonly #last = new Map<number | string, string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param about a member, or where somebody comes from */
  make(about: number | string, what: string, fields: { readonly why: string }): void {
    const isKnown = this.#last.get(about) === fields.why;
    const subject = typeof about === 'number' ? { peer: about } : { from: about };
    if (isKnown) {
      this.#logger.debug(what, { ...subject, ...fields });
      return;
    }
    const oldest = this.#last.size >= OTHERS_MAX ? this.#last.keys().next() : null;
    if (oldest?.done === false) this.#last.delete(oldest.value);
    this.#last.set(about, fields.why);
    this.#logger.warn(what, { ...subject, ...fields });
  }

  /** All is well with it. */
  withdraw(about: number | string): void {
    this.#last.delete(about);
  }
}
