/**
 * `zabring ring`: plans, starts and follows rebalances from a terminal. It plans as the console does and orders at the same desk, so
 * both show the same figures and neither can do what the other could not.
 */
import fs from 'node:fs';

import type { Platform } from '../platform/platform.ts';
import type { DeskOutcome } from '../storage/control/rebalance-desk.ts';
import { progressOf } from '../storage/control/rebalance-progress.ts';
import { isOpen } from '../storage/control/rebalance-records.ts';
import { layoutOf } from '../storage/control/ring-config.ts';
import { editsToward, fileGroundsOf } from '../storage/planning/file-edits.ts';
import type { Sizes } from '../storage/planning/sizes.ts';
import { formerRuns } from '../storage/planning/speed.ts';
import { type Staged, staged } from '../storage/planning/staging.ts';
import type { Edit } from '../storage/ring/edits.ts';
import { problemText } from '../storage/ring/json-fields.ts';
import { type LayoutFile, layoutText, readLayoutFile } from '../storage/ring/layout-file.ts';
import { topologyOf } from '../storage/ring/topology.ts';
import { accessOf } from './access.ts';
import { driftLines } from './drift-text.ts';
import type { RingOptions, RingPace } from './line.ts';
import { planJson, planLines } from './plan-text.ts';
import {
  historyLines,
  outcomeText,
  pastJson,
  progressText,
  ringJson,
  ringLines,
  runLines,
  type RunParts,
} from './run-text.ts';
import { RingSession } from './session.ts';

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_REFUSED = 3;
const EXIT_ENDED_OTHERWISE = 4;

/** Whoever sits at the other side. */
export interface Terminal {
  say(line: string): void;
  /** In place of the line that was told last, where that is possible. */
  progress(line: string): void;
  complain(line: string): void;
  /** Whether the answer is yes. */
  confirm(question: string): Promise<boolean>;
}

export interface RingWorld {
  readonly platform: Platform;
  readonly terminal: Terminal;
  /** Who gives the orders, as history is to tell. */
  readonly who: string;
}

/** @returns the program's exit code */
export async function runRing(options: RingOptions, world: RingWorld): Promise<number> {
  const { terminal, platform } = world;
  const file = options.file === null ? null : layoutIn(options.file);
  if (typeof file === 'string') {
    terminal.complain(file);
    return EXIT_USAGE;
  }
  const access = accessOf(options);
  if (!access.ok) {
    terminal.complain(access.error);
    return EXIT_USAGE;
  }
  const opened = await RingSession.open({ platform, access: access.value });
  if (!opened.ok) {
    terminal.complain(opened.error);
    return EXIT_FAILED;
  }
  const session = opened.value;
  try {
    return await new RingCommand(options, world, session).run(file);
  } finally {
    await session.close();
  }
}

