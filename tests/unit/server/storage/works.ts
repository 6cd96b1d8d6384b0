/** A work that keeps what became of it. */
import {
  type Consistency,
  type Doubt,
  LEASE,
  type Refusal,
  type Transaction,
  type Work,
} from '../../../../src-server/storage/resp/ports.ts';

export class KeptWork implements Work {
  readonly isWrite: boolean;
  readonly consistency: Consistency;
  readonly #run: (transaction: Transaction) => void;
  outcome: 'waits' | 'done' | 'refused' | 'uncertain' = 'waits';
  hasRun = false;
  refusal: Refusal | null = null;
  doubt: Doubt | null = null;

  constructor(
    run: (transaction: Transaction) => void = () => undefined,
    traits: { readonly isWrite?: boolean; readonly consistency?: Consistency } = {},
  ) {
    this.#run = run;
    this.isWrite = traits.isWrite ?? false;
    this.consistency = traits.consistency ?? LEASE;
  }

  run(transaction: Transaction): void {
    this.hasRun = true;
    this.#run(transaction);
  }

  takeBack(): boolean {
    this.hasRun = false;
    return true;
  }

  done(): void {
    this.#end('done');
  }

  refused(refusal: Refusal): void {
    this.refusal = refusal;
    this.#end('refused');
  }

  uncertain(doubt: Doubt): void {
    this.doubt = doubt;
    this.#end('uncertain');
  }

  #end(outcome: KeptWork['outcome']): void {
    if (this.outcome !== 'waits') throw new Error(`${outcome} after ${this.outcome}`);
    this.outcome = outcome;
  }
}
