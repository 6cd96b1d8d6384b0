/**
 * A node's name on the ring: `nodes/<id>` as long as its session lasts, and `members/<id>` for good.
 *
 * There is one node of a name at a time. What an earlier start of this node left behind is taken over; a later start is left
 * alone, and this one is told that it was replaced. Whenever the name is found missing, or telling something else, it is set
 * right again.
 */
import { sessionHex, sessionId } from '../../base/ids.ts';
import { type Client, ClientError, type Step } from '../../coordination/client/client.ts';
import { Code } from '../../coordination/model/codes.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { KeptView } from './kept-view.ts';
import { znodeOf } from './mirror.ts';
import type { RingPaths } from './paths.ts';
import { formatNode, type NodeRecord, parseNode } from './records.ts';
import { commit } from './transaction.ts';

export type RegistrationState =
  | { readonly kind: 'none' | 'pending' | 'registered' }
  /** Somebody else has the name. It is tried again when that one is gone. */
  | { readonly kind: 'refused'; readonly why: string };

export interface RegistrationOptions {
  readonly paths: RingPaths;
  readonly view: KeptView;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onState: (state: RegistrationState) => void;
  /** The ring remembers this start of the node, or a later one, from another folder. It is asked to register anew. */
  readonly onFormerStart: (incarnation: number) => void;
}

const RETRY_MS = 200;

