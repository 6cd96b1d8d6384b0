/**
 * Reads and changes who belongs to an ensemble, over the client protocol like everybody: what this cannot do, its user may
 * not do. For the ensemble of this program there is somebody who may, so that its owner need not prove anything to it.
 */
import type { EnsembleView } from '#contract/ensemble-models.ts';
import { ApiError } from '#contract/errors.ts';
import type { Membership, MembershipOrder } from '#contract/membership-models.ts';
import type { ReconfigPlan } from '#contract/reconfig-plan-models.ts';

import {
  type EnsembleConfig,
  parseEnsembleConfig,
  versionHex,
} from '../../../config/ensemble-config.ts';
import { Client } from '../../../coordination/client/client.ts';
import { Permission } from '../../../coordination/model/acl.ts';
import { Code } from '../../../coordination/model/codes.ts';
import type { Platform } from '../../../platform/platform.ts';
import { type Clusters, LOCAL_ID } from '../clusters.ts';
import { isCode } from '../explain.ts';
import type { LocalEnsemble } from '../local-ensemble.ts';
import type { Ensembles } from './ensembles.ts';
import { changedConfig, isSameConfig, membersOf, orderOf } from './membership.ts';
import { planReconfig, refusalText } from './reconfig-plan.ts';
import { clientsOf, standingOfStranger, standingsOf } from './standings.ts';

/** A change may make the member go that was asked; so long another is asked what came of it. */
const AFTERMATH_MS = 15_000;
const LOOK_AGAIN_MS = 250;
const READ_TRIES = 3;
const OPERATOR_SESSION_MS = 10_000;
const CONFIG_PATH = '/zookeeper/config';

export interface MembershipsOptions {
  readonly platform: Platform;
  readonly clusters: Clusters;
  readonly ensembles: Ensembles;
  readonly local: LocalEnsemble;
}

export class Memberships {
  readonly #platform: Platform;
  readonly #clusters: Clusters;
  readonly #ensembles: Ensembles;
  readonly #local: LocalEnsemble;

  constructor(options: MembershipsOptions) {
    this.#platform = options.platform;
    this.#clusters = options.clusters;
    this.#ensembles = options.ensembles;
    this.#local = options.local;
  }

  async config(cluster: string): Promise<Membership> {
    const { config, view, mayWrite } = await this.#look(cluster);
    return {
      version: config.version,
      isGrouped: config.groups !== null,
      members: membersOf(config),
      standings: standingsOf(config.servers, view),
      clients: clientsOf(config.servers, view),
      mayWrite,
    };
  }

  async plan(cluster: string, order: MembershipOrder): Promise<ReconfigPlan> {
    return (await this.#plan(cluster, order)).plan;
  }

  /**
   * Changes the configuration and waits until it is in force.
   * @returns the new version
   * @throws ApiError `bad-version` where somebody else changed it since, `reconfig-refused` and others where it is refused
   */
  async reconfigure(cluster: string, order: MembershipOrder): Promise<{ version: number }> {
    const live = this.#clusters.live(cluster).client;
    const { plan, before } = await this.#plan(cluster, order);
    if (before.version !== order.fromVersion) throw outdated(before);
    if (plan.refusals.length > 0) throw new ApiError('reconfig-refused', refusalText(plan));
    const operator = this.#operator(cluster);
    try {
      return await this.#change(operator ?? live, before, order);
    } finally {
      this.#ensembles.onReconfigured(cluster);
      void operator?.close();
    }
  }

  async #plan(
    cluster: string,
    order: MembershipOrder,
  ): Promise<{ readonly plan: ReconfigPlan; readonly before: EnsembleConfig }> {
    const { config, view, mayWrite } = await this.#look(cluster);
    const present = new Set<number>(config.servers.map(({ id }) => id));
    const strangers = changedConfig(config, order.change).servers.filter(
      ({ id }) => !present.has(id),
    );
    const seen = standingsOf([...config.servers, ...strangers], view);
    const unseen = strangers.filter(({ id }) => view.members.every((member) => member.id !== id));
    const asked = await Promise.all(
      unseen.map((server) => standingOfStranger(server, this.#platform)),
    );
    const answered = new Set(asked.map(({ id }) => id));
    const standings = [...seen.filter(({ id }) => !answered.has(id)), ...asked];
    return { plan: planReconfig(order, { now: config, standings, mayWrite }), before: config };
  }

  async #look(cluster: string): Promise<Look> {
    const { client } = this.#clusters.live(cluster);
    const [config, view, mayWrite] = await Promise.all([
      readConfig(client),
      this.#ensembles.look(cluster),
      this.#hasOperator(cluster) ? true : mayWriteConfig(client),
    ]);
    return { config, view, mayWrite };
  }

  async #change(
    client: Client,
    before: EnsembleConfig,
    { change }: MembershipOrder,
  ): Promise<{ version: number }> {
    try {
      const { version } = parse(await client.reconfigure(orderOf(change, before)));
      return { version };
    } catch (error) {
      if (isCode(error, Code.BAD_VERSION)) throw outdated(await readConfig(client));
      if (isCode(error, Code.BAD_ARGUMENTS, Code.MARSHALLING_ERROR))
        throw new ApiError('reconfig-refused', 'the servers do not accept this configuration');
      if (!isCode(error, Code.CONNECTION_LOSS, Code.REQUEST_TIMEOUT)) throw error;
      // Whoever goes or changes its role closes its connections, the one that carried the order among them.
      return { version: await this.#outcome(client, before, changedConfig(before, change), error) };
    }
  }

  /** The version of the configuration that was ordered, if it came about. */
  async #outcome(
    client: Client,
    before: EnsembleConfig,
    ordered: EnsembleConfig,
    lost: unknown,
  ): Promise<number> {
    const { clock } = this.#platform;
    const untilMs = clock.nowMs() + AFTERMATH_MS;
    while (clock.nowMs() < untilMs) {
      const now = await client
        .sync('/')
        .then(() => readConfig(client))
        .catch(() => null);
      if (now !== null && now.version !== before.version) {
        if (isSameConfig(now, ordered)) return now.version;
        throw outdated(now);
      }
      await new Promise<void>((resolve) => clock.after(LOOK_AGAIN_MS, resolve));
    }
    throw lost;
  }

