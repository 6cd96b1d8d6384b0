/** Seed after seed on one pair of servers, until one makes them differ. */
import type { Compat } from '../../../src-server/config/settings.ts';
import { compare, type Differences, hasDrifted, type KnownDifference } from './compare.ts';
import { generate } from './generate.ts';
import { KNOWN_DIFFERENCES } from './known-differences.ts';
import { play, type Transcript } from './play.ts';
import type { Script } from './script.ts';
import { type Pair, startPair } from './servers.ts';

export interface Comparison {
  readonly script: Script;
  readonly theirs: Transcript;
  readonly ours: Transcript;
  readonly differences: Differences;
}

export class Rounds {
  readonly #compat: Compat;
  /** As 3.8 there are none. */
  readonly #known: readonly KnownDifference[];
  #pair: Pair;
  #plays = 0;

  private constructor(compat: Compat, pair: Pair) {
    this.#compat = compat;
    this.#known = compat === '3.8' ? [] : KNOWN_DIFFERENCES;
    this.#pair = pair;
  }

  static async begin(compat: Compat): Promise<Rounds> {
    return new Rounds(compat, await startPair(compat));
  }

  stop(): Promise<void> {
    return this.#pair.stop();
  }

  seed(seed: number): Promise<Comparison> {
    return this.compare(generate(seed, { ipv6: this.#compat === '3.8' }));
  }

  async compare(script: Script): Promise<Comparison> {
    for (let isFresh = false; ; isFresh = true) {
      const name = `p${++this.#plays}`;
      const [theirs, ours] = await Promise.all([
        play(this.#pair.theirs, script, { name }),
        play(this.#pair.ours, script, { name }),
      ]);
      // Fresh servers that are not alike differ by themselves.
      if (isFresh || !hasDrifted(theirs, ours))
        return { script, theirs, ours, differences: compare(theirs, ours, this.#known) };
      // An earlier difference has left the shared nodes or the zxids apart.
      await this.#pair.stop();
      this.#pair = await startPair(this.#compat);
    }
  }
}
