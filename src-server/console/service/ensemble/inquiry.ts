/**
 * Asks one server about itself: what changes with every question, what is dear now and then, and what was refused no more
 * often than that, since every refusal is a line in somebody's log.
 */
import type { MemberFigures, MemberRole, MemberTrouble } from '#contract/ensemble-models.ts';

import type { Clock } from '../../../platform/clock.ts';
import { type Net, NetError } from '../../../platform/net.ts';
import { askWord } from '../server-words.ts';
import {
  type ConfigurationAnswer,
  type MonitorAnswer,
  noAnswer,
  parseConfiguration,
  parseMonitor,
  parseServer,
  type ServerAnswer,
} from './answers.ts';

/** Sizes of folders are measured for it. */
const CONFIGURATION_EVERY = 10;

/** What came of one round of questions. */
export interface Report {
  /** Of the round in which it was asked. */
  readonly round: number;
  readonly atMs: number;
  readonly role: MemberRole;
  readonly trouble: MemberTrouble | null;
  readonly detail: string | null;
  readonly refusedWords: readonly string[];
  readonly figures: MemberFigures;
  readonly answerMs: number | null;
  readonly requests: MonitorAnswer['requests'];
  /** Packets received other than the questions asked here; for servers that do not count requests. */
  readonly packets: number | null;
  readonly quorumSize: number | null;
  readonly configuration: ConfigurationAnswer | null;
}

export const NO_FIGURES: MemberFigures = {
  version: null,
  zxid: null,
  latency: null,
  connections: null,
  outstanding: null,
  nodeCount: null,
  sessions: null,
  watches: null,
  ephemerals: null,
  dataBytes: null,
  uptimeMs: null,
  openFiles: null,
  following: null,
  diskBytes: null,
};

type Word = 'srvr' | 'mntr' | 'conf' | 'isro';

export class Inquiry {
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #at: { readonly host: string; readonly port: number };
  readonly #refused = new Set<Word>();
  #configuration: ConfigurationAnswer | null = null;
  #rounds = 0;
  #asked = 0;
  /** When the questions that are under way were asked; null while none are. */
  #askedMs: number | null = null;
  #last: Report | null = null;

  constructor(parts: {
    readonly net: Net;
    readonly clock: Clock;
    readonly at: { readonly host: string; readonly port: number };
  }) {
    this.#net = parts.net;
    this.#clock = parts.clock;
    this.#at = parts.at;
  }

  /** The newest answer; null before the first. */
  get last(): Report | null {
    return this.#last;
  }

  /** How long it has been silent, ms; 0 while nothing is asked. */
  get silentMs(): number {
    return this.#askedMs === null ? 0 : this.#clock.nowMs() - this.#askedMs;
  }

  /** Asks, unless it has still to answer; never rejects. */
  async ask(round: number): Promise<void> {
    if (this.#askedMs !== null) return;
    this.#askedMs = this.#clock.nowMs();
    const isLong = this.#rounds++ % CONFIGURATION_EVERY === 0;
    if (isLong) this.#refused.clear();
    try {
      this.#last = await this.#askAll(round, isLong);
    } catch (error) {
      this.#last = this.#unanswered(round, error);
    }
    this.#askedMs = null;
  }

  async #askAll(round: number, isLong: boolean): Promise<Report> {
    const startedMs = this.#clock.nowMs();
    // One after the other, so that no question is among the connections another one counts.
    const serverText = await this.#ask('srvr');
    const answerMs = this.#clock.nowMs() - startedMs;
    const monitorText = await this.#ask('mntr');
    const server = serverText === null ? null : parseServer(serverText);
    const monitor = monitorText === null ? null : parseMonitor(monitorText);
    if (isLong && (server !== null || monitor !== null)) {
      const text = await this.#ask('conf').catch(() => null);
      this.#configuration = text === null ? null : parseConfiguration(text);
    }
    const standing =
      this.#noStanding([serverText, monitorText]) ?? (await this.#standing(server, monitor));
    return {
      round,
      atMs: this.#clock.wallMs(),
      ...standing,
      refusedWords: [...this.#refused],
      figures: {
        ...NO_FIGURES,
        ...monitor?.figures,
        ...server?.figures,
        diskBytes: this.#configuration?.diskBytes ?? null,
      },
      answerMs,
      requests: monitor?.requests ?? null,
      packets: this.#withoutQuestions(server?.received ?? null),
      quorumSize: monitor?.quorumSize ?? null,
      configuration: this.#configuration,
    };
  }

  #withoutQuestions(received: number | null): number | null {
    return received === null ? null : Math.max(0, received - this.#asked);
  }

  /** The answer's text; null where the word is switched off. */
  async #ask(word: Word): Promise<string | null> {
    if (this.#refused.has(word)) return null;
    this.#asked++;
    const text = await askWord({ net: this.#net, clock: this.#clock, at: this.#at, word });
    if (noAnswer(text) !== 'refused') return text;
    this.#refused.add(word);
    return null;
  }

  /** Of answers that say no more than that it does not serve, or nothing. */
  #noStanding(texts: readonly (string | null)[]): Standing | null {
    const answers = texts.filter((text) => text !== null).map(noAnswer);
    if (answers.includes('not-serving'))
      return { role: 'looking', trouble: 'looking', detail: null };
    if (answers.length > 0 && answers.every((answer) => answer === 'empty')) {
      const detail = 'it closed the connection without an answer';
      return { role: 'unknown', trouble: 'silent', detail };
    }
    return null;
  }

  async #standing(server: ServerAnswer | null, monitor: MonitorAnswer | null): Promise<Standing> {
    const role = roleOf(server?.mode ?? monitor?.mode ?? null);
    if (role === 'read-only') return { role, trouble: 'read-only', detail: null };
    if (role !== null) return { role, trouble: null, detail: null };
    const isro = await this.#ask('isro').catch(() => null);
    if (isro === 'null') return { role: 'looking', trouble: 'looking', detail: null };
    if (isro === 'ro') return { role: 'read-only', trouble: 'read-only', detail: null };
    return { role: 'unknown', trouble: 'words-refused', detail: null };
  }

  #unanswered(round: number, error: unknown): Report {
    const detail = error instanceof Error ? error.message : String(error);
    return {
      round,
      atMs: this.#clock.wallMs(),
      role: 'unreachable',
      trouble: troubleOf(error),
      detail,
      refusedWords: [],
      figures: NO_FIGURES,
      answerMs: null,
      requests: null,
      packets: null,
      quorumSize: null,
      configuration: this.#configuration,
    };
  }
}

type Standing = Pick<Report, 'role' | 'trouble' | 'detail'>;

function roleOf(mode: string | null): MemberRole | null {
  switch (mode) {
    case 'leader':
    case 'follower':
    case 'observer':
    case 'standalone':
    case 'read-only':
      return mode;
    default:
      return null;
  }
}

function troubleOf(error: unknown): MemberTrouble {
  if (!(error instanceof NetError)) return 'unreachable';
  if (error.code === 'refused') return 'refused';
  return error.code === 'timeout' ? 'silent' : 'unreachable';
}