  // --- who may ---

  #hasOperator(cluster: string): boolean {
    return cluster === LOCAL_ID && (this.#local.operator ?? null) !== null;
  }

  /** A session of the program itself, beside the one in which people look at nodes with nobody's rights. */
  #operator(cluster: string): Client | null {
    const { operator = null, connectString } = this.#local;
    if (cluster !== LOCAL_ID || operator === null || connectString === null) return null;
    const client = new Client({
      platform: this.#platform,
      connect: connectString,
      sessionTimeoutMs: OPERATOR_SESSION_MS,
    });
    client.addAuth(operator.scheme, Buffer.from(operator.auth, 'utf8'));
    return client;
  }
}

interface Look {
  readonly config: EnsembleConfig;
  readonly view: EnsembleView;
  readonly mayWrite: boolean | null;
}

async function readConfig(client: Client): Promise<EnsembleConfig> {
  const config = parse(await readText(client));
  if (config.servers.length === 0)
    throw new ApiError('not-an-ensemble', 'a server on its own has no members to change');
  return config;
}

/** Every change breaks connections, and a question that went down with one can be asked again without harm. */
async function readText(client: Client): Promise<string> {
  for (let triesLeft = READ_TRIES - 1; ; triesLeft--) {
    try {
      return (await client.getConfig()).text;
    } catch (error) {
      if (triesLeft === 0 || !isCode(error, Code.CONNECTION_LOSS)) throw error;
    }
  }
}

function parse(text: string): EnsembleConfig {
  const config = parseEnsembleConfig(text);
  if (!config.ok) throw new Error(`the servers' configuration cannot be read: ${config.error}`);
  return config.value;
}

function outdated(now: EnsembleConfig): ApiError {
  const version = `0x${versionHex(now)}`;
  return new ApiError(
    'bad-version',
    `somebody else changed the configuration, which is at version ${version} now`,
  );
}

/** By the access list; servers with `skipACL` ask nobody. Null where neither list nor identities can be read, as in 3.6. */
async function mayWriteConfig(client: Client): Promise<boolean | null> {
  try {
    const [{ acl }, identities] = await Promise.all([client.getAcl(CONFIG_PATH), client.whoAmI()]);
    if (identities.some(({ scheme }) => scheme === 'super')) return true;
    const writers = acl.filter(({ permissions }) => (permissions & Permission.WRITE) !== 0);
    if (writers.some(({ scheme }) => scheme === 'world')) return true;
    // The list shows no more of a digest than the user's name.
    const isNamed = writers.some(({ scheme, id }) =>
      identities.some((one) => one.scheme === scheme && one.user === id?.split(':')[0]),
    );
    return isNamed ? null : false;
  } catch {
    return null;
  }
}
