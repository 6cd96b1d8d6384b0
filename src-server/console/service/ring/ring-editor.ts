/** The ring editor's half of the service: previews, scenarios, layout files, and the rebalance that runs. */
import type { ParamsOf, ResultOf } from '#contract/api.ts';
import { ApiError } from '#contract/errors.ts';
import type { RebalanceNow } from '#contract/rebalance-models.ts';
import type { CallContext } from '#rpc/server.ts';

import type { RingAt } from './rings.ts';

export class RingEditor {
  preview(_wish: ParamsOf<'ring.preview'>, _context: CallContext): ResultOf<'ring.preview'> {
    throw notYet();
  }

  locate(_wish: ParamsOf<'ring.locateStaged'>): ResultOf<'ring.locateStaged'> {
    throw notYet();
  }

  scenarios(_wish: ParamsOf<'ring.scenarios'>): ResultOf<'ring.scenarios'> {
    throw notYet();
  }

  exportLayout(_wish: ParamsOf<'ring.exportLayout'>): ResultOf<'ring.exportLayout'> {
    throw notYet();
  }

  importLayout(_wish: ParamsOf<'ring.importLayout'>): ResultOf<'ring.importLayout'> {
    throw notYet();
  }

  start(_order: ParamsOf<'ring.rebalance.start'>): ResultOf<'ring.rebalance.start'> {
    throw notYet();
  }

  order(
    _what: 'pause' | 'resume' | 'cancel' | 'undo',
    _order: ParamsOf<'ring.rebalance.pause'>,
  ): null {
    throw notYet();
  }

  setPace(_order: ParamsOf<'ring.rebalance.setPace'>): null {
    throw notYet();
  }

  rebalances(_at: RingAt): ResultOf<'ring.rebalances'> {
    throw notYet();
  }

  replay(_wish: ParamsOf<'ring.rebalanceReplay'>): ResultOf<'ring.rebalanceReplay'> {
    throw notYet();
  }

  follow(_at: RingAt, _send: (now: RebalanceNow) => void): () => void {
    throw notYet();
  }
}

function notYet(): ApiError {
  return new ApiError('unsupported', 'this service does not answer the ring editor');
}
