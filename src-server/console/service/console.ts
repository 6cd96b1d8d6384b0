/** The console's service: implements the contract with nothing but what any client may do. The face of this room. */
import { ApiError } from '#contract/errors.ts';
import type { FaultsView } from '#contract/fault-models.ts';
import type { AppFacts } from '#contract/models.ts';
import type { CallContext, Handlers, MethodHandlers, TopicHandlers } from '#rpc/server.ts';

import type { Platform } from '../../platform/platform.ts';
import { Clusters, LOCAL_ID } from './clusters.ts';
import { carryOut, DeletePlans } from './delete-tree.ts';
import { Ensembles } from './ensemble/ensembles.ts';
import { LocalSize } from './ensemble/local-size.ts';
import { Memberships } from './ensemble/memberships.ts';
import { explain } from './explain.ts';
import { Keys } from './keys.ts';
import type { LocalEnsemble } from './local-ensemble.ts';
import type { LocalStorage } from './local-storage.ts';
import { OpenFiles } from './open-files.ts';
import { Operations } from './operations.ts';
import { RememberedClusters } from './remembered.ts';
import { RingEditor } from './ring/ring-editor.ts';
import { Rings } from './ring/rings.ts';
import { Timings } from './timings.ts';
import { TreeView } from './tree-view.ts';
import {
  completePath,
  createZnode,
  deleteZnode,
  followZnode,
  getZnode,
  saveZnode,
  setZnodeAcl,
} from './znodes.ts';

export type {
  LocalEnsemble,
  LocalMember,
  MemberTimings,
  NodeNature,
  Resize,
  Resized,
  SessionAddress,
} from './local-ensemble.ts';
export type { LocalStorage } from './local-storage.ts';

export interface ConsoleOptions {
  readonly platform: Platform;
  readonly local: LocalEnsemble;
  /** Absent where this program runs no storage nodes. */
  readonly storage?: LocalStorage;
  /** Where the console keeps what it remembers. */
  readonly directory: string;
}

export class Console implements Handlers {
  readonly #platform: Platform;
  readonly #local: LocalEnsemble;
  readonly #clusters: Clusters;
  readonly #ensembles: Ensembles;
  readonly #memberships: Memberships;
  readonly #localSize: LocalSize;
  readonly #rings: Rings;
  readonly #editor: RingEditor;
  readonly #keys: Keys;
  readonly #operations: Operations;
  readonly #plans: DeletePlans;
  readonly #files: OpenFiles;
  readonly #timings: Timings;
  readonly #trees = new Map<string, { readonly view: TreeView; close(): void }>();
  readonly methods: MethodHandlers;
  readonly topics: TopicHandlers;

