/** A worker thread with the console's service in it, and its web server where browsers are to be served. */
import { setTimeout } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';

import type { MemberOrder } from '#contract/ensemble-models.ts';
import type { LinkFault } from '#contract/fault-models.ts';
import type { Credential, LocalStart, MemberState } from '#contract/models.ts';
import { serve } from '#rpc/server.ts';

import type { Result } from './base/result.ts';
import {
  Console,
  type LocalEnsemble,
  type LocalMember,
  type MemberTimings,
  type NodeNature,
  type Resize,
  type Resized,
  type SessionAddress,
} from './console/service/console.ts';
import { threadPort } from './console/transports/message-port.ts';
import { startWeb, type WebConsole } from './console/transports/web.ts';
import { WebSessions } from './console/transports/web-sessions.ts';
import { HostedStorage } from './hosted-storage.ts';
import { nodePlatform } from './platform/node/platform.ts';
import type {
  ConsoleRole,
  FromThread,
  NaturesAnswer,
  NaturesQuestion,
  ToThread,
} from './thread-messages.ts';
import { TimingChannels } from './timing-channel.ts';
import { VERSION } from './version.ts';

export async function runConsole(role: ConsoleRole, host: MessagePort): Promise<void> {
  const tell = (message: FromThread): void => {
    host.postMessage(message);
  };
  const { version, logLevel } = role;
  const platform = nodePlatform({
    version,
    logLevel,
    writeLog: (line) => tell({ kind: 'log', line }),
  });
  const local = new HostedEnsemble(role, {
    retry: () => tell({ kind: 'retry-member' }),
    order: (order) => tell({ kind: 'order', order }),
    breakLinks: (links) => tell({ kind: 'break-links', links }),
    heal: () => tell({ kind: 'heal' }),
    resize: (wish, resize) => tell({ kind: 'resize', wish, resize }),
  });
  const storage = new HostedStorage((wish) => tell({ kind: 'storage-wish', wish }));
  const console = new Console({ platform, local, storage, directory: role.directory });

  let web: WebConsole | null = null;
  if (role.web !== null) {
    try {
      web = await startWeb({
        ...role.web,
        handlers: console,
        sessions: new WebSessions({ disk: platform.disk, directory: role.directory }),
        onUrl: (url) => tell({ kind: 'url', url }),
      });
    } catch (error) {
      tell({
        kind: 'failed',
        why: error instanceof Error ? error.message : String(error),
        mayHelp: true,
      });
      host.close();
      return;
    }
  }
  const guests = new Set<MessagePort>();
  host.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'member':
        local.update(message);
        return;
      case 'storage':
        storage.update(message);
        return;
      case 'resized':
        local.onResized(message.wish, message.outcome);
        return;
      case 'reports':
        local.ask(message.port);
        return;
      case 'timings':
        local.channels.connect(message.member, message.port);
        return;
      case 'guest': {
        const { port } = message;
        guests.add(port);
        port.once('close', () => guests.delete(port));
        serve(threadPort(port), console);
        return;
      }
      case 'links':
      case 'node-links':
      case 'ensemble':
      case 'pause':
        return;
      case 'stop':
        console.close();
        // An open port would keep this thread alive, and the one at its other end.
        local.close();
        for (const port of guests) port.close();
        void Promise.resolve(web?.close()).finally(() => host.close());
        return;
    }
  });
  tell({ kind: 'ready' });
}

/** What the host carries out. */
type Wishes = Pick<LocalEnsemble, 'retry' | 'order' | 'breakLinks' | 'heal'> & {
  resize(wish: number, resize: Resize): void;
};

/** A member that others are ahead of is asked again after a pause, for so long. */
const LAG_PAUSE_MS = 10;
const LAG_PATIENCE_MS = 1000;

/** The members of this program, seen from the console's thread. */
class HostedEnsemble implements LocalEnsemble {
  readonly version = VERSION;
  readonly dataDir: string;
  readonly start: LocalStart;
  readonly operator: Credential | null;
  state: MemberState = { kind: 'starting', step: 'opening', done: 0, total: 0 };
  connectString: string | null = null;
  members: readonly LocalMember[] = [];
  links: readonly LinkFault[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #questions = new Map<number, (answer: NaturesAnswer | null) => void>();
  readonly #resizing = new Map<number, (outcome: Result<Resized, string>) => void>();
  #reports: MessagePort | null = null;
  #nextId = 1;

  readonly channels = new TimingChannels();

  readonly retry: () => void;
  readonly order: (order: MemberOrder) => void;
  readonly breakLinks: (links: readonly LinkFault[]) => void;
  readonly heal: () => void;
  readonly resize: (resize: Resize) => Promise<Result<Resized, string>>;

  constructor({ dataDir, local, operator }: ConsoleRole, wishes: Wishes) {
    this.dataDir = dataDir;
    this.start = local;
    this.operator = operator;
    this.retry = wishes.retry;
    this.order = wishes.order;
    this.breakLinks = wishes.breakLinks;
    this.heal = wishes.heal;
    this.resize = (resize) =>
      new Promise((resolve) => {
        const wish = this.#nextId++;
        this.#resizing.set(wish, resolve);
        wishes.resize(wish, resize);
      });
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  update({ state, connectString, members, links }: Extract<ToThread, { kind: 'member' }>): void {
    this.state = state;
    this.connectString = connectString;
    this.members = members;
    this.links = links;
    for (const listener of [...this.#listeners]) listener();
  }

  onResized(wish: number, outcome: Result<Resized, string>): void {
    this.#resizing.get(wish)?.(outcome);
    this.#resizing.delete(wish);
  }

  /** From now on questions go to this member; those the one before left open are given up. */
  ask(reports: MessagePort): void {
    this.#reports?.close();
    this.#reports = reports;
    reports.on('message', (answer: NaturesAnswer) => {
      this.#questions.get(answer.id)?.(answer);
      this.#questions.delete(answer.id);
    });
    reports.on('close', () => {
      if (this.#reports === reports) this.#reports = null;
      for (const answer of this.#questions.values()) answer(null);
      this.#questions.clear();
    });
  }

  get timed(): readonly number[] {
    return this.channels.members.filter((member) => member !== 0);
  }

  timings(member: number, after: number): Promise<MemberTimings | null> {
    return this.channels.timings(member, after);
  }

  restTimings(): void {
    this.channels.rest();
  }

  addresses(sessionIds: readonly bigint[]): Promise<readonly (SessionAddress | null)[]> {
    return this.channels.addresses(sessionIds);
  }

  close(): void {
    this.#reports?.close();
    this.channels.close();
  }

  async natures(
    paths: readonly string[],
    seenZxid: number,
  ): Promise<readonly (NodeNature | null)[] | null> {
    const untilMs = performance.now() + LAG_PATIENCE_MS;
    for (;;) {
      const answer = await this.#ask(paths);
      if (answer === null) return null;
      if (answer.zxid >= seenZxid || performance.now() >= untilMs) return answer.natures;
      await setTimeout(LAG_PAUSE_MS);
    }
  }

  #ask(paths: readonly string[]): Promise<NaturesAnswer | null> {
    const reports = this.#reports;
    if (reports === null) return Promise.resolve(null);
    return new Promise((resolve) => {
      const id = this.#nextId++;
      this.#questions.set(id, resolve);
      reports.postMessage({ id, paths } satisfies NaturesQuestion);
    });
  }
}
