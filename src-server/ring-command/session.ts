/** The ring at the other end of the line: read through the ensemble, and its nodes asked for sizes and for copies on their way. */
import { err, ok, type Result } from '../base/result.ts';
import type { Net } from '../platform/net.ts';
import type { Platform } from '../platform/platform.ts';
import { Membership } from '../storage/control/membership.ts';
import { RebalanceDesk } from '../storage/control/rebalance-desk.ts';
import type { LiveFigures } from '../storage/control/rebalance-progress.ts';
import type { NodeRecord } from '../storage/control/records.ts';
import type { RingConfig } from '../storage/control/ring-config.ts';
import { controllerOf, type RingView } from '../storage/control/view.ts';
import { copiesOf, holdingsOf, waitsOf } from '../storage/planning/answers.ts';
import { Sizes } from '../storage/planning/sizes.ts';
import { RespClient } from '../storage/resp/client.ts';
import { type Reply, RespError } from '../storage/resp/reply.ts';
import type { NodeId } from '../storage/ring/topology.ts';
import type { RingAccess } from './access.ts';

export interface SessionOptions {
  readonly platform: Platform;
  readonly access: RingAccess;
}

const SESSION_TIMEOUT_MS = 10_000;
const PATIENCE_MS = 15_000;
const NODE_MS = 5000;

export class RingSession {
  readonly #platform: Platform;
  readonly #access: RingAccess;
  readonly #membership: Membership;
  readonly #net: Net;
  readonly #doors = new Map<NodeId, Promise<RespClient>>();
  readonly desk: RebalanceDesk;
  /** Why a node tells nothing, by its id. */
  readonly silent = new Map<NodeId, string>();

  private constructor(options: SessionOptions, membership: Membership, net: Net) {
    this.#platform = options.platform;
    this.#access = options.access;
    this.#membership = membership;
    this.#net = net;
    this.desk = new RebalanceDesk(membership);
  }

  /** Refused with why, where there is no ring to be read. */
  static async open(options: SessionOptions): Promise<Result<RingSession, string>> {
    const { platform, access } = options;
    const { connect, root, credentials, security } = access;
    let net = platform.net;
    try {
      if (security !== null) net = platform.secureNet!(security);
    } catch (error) {
      return err(error instanceof Error ? error.message : String(error));
    }
    const membership = new Membership({
      platform,
      connect,
      root,
      credentials,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    const session = new RingSession(options, membership, net);
    const isRead = await session.#within(PATIENCE_MS, membership.ready());
    const { config, problems } = membership.view;
    if (isRead && config !== null) return ok(session);
    await session.close();
    const [problem] = problems;
    if (problem !== undefined) return err(`${problem[0]}: ${problem[1]}`);
    if (!isRead) return err(`${connect} cannot be reached, or does not answer`);
    return err(`there is no ring at ${root} of ${connect}`);
  }

  get view(): RingView {
    return this.#membership.view;
  }

  get membership(): Membership {
    return this.#membership;
  }

  get config(): RingConfig {
    return this.view.config!.value;
  }

  get root(): string {
    return this.#access.root;
  }

  /** What every partition holds, of those whose leaders tell. */
  async sizes(): Promise<Sizes> {
    const sizes = new Sizes(this.config.table.partitionCount);
    const answers = await this.#askAll(() => [['RING.STATUS', 'PARTITIONS']]);
    const { wallMs } = this.#membership;
    for (const [answer = null] of answers.values()) sizes.take(holdingsOf(answer), wallMs);
    return sizes;
  }

  /** Copies on their way, and what waits. */
  async live(): Promise<LiveFigures> {
    const controller = controllerOf(this.view);
    const answers = await this.#askAll((id) =>
      id === controller ? [['RING.COPIES'], ['RING.WAITS']] : [['RING.COPIES']],
    );
    return {
      copies: [...answers.values()].flatMap(([copies = null]) => copiesOf(copies)),
      waits: waitsOf((controller === null ? null : answers.get(controller)?.[1]) ?? null),
    };
  }

  async close(): Promise<void> {
    for (const door of this.#doors.values())
      door.then(
        (client) => client.close(),
        () => undefined,
      );
    await this.#membership.close();
  }

  /** Everybody who is there, all at the same time; who does not answer is passed over, and why is kept. */
  async #askAll(
    commandsFor: (id: NodeId) => readonly (readonly string[])[],
  ): Promise<Map<NodeId, Reply[]>> {
    const answers = new Map<NodeId, Reply[]>();
    const asked = [...this.view.nodes.values()].map(async (node) => {
      try {
        const client = await this.#doorOf(node);
        const replies = await client.pipeline(commandsFor(node.id));
        const [refusal] = replies.filter((reply) => reply instanceof RespError);
        if (refusal !== undefined) this.silent.set(node.id, refusal.message);
        answers.set(node.id, replies);
      } catch (error) {
        this.#doors.delete(node.id);
        this.silent.set(node.id, error instanceof Error ? error.message : String(error));
      }
    });
    await this.#within(NODE_MS, Promise.all(asked));
    return answers;
  }

  #doorOf({ id, address, proxyPort }: NodeRecord): Promise<RespClient> {
    const known = this.#doors.get(id);
    if (known !== undefined) return known;
    const { user } = this.#access;
    const opened = RespClient.connect({
      net: this.#net,
      host: address,
      port: proxyPort,
      timeoutMs: NODE_MS,
      name: 'zabring-ring',
      ...(user === null ? {} : { credentials: user }),
    });
    this.#doors.set(id, opened);
    return opened;
  }

  /** Whether the work came to its end in time. */
  #within(ms: number, work: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve) => {
      const patience = this.#platform.clock.after(ms, () => resolve(false));
      void work.then(() => {
        patience.cancel();
        resolve(true);
      });
    });
  }
}