/** The layout, or what is wrong with the file. */
function layoutIn(file: string): LayoutFile | string {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    return `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
  const read = readLayoutFile(text);
  return read.ok ? read.value : `${file}: ${problemText(read.error)}`;
}

const FOLLOW_MS = 1000;

class RingCommand {
  readonly #options: RingOptions;
  readonly #world: RingWorld;
  readonly #session: RingSession;

  constructor(options: RingOptions, world: RingWorld, session: RingSession) {
    this.#options = options;
    this.#world = world;
    this.#session = session;
  }

  async run(file: LayoutFile | null): Promise<number> {
    const { verb, why } = this.#options;
    const { desk } = this.#session;
    const { who } = this.#world;
    switch (verb) {
      case 'plan':
        return this.#plan(file!);
      case 'apply':
        return this.#apply(file!);
      case 'export':
        return this.#export();
      case 'status':
        return this.#status();
      case 'history':
        return this.#history();
      case 'pause':
      case 'resume':
      case 'cancel':
      case 'undo':
        return this.#ended(await desk[verb](who, why), ORDERED[verb]);
      case 'pace':
        return this.#ended(await desk.setPace(this.#pace(), who), 'is at that pace now');
    }
  }

  // --- plans ---

  async #plan(file: LayoutFile): Promise<number> {
    const sizes = await this.#session.sizes();
    const one = await this.#staged(file, sizes);
    this.#show(one, sizes);
    return this.#obstaclesOf(one).length === 0 ? EXIT_DONE : EXIT_REFUSED;
  }

  async #apply(file: LayoutFile): Promise<number> {
    const { atVersion, isSure, waits, why } = this.#options;
    const { terminal, who } = this.#world;
    const sizes = await this.#session.sizes();
    const one = await this.#staged(file, sizes);
    this.#show(one, sizes);
    if (atVersion !== null && atVersion !== one.ring.version) {
      for (const line of await driftLines(this.#session, { from: atVersion, one, sizes }))
        terminal.complain(line);
      return EXIT_REFUSED;
    }
    if (one.edits.length === 0) return EXIT_DONE;
    const obstacles = this.#obstaclesOf(one);
    if (obstacles.length > 0) {
      for (const { words } of obstacles) terminal.complain(words);
      return EXIT_REFUSED;
    }
    if (!isSure && !(await terminal.confirm('Start this rebalance?'))) {
      terminal.complain('nothing was changed');
      return EXIT_REFUSED;
    }
    const { estimate } = one.figures;
    const outcome = await this.#session.desk.start({
      edits: one.edits,
      stage: one.stage,
      by: who,
      why,
      pace: this.#pace(),
      estimate:
        estimate === null ? null : { ms: estimate.ms, errorMs: estimate.mostMs - estimate.ms },
    });
    const code = this.#told(outcome, 'is started');
    return code === EXIT_DONE && waits ? this.#follow() : code;
  }

  async #staged(file: LayoutFile, sizes: Sizes): Promise<Staged> {
    const { view, config, desk } = this.#session;
    const edits: readonly Edit[] = editsToward(file, fileGroundsOf(view, config));
    const pace = this.#pace();
    return staged({ view, sizes, pace, former: formerRuns(await desk.history()) }, edits)!;
  }

  #show(one: Staged, sizes: Sizes): void {
    const { terminal } = this.#world;
    if (this.#options.asJson) {
      terminal.say(JSON.stringify(planJson(one, sizes), null, 2));
      return;
    }
    for (const line of planLines(one, this.#session.config, sizes)) terminal.say(line);
    for (const [id, why] of this.#session.silent)
      terminal.complain(`${id} does not tell its sizes: ${why}`);
  }

  /** Nothing to do is fine where it is what the file says. */
  #obstaclesOf({ obstacles, edits }: Staged): Staged['obstacles'] {
    return edits.length === 0 ? [] : obstacles;
  }

  /** As the line says, else as the rebalance that runs, else as the ring. */
  #pace(): Required<RingPace> {
    const { config, desk } = this.#session;
    const current = desk.current()?.state ?? null;
    const ofRing = {
      bytesPerSecond: config.transferBytesPerSecond,
      transfersPerNode: config.backfillsPerNode,
      isAdaptive: config.isThrottleAdaptive,
    };
    const isOfRun = this.#options.verb === 'pace' && current !== null && isOpen(current);
    const { bytesPerSecond, transfersPerNode, isAdaptive } = isOfRun ? current : ofRing;
    return { bytesPerSecond, transfersPerNode, isAdaptive, ...this.#options.pace };
  }

  // --- what there is ---

  #export(): number {
    const { config } = this.#session;
    // Nodes that are out are written with what they weigh once they are back.
    const layout = { ...layoutOf(config), topology: topologyOf(config.nodes) };
    this.#world.terminal.say(layoutText(layout).trimEnd());
    return EXIT_DONE;
  }

  async #status(): Promise<number> {
    const { view, config, desk, silent } = this.#session;
    const sizes = await this.#session.sizes();
    const current = desk.current();
    const run = current === null ? null : await this.#run(current);
    const { terminal } = this.#world;
    if (this.#options.asJson) {
      const { waits, ...progress } = run?.progress ?? { waits: [] };
      const ring = ringJson({ view, config, sizes, silent });
      const rebalance = current === null ? null : { ...pastJson(current), progress, waits };
      terminal.say(JSON.stringify({ ...ring, rebalance }, null, 2));
    } else {
      for (const line of ringLines({ view, config, sizes, silent })) terminal.say(line);
      if (run !== null) for (const line of ['', ...runLines(run)]) terminal.say(line);
    }
    return this.#options.waits && run !== null && isOpen(run.state) ? this.#follow() : EXIT_DONE;
  }

  async #history(): Promise<number> {
    const past = await this.#session.desk.history();
    const { terminal } = this.#world;
    if (this.#options.asJson) terminal.say(JSON.stringify(past.map(pastJson), null, 2));
    else for (const line of historyLines(past)) terminal.say(line);
    return EXIT_DONE;
  }

  async #run(current: NonNullable<ReturnType<RingSession['desk']['current']>>): Promise<RunParts> {
    const { record, state } = current;
    const { wallMs } = this.#session.membership;
    const live = await this.#session.live();
    return { record, state, progress: progressOf(this.#session.view, record, state, live), wallMs };
  }

  // --- orders ---

  /** What became of an order, and of the rebalance where that is waited for. */
  async #ended(outcome: DeskOutcome, words: string): Promise<number> {
    const code = this.#told(outcome, words);
    return code === EXIT_DONE && this.#options.waits ? this.#follow() : code;
  }

  #told(outcome: DeskOutcome, words: string): number {
    const { terminal } = this.#world;
    switch (outcome.kind) {
      case 'ok': {
        const what = outcome.name === '' ? 'the ring' : `rebalance ${outcome.name}`;
        if (!this.#options.asJson) terminal.say(`${what} ${words}`);
        return EXIT_DONE;
      }
      case 'refused':
      case 'conflict':
        terminal.complain(`${outcome.why}; nothing was changed`);
        return EXIT_REFUSED;
      case 'lost':
        terminal.complain(`nobody knows whether it was done (${outcome.why}): see ring status`);
        return EXIT_FAILED;
    }
  }

  /** Until it has ended. It goes on without us, whatever becomes of this program. */
  async #follow(): Promise<number> {
    const { terminal, platform } = this.#world;
    let last = '';
    for (;;) {
      const current = this.#session.desk.current();
      if (current === null) return EXIT_FAILED;
      const run = await this.#run(current);
      const text = progressText(run);
      terminal.progress(text === last ? progressText(run, true) : text);
      last = text;
      const { state } = run;
      if (!isOpen(state)) {
        terminal.say(outcomeText(state));
        const wanted = this.#options.verb === 'undo' ? 'undone' : 'done';
        return state.phase === wanted ? EXIT_DONE : EXIT_ENDED_OTHERWISE;
      }
      await new Promise<void>((resolve) => void platform.clock.after(FOLLOW_MS, resolve));
    }
  }
}

const ORDERED = {
  pause: 'is paused',
  resume: 'goes on',
  cancel: 'is cancelled: what has moved stays where it is',
  undo: 'is being undone',
} as const;
