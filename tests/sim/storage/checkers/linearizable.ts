/** I1, I6, I11: what clients were told of each key is what one key would have told them. */
import { Failure } from '../../failure.ts';
import type { Call, History } from '../history.ts';
import { whyNoMortal, whyTooStale } from './ages.ts';
import { whyNoRegister } from './registers.ts';
import { whyNoCounter, whyNoList } from './sequences.ts';

export function checkLinearizable(history: History): void {
  for (const [key, calls] of history.byKey()) {
    const fresh = calls.filter(({ verb }) => verb !== 'stale');
    const why = (fresh.length > 0 ? whyWrong(fresh) : null) ?? whyTooStale(calls);
    if (why !== null) throw new Failure('linearizable', `${key}: ${why}`);
  }
}

function whyWrong(calls: readonly Call[]): string | null {
  switch (calls[0]!.kind) {
    case 'register':
    case 'pair':
      return whyNoRegister(calls);
    case 'mortal':
      return whyNoMortal(calls);
    case 'counter':
      return whyNoCounter(calls);
    case 'list':
      return whyNoList(calls);
  }
}