  constructor(options: ConsoleOptions) {
    const { platform } = options;
    this.#platform = platform;
    this.#local = options.local;
    this.#operations = new Operations(platform.clock);
    this.#plans = new DeletePlans({ clock: platform.clock, newToken: () => this.#randomId() });
    this.#timings = new Timings({ clock: platform.clock, local: options.local });
    this.#files = new OpenFiles({
      disk: platform.disk,
      clock: platform.clock,
      newId: () => this.#randomId(),
      local: options.local,
      timings: this.#timings,
    });
    this.#clusters = new Clusters({
      platform,
      local: options.local,
      remembered: new RememberedClusters({
        disk: platform.disk,
        directory: options.directory,
        logger: platform.logger,
      }),
    });
    this.#ensembles = new Ensembles({
      platform,
      clusters: this.#clusters,
      local: options.local,
    });
    this.#memberships = new Memberships({
      platform,
      clusters: this.#clusters,
      ensembles: this.#ensembles,
      local: options.local,
    });
    this.#localSize = new LocalSize({
      local: options.local,
      memberships: this.#memberships,
      clock: platform.clock,
    });
    this.#rings = new Rings({
      platform,
      clusters: this.#clusters,
      storage: options.storage ?? null,
    });
    this.#editor = new RingEditor({ clock: platform.clock, rings: this.#rings });
    this.#keys = new Keys(this.#rings);
    this.methods = this.#methods();
    this.topics = this.#topics();
  }

  explain(error: unknown): ApiError | null {
    return explain(error);
  }

  onInternalError(doing: string, error: unknown): void {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#platform.logger.error('a call of the console failed unexpectedly', { doing, problem });
  }

  close(): void {
    for (const tree of this.#trees.values()) tree.close();
    this.#files.closeAll();
    this.#timings.close();
    this.#operations.close();
    this.#editor.close();
    this.#rings.close();
    this.#clusters.close();
  }

  #methods(): MethodHandlers {
    const clusters = this.#clusters;
    const client = (id: string) => clusters.live(id).client;
    const view = (id: string) => this.#tree(id);
    return {
      'clusters.add': (settings) => ({ id: clusters.add(settings) }),
      'clusters.update': ({ id, settings }) => {
        clusters.update(id, settings);
      },
      'clusters.remove': ({ id }) => {
        clusters.remove(id);
      },
      'clusters.connect': ({ id, credentials }) => {
        clusters.connect(id, credentials);
      },
      'clusters.disconnect': ({ id }) => {
        clusters.disconnect(id);
      },
      'clusters.identities': ({ id }) => client(id).whoAmI(),

      'ensemble.retry': () => {
        this.#local.retry();
      },
      'ensemble.order': (order) => {
        this.#local.order(order);
      },
      'ensemble.breakLinks': ({ links }) => {
        this.#local.breakLinks(links);
      },
      'ensemble.heal': () => {
        this.#local.heal();
      },

      'ensemble.grow': ({ role }) => ({
        operation: this.#operations.start((progress) => this.#localSize.grow(role, progress)),
      }),
      'ensemble.shrink': async ({ id, isDataKept }) => ({
        keptIn: await this.#localSize.shrink(id, isDataKept),
      }),

      'ensemble.config': ({ cluster }) => this.#memberships.config(cluster),
      'ensemble.planReconfig': ({ cluster, order }) => this.#memberships.plan(cluster, order),
      'ensemble.reconfigure': ({ cluster, order }) => this.#memberships.reconfigure(cluster, order),

      'tree.open': ({ cluster, order }, context) => this.#openTree(cluster, order, context),
      'tree.close': ({ tree }) => {
        this.#trees.get(tree)?.close();
      },
      'tree.window': ({ tree, from, count }) => view(tree).window(from, count),
      'tree.expand': async ({ tree, path }) => {
        await view(tree).expand(path);
      },
      'tree.collapse': ({ tree, path }) => {
        view(tree).collapse(path);
      },
      'tree.order': ({ tree, order }) => {
        view(tree).order(order);
      },
      'tree.reveal': ({ tree, path }) => view(tree).reveal(path),
      'tree.find': ({ tree, path }) => ({ row: view(tree).find(path) }),

      'znodes.get': ({ cluster, path }) => getZnode(client(cluster), path, this.#localOf(cluster)),
      'znodes.complete': ({ cluster, prefix }) => completePath(client(cluster), prefix),
      'znodes.create': ({ cluster, ...node }) => createZnode(client(cluster), node),
      'znodes.save': ({ cluster, ...save }) =>
        saveZnode(client(cluster), save, this.#localOf(cluster)),
      'znodes.setAcl': ({ cluster, ...change }) => setZnodeAcl(client(cluster), change),
      'znodes.delete': ({ cluster, ...node }) =>
        deleteZnode(client(cluster), node, this.#localOf(cluster)),
      'znodes.planDelete': ({ cluster, path }, context) =>
        this.#plans.plan({
          client: client(cluster),
          cluster,
          path,
          isCancelled: () => context.isCancelled(),
        }),
      'znodes.deleteTree': ({ cluster, path, token }) => {
        const nodes = this.#plans.take(token, path);
        const live = client(cluster);
        return { operation: this.#operations.start((progress) => carryOut(live, nodes, progress)) };
      },

      'logs.files': () => this.#files.list(),
      'logs.open': ({ source, path }, { guest }) => this.#files.open(source, path, guest),
      'logs.close': ({ log }) => {
        this.#files.close(log);
      },
      'logs.filter': ({ log, filter }) => {
        this.#files.view(log).filter(filter);
      },
      'logs.stop': ({ log }) => {
        this.#files.view(log).stop();
      },
      'logs.window': ({ log, from, count }) => this.#files.view(log).window(from, count),
      'logs.find': ({ log, zxid }) => ({ row: this.#files.view(log).find(zxid) }),
      'logs.record': ({ log, row, at }) => this.#files.view(log).record(row, at),

      'ring.locate': ({ key, ...at }) => this.#rings.locate(at, key),
      'ring.partition': ({ partition, ...at }) => this.#rings.partition(at, partition),
      'ring.whatIf': ({ without, ...at }) => this.#rings.whatIf(at, without),
      'ring.access': (at) => this.#rings.access(at),
      'ring.enter': ({ access, ...at }) => this.#rings.enter(at, access),
      'ring.order': (order) => {
        this.#rings.order(order);
      },
      'ring.breakLinks': ({ links }) => {
        this.#rings.breakLinks(links);
      },
      'ring.heal': () => {
        this.#rings.heal();
      },

      'ring.preview': (wish, { guest }) => this.#editor.preview(wish, guest),
      'ring.locateStaged': (wish) => this.#editor.locate(wish),
      'ring.scenarios': (wish) => this.#editor.scenarios(wish),
      'ring.exportLayout': (wish) => this.#editor.exportLayout(wish),
      'ring.importLayout': (wish) => this.#editor.importLayout(wish),
      'ring.rebalance.start': (order) => this.#editor.start(order),
      'ring.rebalance.pause': (order) => this.#editor.order('pause', order),
      'ring.rebalance.resume': (order) => this.#editor.order('resume', order),
      'ring.rebalance.cancel': (order) => this.#editor.order('cancel', order),
      'ring.rebalance.undo': (order) => this.#editor.order('undo', order),
      'ring.rebalance.setPace': (order) => this.#editor.setPace(order),
      'ring.rebalances': (at) => this.#editor.rebalances(at),
      'ring.rebalanceReplay': (wish) => this.#editor.replay(wish),

      'keys.list': ({ cluster, root, ...wish }) => this.#keys.list({ cluster, root }, wish),
      'keys.get': ({ key, ...at }) => this.#keys.get(at, key),
      'keys.create': ({ cluster, root, ...key }) => this.#keys.create({ cluster, root }, key),
      'keys.save': ({ cluster, root, ...change }) => this.#keys.save({ cluster, root }, change),
      'keys.expire': ({ cluster, root, ...change }) => this.#keys.expire({ cluster, root }, change),
      'keys.delete': ({ cluster, root, ...key }) => this.#keys.remove({ cluster, root }, key),

      'operations.cancel': ({ operation }) => {
        this.#operations.cancel(operation);
      },
    };
  }

  #topics(): TopicHandlers {
    return {
      app: (_, sink) => {
        sink.send(this.#appFacts());
        return this.#local.onChange(() => sink.send(this.#appFacts()));
      },
      'ensemble.members': ({ cluster }, sink) =>
        this.#ensembles.follow(cluster, (view) => sink.send(view)),
      'ensemble.faults': (_, sink) => {
        sink.send(this.#faultsView());
        return this.#local.onChange(() => sink.send(this.#faultsView()));
      },
      ring: (at, sink) => this.#rings.follow(at, (view) => sink.send(view)),
      'ring.live': (at, sink) => this.#rings.followLive(at, (live) => sink.send(live)),
      'ring.rebalance': (at, sink) => this.#editor.follow(at, (now) => sink.send(now)),
      clusters: (_, sink) => {
        sink.send(this.#clusters.view());
        return this.#clusters.onChange(() => sink.send(this.#clusters.view()));
      },
      tree: ({ tree }, sink) => this.#tree(tree).onChange((change) => sink.send(change)),
      znode: ({ cluster, path }, sink) => {
        const follow = (): (() => void) =>
          followZnode(this.#clusters.live(cluster), path, this.#localOf(cluster), (event) =>
            sink.send(event),
          );
        let stop = follow();
        const stopFollowing = this.#clusters.onLive(cluster, () => {
          stop();
          stop = follow();
        });
        return () => {
          stopFollowing();
          stop();
        };
      },
      planning: ({ cluster, path }, sink) =>
        this.#plans.onCount({ cluster, path }, (nodes) => sink.send({ nodes })),
      operation: ({ operation }, sink) =>
        this.#operations.follow(operation, (state) => sink.send(state)),
      log: ({ log }, sink) => this.#files.view(log).onChange((state) => sink.send(state)),
    };
  }

  #openTree(cluster: string, order: TreeViewOrder, { guest }: CallContext): { tree: string } {
    const id = this.#randomId();
    const view = new TreeView({
      clock: this.#platform.clock,
      live: () => this.#clusters.live(cluster),
      local: this.#localOf(cluster),
      order,
    });
    const stopFollowing = this.#clusters.onLive(cluster, () => view.rebind());
    const close = (): void => {
      stopFollowing();
      view.close();
      this.#trees.delete(id);
      staysLonger();
    };
    const staysLonger = guest.onLeave(close);
    this.#trees.set(id, { view, close });
    return { tree: id };
  }

  #tree(id: string): TreeView {
    const tree = this.#trees.get(id);
    if (tree === undefined) throw new ApiError('not-found', `there is no open tree ${id}`);
    return tree.view;
  }

  #localOf(cluster: string): LocalEnsemble | null {
    return cluster === LOCAL_ID ? this.#local : null;
  }

  #appFacts(): AppFacts {
    const { version, dataDir, connectString, state, start } = this.#local;
    return { version, dataDir, connectString, member: state, local: start };
  }

  #faultsView(): FaultsView {
    const { links, members } = this.#local;
    const paused = members.filter(({ state }) => state.kind === 'paused').map(({ id }) => id);
    return { links, paused };
  }

  #randomId(): string {
    return Buffer.from(this.#platform.entropy.bytes(12)).toString('hex');
  }
}

type TreeViewOrder = ConstructorParameters<typeof TreeView>[0]['order'];
