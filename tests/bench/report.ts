/** The figures of one run: shown while they come, printed as a table, kept in `results.json`. */
import fs from 'node:fs';
import path from 'node:path';

import { type Goal, isMet, ratio, type Row, table } from './figures.ts';

const RESULTS = path.join(import.meta.dirname, 'results.json');

export interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly goal: Goal;
}

export class Report {
  readonly rounds: number;
  readonly #only: string;
  readonly #rows: Row[] = [];

  /** @param options only: a part of the names of what is wanted; empty for all */
  constructor(options: { readonly rounds: number; readonly only: string }) {
    this.rounds = options.rounds;
    this.#only = options.only;
  }

  isWanted({ name }: Pick<Measure, 'name'>): boolean {
    return name.includes(this.#only);
  }

  /** Measures both sides in turn, round by round; nothing where nobody asked for it. */
  async pairs(
    measure: Measure,
    sides: { readonly ours: () => Promise<number>; readonly theirs: () => Promise<number> },
  ): Promise<void> {
    if (!this.isWanted(measure)) return;
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < this.rounds; round++) {
      ours.push(await sides.ours());
      theirs.push(await sides.theirs());
      process.stdout.write(`\r${measure.name.padEnd(36)} round ${ours.length} of ${this.rounds}`);
    }
    this.add({ ...measure, ours, theirs });
  }

  add(row: Row): void {
    if (!this.isWanted(row)) return;
    this.#rows.push(row);
    process.stdout.write(`\r${row.name.padEnd(36)} ${ratio(row).toFixed(2)}×              \n`);
  }

  /** @returns whether every goal is met */
  print(): boolean {
    process.stdout.write(`\n${table(this.#rows)}\n`);
    return this.#rows.every(isMet);
  }

  /** The newest figures of each row beside this file, with the machine they were made on. */
  keep(machine: string, versions: string): void {
    const known = fs.existsSync(RESULTS)
      ? (JSON.parse(fs.readFileSync(RESULTS, 'utf8')) as { rows: Record<string, unknown> })
      : { rows: {} };
    for (const row of this.#rows) {
      known.rows[row.name] = {
        unit: row.unit,
        goal: row.goal,
        ratio: Number(ratio(row).toFixed(3)),
        ours: row.ours.map((value) => Number(value.toFixed(3))),
        theirs: row.theirs.map((value) => Number(value.toFixed(3))),
        machine,
        versions,
        at: new Date().toISOString().slice(0, 10),
      };
    }
    fs.writeFileSync(RESULTS, `${JSON.stringify(known, null, 2)}\n`);
  }
}
