/** What checkers judge by: the history, the ledger, and the model that the ledger was played to. */
import { codeName } from '../../../src-server/coordination/model/codes.ts';
import { Failure, type FailureKind } from '../failure.ts';
import type { Call, History, VisitorRecord } from '../history.ts';
import type { Entry, Ledger } from '../ledger.ts';
import { type Expected, Model, type Version } from '../model.ts';
import type { Probes } from '../probes.ts';
import { describe, describeAnswer } from '../visitor.ts';

export interface Done {
  readonly entry: Entry;
  readonly call: Call | null;
  readonly expected: Expected;
}

export class Evidence {
  readonly history: History;
  readonly ledger: Ledger;
  readonly model = new Model();
  readonly probes: Probes;
  /** On a member on its own, reads show everything acknowledged before they were asked, whoever had asked for it. */
  readonly isAlone: boolean;
  /** From then on nothing goes wrong. */
  readonly peaceAt: number;
  /** After this at the latest, ms, whoever expires sessions knows who was heard; null where faults may keep it from that. */
  readonly touchLagMs: number | null;
  /** The one before the first of every epoch. */
  readonly initialCounter: number;
  /** Every transaction, in order. */
  readonly done: Done[] = [];
  readonly entryOf = new Map<Call, Entry>();
  readonly visitorOf = new Map<bigint, VisitorRecord>();
  /** The requests of each session by their numbers. */
  readonly callsOf = new Map<bigint, ReadonlyMap<number, Call>>();
  /** The versions a read can have seen (checkers/reads.ts). */
  readonly readVersions = new Map<Call, readonly Version[]>();
  /** The least zxid of the state that an answered call shows (checkers/reads.ts). */
  readonly proven = new Map<Call, number>();

  constructor(parts: {
    readonly history: History;
    readonly ledger: Ledger;
    readonly probes: Probes;
    readonly isAlone: boolean;
    readonly peaceAt: number;
    readonly touchLagMs: number | null;
    readonly initialCounter?: number;
  }) {
    this.history = parts.history;
    this.ledger = parts.ledger;
    this.probes = parts.probes;
    this.isAlone = parts.isAlone;
    this.peaceAt = parts.peaceAt;
    this.touchLagMs = parts.touchLagMs;
    this.initialCounter = parts.initialCounter ?? 0;
    for (const visitor of this.history.visitors) {
      if (visitor.sessionId === 0n) continue;
      this.visitorOf.set(visitor.sessionId, visitor);
      this.callsOf.set(visitor.sessionId, new Map(visitor.calls.map((call) => [call.xid, call])));
    }
  }
}

const WRITES: ReadonlySet<Call['order']['kind']> = new Set([
  'create',
  'set',
  'delete',
  'multi',
  'reconfig',
  'close',
]);

export function isWrite(call: Call): boolean {
  const { kind } = call.order;
  return WRITES.has(kind);
}

export function fail(kind: FailureKind, message: string): never {
  throw new Failure(kind, message);
}

export function nameOf(call: Call): string {
  const said = describeAnswer(call.answer);
  return `${call.visitor.name}'s request ${call.xid} (${describe(call.order)}, told ${said})`;
}

export function expectedText({ code, path, state, parts }: Expected): string {
  const words = [codeName(code)];
  if (path !== null) words.push(path);
  if (state !== null) words.push(`v${state.version}`);
  if (parts !== null) words.push(parts.map((part) => codeName(part.code)).join(' '));
  return words.join(' ');
}