export class Registration {
  readonly #options: RegistrationOptions;
  readonly #stopListening: () => void;
  #wanted: NodeRecord | null = null;
  #client: Client | null = null;
  /** Sessions that this process has had: what they left is its own. */
  readonly #sessions = new Set<string>();
  /** What the ensemble was told in the present session. */
  #told: string | null = null;
  #areFoldersThere = false;
  #isBusy = false;
  /** Somebody asked to look again while it was busy. */
  #isAsked = false;
  #isClosed = false;
  #retry: Timer | null = null;
  #state: RegistrationState = { kind: 'none' };

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#stopListening = options.view.onChange((change) => {
      if (change.areNodesChanged || change.isConnectionChanged || change.isWhole) this.#look();
    });
  }

  get state(): RegistrationState {
    return this.#state;
  }

  want(node: NodeRecord): void {
    this.#wanted = node;
    if (this.#state.kind === 'none') this.#setState({ kind: 'pending' });
    this.#look();
  }

  /** There is a new client: nothing is registered in its session yet. */
  use(client: Client): void {
    this.#client = client;
    this.#told = null;
    this.#areFoldersThere = false;
    if (this.#wanted !== null) this.#setState({ kind: 'pending' });
    this.#look();
  }

  /** From now on the name is not wanted, and it is taken off as far as somebody can be asked to. */
  async withdraw(): Promise<void> {
    const id = this.#wanted?.id;
    this.#wanted = null;
    this.#setState({ kind: 'none' });
    if (id === undefined || this.#client === null || this.#told === null) return;
    this.#told = null;
    const path = this.#options.paths.node(id);
    await commit(this.#client, [{ kind: 'delete', path, version: -1 }]);
  }

  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#stopListening();
  }

  #look(): void {
    const { view } = this.#options;
    if (this.#wanted === null || this.#client === null || this.#isClosed) return;
    if (!view.isConnected || this.#isTold(this.#wanted)) return;
    this.#isAsked = true;
    if (!this.#isBusy) void this.#settle();
  }

  #isTold(wanted: NodeRecord): boolean {
    const known = this.#options.view.nodes.get(wanted.id);
    const text = formatNode(wanted);
    return this.#told === text && known !== undefined && formatNode(known) === text;
  }

  async #settle(): Promise<void> {
    this.#isBusy = true;
    try {
      while (this.#isAsked && this.#wanted !== null && !this.#isClosed) {
        this.#isAsked = false;
        await this.#register(this.#client!, this.#wanted);
      }
    } catch (error) {
      this.#options.logger.warn('the node could not be registered', { why: String(error) });
      this.#retryLater();
    } finally {
      this.#isBusy = false;
    }
  }

  #retryLater(): void {
    this.#retry?.cancel();
    this.#retry = this.#options.clock.after(RETRY_MS, () => this.#look());
  }

  async #register(client: Client, wanted: NodeRecord): Promise<void> {
    const { paths, logger } = this.#options;
    const session = sessionHex(sessionId(client.sessionId));
    this.#sessions.add(session);
    if (!this.#areFoldersThere) await this.#makeFolders(client);
    const text = formatNode(wanted);
    const data = Buffer.from(text);
    const path = paths.node(wanted.id);
    const found = await find(client, path);
    const steps: Step[] = [];
    if (found?.session === session) {
      if (found.text !== text) steps.push({ kind: 'set', path, data, version: found.version });
    } else {
      const holder = found === null ? null : this.#whyTaken(found, wanted);
      if (holder !== null) {
        this.#told = null;
        this.#setState({ kind: 'refused', why: holder });
        return;
      }
      if (found !== null) steps.push({ kind: 'delete', path, version: found.version });
      steps.push({ kind: 'create', path, data, options: { mode: 'ephemeral' } });
    }
    const memberPath = paths.member(wanted.id);
    const member = await find(client, memberPath);
    const former = member === null ? null : formerStart(member.text, wanted);
    if (former !== null) {
      this.#options.onFormerStart(former);
      return;
    }
    if (member === null) steps.push({ kind: 'create', path: memberPath, data });
    else if (member.text !== text)
      steps.push({ kind: 'set', path: memberPath, data, version: member.version });
    const outcome = steps.length === 0 ? ({ kind: 'ok' } as const) : await commit(client, steps);
    if (client !== this.#client) return;
    if (outcome.kind !== 'ok') {
      logger.debug('the registration has to be tried again', { why: outcome.why });
      this.#retryLater();
      return;
    }
    this.#told = text;
    this.#setState({ kind: 'registered' });
  }

  /** Null for a name that may be taken: what an earlier start, or an earlier session of this one, left behind. */
  #whyTaken(found: { text: string; session: string }, wanted: NodeRecord): string | null {
    if (this.#sessions.has(found.session)) return null;
    const record = parseNode(found.text);
    if (!record.ok) return `somebody has the name ${wanted.id}, and ${record.error}`;
    const { incarnation, address, peerPort } = record.value;
    if (incarnation < wanted.incarnation) return null;
    const start = incarnation === wanted.incarnation ? 'the same' : 'a later';
    return `a process with ${start} start of node ${wanted.id} is there, at ${address}:${peerPort}`;
  }

  async #makeFolders(client: Client): Promise<void> {
    for (const folder of this.#options.paths.folders) {
      if ((await client.exists(folder)) !== null) continue;
      try {
        await client.create(folder, null);
      } catch (error) {
        // Another node makes them at the same time.
        if (!(error instanceof ClientError && error.code === Code.NODE_EXISTS)) throw error;
      }
    }
    this.#areFoldersThere = true;
  }

  #setState(state: RegistrationState): void {
    const { kind } = this.#state;
    this.#state = state;
    if (kind !== state.kind || state.kind === 'refused') this.#options.onState(state);
  }
}

/** Numbers of starts are given once, whatever disks they were made from. */
function formerStart(text: string, wanted: NodeRecord): number | null {
  const record = parseNode(text);
  if (!record.ok || record.value.clusterId === wanted.clusterId) return null;
  const { incarnation } = record.value;
  return incarnation >= wanted.incarnation ? incarnation : null;
}

async function find(
  client: Client,
  path: string,
): Promise<{ text: string; version: number; session: string } | null> {
  try {
    const { data, stat } = await client.getData(path);
    return znodeOf(data?.toString('utf8') ?? '', stat);
  } catch (error) {
    if (error instanceof ClientError && error.code === Code.NO_NODE) return null;
    throw error;
  }
}
