/** How figures moved: one sample a second for the last ten minutes, no more than that. */
import type { EnsembleSample, MemberSample } from '#contract/ensemble-models.ts';

import { counterOf, epochOf, zxidOf } from '../../../base/zxid.ts';
import type { Report } from './inquiry.ts';

const SAMPLES_MAX = 600;

export class Samples {
  readonly #kept: EnsembleSample[] = [];
  /** How many were ever taken; the last of them are kept. */
  #count = 0;

  /** The count to ask with next time, and those taken since. */
  since(count: number): { readonly samples: readonly EnsembleSample[]; readonly count: number } {
    const missing = Math.min(this.#count - count, this.#kept.length);
    return {
      samples: missing === 0 ? [] : this.#kept.slice(-missing),
      count: this.#count,
    };
  }

  add(sample: EnsembleSample): void {
    this.#kept.push(sample);
    this.#count++;
    // A few hundred references move once a second: nothing beside what made the sample.
    if (this.#kept.length > SAMPLES_MAX) this.#kept.shift();
  }
}

/** What happened between two reports of one server. */
export function sampleOf(key: string, before: Report | null, now: Report): MemberSample {
  const { outstanding, connections } = now.figures;
  return {
    key,
    outstanding,
    connections,
    ...(before === null ? NOTHING_YET : rates(before, now)),
  };
}

const NOTHING_YET = { requestsPerS: null, latencyMs: null, txnsPerS: null } as const;

function rates(
  before: Report,
  now: Report,
): Pick<MemberSample, 'requestsPerS' | 'latencyMs' | 'txnsPerS'> {
  const seconds = (now.atMs - before.atMs) / 1000;
  if (seconds <= 0) return NOTHING_YET;
  const answered = difference(before.requests?.count ?? null, now.requests?.count ?? null);
  const tookMs = difference(before.requests?.sumMs ?? null, now.requests?.sumMs ?? null);
  const packets = difference(before.packets, now.packets);
  const requests = answered ?? packets;
  return {
    requestsPerS: requests === null ? null : requests / seconds,
    latencyMs: answered === null || answered === 0 || tookMs === null ? null : tookMs / answered,
    txnsPerS: txnsPerS(before, now, seconds),
  };
}

/** Null as well where it went back: the server was started anew, or its counters were. */
function difference(before: number | null, now: number | null): number | null {
  if (before === null || now === null || now < before) return null;
  return now - before;
}

/** Within one epoch; between two of them nobody can say how many there were. */
function txnsPerS(before: Report, now: Report, seconds: number): number | null {
  if (before.figures.zxid === null || now.figures.zxid === null) return null;
  const [from, to] = [zxidOf(before.figures.zxid), zxidOf(now.figures.zxid)];
  if (epochOf(from) !== epochOf(to) || to < from) return null;
  return (counterOf(to) - counterOf(from)) / seconds;
}
