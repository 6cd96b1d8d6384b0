/**
 * Where a ring keeps what in the tree of its ensemble.
 *
 *   /ring                          the root: its name is a setting
 *     config                       the wanted placement, versioned
 *     p/<partition>                who leads it, who is in sync: its version is the fence of every change
 *     nodes/<id>                   ephemeral: this node is alive
 *     members/<id>                 a node that was here once, and what it said of itself last
 *     controller/c-<sequence>      ephemeral: candidates; the lowest one decides
 *     controllerEpoch              raised by each controller: its version is the fence of all it writes
 *     force/<partition>            an operator's order to elect a leader that is not in sync
 *     rebalance                    how far the operator's rebalance is, the one that runs or ended last
 *     rebalances/b-<n>             what was decided and planned, one for each, the newest fifty
 *     rebalances/e-<n>             what became of it, once another one has taken its place
 *     history/h-<sequence>         what the controllers did, the newest some hundred
 */
import type { NodeId } from '../ring/topology.ts';

export const DEFAULT_ROOT = '/ring';

/** What a path of the tree is about; null for paths that are nothing of ours, or only hold others. */
export type Place =
  | { readonly kind: 'config' | 'controller-epoch' | 'rebalance' }
  | { readonly kind: 'partition' | 'force'; readonly partition: number }
  | { readonly kind: 'node' | 'member'; readonly id: NodeId }
  | { readonly kind: 'candidate' | 'history' | 'rebalance-record'; readonly name: string };

const PARTITION = /^(?:0|[1-9][0-9]{0,4})$/;

export class RingPaths {
  readonly root: string;
  readonly config: string;
  readonly partitions: string;
  readonly nodes: string;
  readonly members: string;
  readonly candidates: string;
  readonly controllerEpoch: string;
  readonly forces: string;
  readonly rebalance: string;
  readonly rebalances: string;
  readonly history: string;

  constructor(root: string) {
    this.root = root;
    this.config = `${root}/config`;
    this.partitions = `${root}/p`;
    this.nodes = `${root}/nodes`;
    this.members = `${root}/members`;
    this.candidates = `${root}/controller`;
    this.controllerEpoch = `${root}/controllerEpoch`;
    this.forces = `${root}/force`;
    this.rebalance = `${root}/rebalance`;
    this.rebalances = `${root}/rebalances`;
    this.history = `${root}/history`;
  }

  partition(partition: number): string {
    return `${this.partitions}/${partition}`;
  }

  node(id: NodeId): string {
    return `${this.nodes}/${id}`;
  }

  member(id: NodeId): string {
    return `${this.members}/${id}`;
  }

  force(partition: number): string {
    return `${this.forces}/${partition}`;
  }

  /** @param name of a rebalance */
  rebalanceRecord(name: string): string {
    return `${this.rebalances}/${name}`;
  }

  rebalanceEnd(name: string): string {
    return `${this.rebalances}/e${name.slice(1)}`;
  }

  /** Everything that must exist before anything can be written, parents first. */
  get folders(): string[] {
    const parts = this.root.split('/').slice(1);
    const above = parts.map((_, i) => `/${parts.slice(0, i + 1).join('/')}`);
    return [
      ...above,
      this.partitions,
      this.nodes,
      this.members,
      this.candidates,
      this.forces,
      this.rebalances,
      this.history,
    ];
  }

  placeOf(path: string): Place | null {
    if (path === this.config) return { kind: 'config' };
    if (path === this.controllerEpoch) return { kind: 'controller-epoch' };
    if (path === this.rebalance) return { kind: 'rebalance' };
    const slash = path.lastIndexOf('/');
    const name = path.slice(slash + 1);
    switch (path.slice(0, slash)) {
      case this.partitions:
        return PARTITION.test(name) ? { kind: 'partition', partition: Number(name) } : null;
      case this.forces:
        return PARTITION.test(name) ? { kind: 'force', partition: Number(name) } : null;
      case this.nodes:
        return { kind: 'node', id: name as NodeId };
      case this.members:
        return { kind: 'member', id: name as NodeId };
      case this.candidates:
        return { kind: 'candidate', name };
      case this.rebalances:
        return name.startsWith('b-') ? { kind: 'rebalance-record', name } : null;
      case this.history:
        return { kind: 'history', name };
      default:
        return null;
    }
  }
}
