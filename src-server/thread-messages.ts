/** What the host and its worker threads say to each other. */
import type { MessagePort } from 'node:worker_threads';

import type { MemberOrder } from '#contract/ensemble-models.ts';
import type { LinkFault } from '#contract/fault-models.ts';
import type { Credential, LocalStart, MemberState } from '#contract/models.ts';
import type { LocalNode, NodeLinkFault, NodeOrder, NodeState } from '#contract/storage-models.ts';

import type { Result } from './base/result.ts';
import type { Settings } from './config/settings.ts';
import type { StorageSettings } from './config/storage-settings.ts';
import type { LocalMember, NodeNature, Resize, Resized } from './console/service/console.ts';
import type { LogLevel } from './platform/logger.ts';

/** One member to be run. */
export interface MemberStart {
  readonly settings: Settings;
  /** The zoo.cfg of a member among others, read at every start as reconfigurations change it; null for a server on its own. */
  readonly configFile: string | null;
  /** Where clients connect in this run, whatever the files say; absent or null where they hold. */
  readonly clientPort?: number | null;
}

export interface MemberRole extends MemberStart {
  readonly role: 'member';
  readonly version: string;
  readonly logLevel: LogLevel;
  /** The faults of links at its start. */
  readonly links: readonly LinkFault[];
  /** Where it waits while it is paused: a `PauseSwitch`. */
  readonly pause: SharedArrayBuffer;
}

/** One storage node to be run. */
export interface NodeStart {
  readonly settings: StorageSettings;
}

export interface StorageRole extends NodeStart {
  readonly role: 'storage';
  readonly version: string;
  readonly logLevel: LogLevel;
  /** Servers of the ensemble that coordinates its ring. */
  readonly ensemble: string;
  readonly links: readonly NodeLinkFault[];
  /** Where it waits while it is paused: a `PauseSwitch`. */
  readonly pause: SharedArrayBuffer;
}

export interface WebAddress {
  readonly host: string;
  readonly port: number;
  /** The built interface. */
  readonly folder: string;
}

export interface ConsoleRole {
  readonly role: 'console';
  readonly version: string;
  readonly logLevel: LogLevel;
  /** Where the console keeps what it remembers. */
  readonly directory: string;
  readonly dataDir: string;
  readonly local: LocalStart;
  /** Null where the members know nobody of that kind. */
  readonly operator: Credential | null;
  /** Null where no browser is to be served. */
  readonly web: WebAddress | null;
}

export type Role = MemberRole | StorageRole | ConsoleRole;

/** From the host to a thread. */
export type ToThread =
  | { readonly kind: 'stop' }
  /** To the console: how the local ensemble is, and each of its members. */
  | {
      readonly kind: 'member';
      readonly state: MemberState;
      readonly connectString: string | null;
      readonly members: readonly LocalMember[];
      readonly links: readonly LinkFault[];
    }
  /** To the console: the storage nodes. */
  | {
      readonly kind: 'storage';
      readonly nodes: readonly LocalNode[];
      readonly links: readonly NodeLinkFault[];
    }
  /** To a member: what is done to the links now. */
  | { readonly kind: 'links'; readonly links: readonly LinkFault[] }
  /** To a storage node: the same. */
  | { readonly kind: 'node-links'; readonly links: readonly NodeLinkFault[] }
  /** To a storage node: where the ensemble's servers are now. */
  | { readonly kind: 'ensemble'; readonly connect: string }
  /** To a member or storage node: the switch is on, it is to wait there. */
  | { readonly kind: 'pause' }
  /** To the console: what came of a wish. */
  | { readonly kind: 'resized'; readonly wish: number; readonly outcome: Result<Resized, string> }
  /** To the console: somebody who calls. */
  | { readonly kind: 'guest'; readonly port: MessagePort }
  /** To both: the two ends of a channel for questions about the member's nodes. */
  | { readonly kind: 'reports'; readonly port: MessagePort }
  /** To both: the two ends of a channel for when what happened at this member; 0 for a server on its own. */
  | { readonly kind: 'timings'; readonly member: number; readonly port: MessagePort };

/** Where one member among others stands. */
export interface MemberStanding {
  readonly id: number;
  readonly clientPort: number;
  readonly role: 'looking' | 'following' | 'leading' | 'observing';
  readonly phase: 'election' | 'discovery' | 'synchronization' | 'broadcast';
  readonly leader: number | null;
  readonly epoch: number;
  readonly zxid: number;
}

/** What the console wants done to storage nodes. */
export type StorageWish =
  | { readonly kind: 'order'; readonly order: NodeOrder }
  | { readonly kind: 'break-links'; readonly links: readonly NodeLinkFault[] }
  | { readonly kind: 'heal' };

/** From a thread to the host. */
export type FromThread =
  | { readonly kind: 'log'; readonly line: string }
  /** The thread takes messages now. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'member'; readonly state: MemberState }
  | { readonly kind: 'standing'; readonly standing: MemberStanding }
  | { readonly kind: 'node'; readonly state: NodeState }
  | { readonly kind: 'url'; readonly url: string }
  /** From the console: somebody wants a member that failed tried again. */
  | { readonly kind: 'retry-member' }
  /** From the console: what is to become of a member. */
  | { readonly kind: 'order'; readonly order: MemberOrder }
  /** From the console: a thread is to be started for one more member, or to end for good. */
  | { readonly kind: 'resize'; readonly wish: number; readonly resize: Resize }
  /** From the console: what is to be done to ways between members. */
  | { readonly kind: 'break-links'; readonly links: readonly LinkFault[] }
  /** From the console: nothing is to be broken on purpose any more. */
  | { readonly kind: 'heal' }
  /** From the console. */
  | { readonly kind: 'storage-wish'; readonly wish: StorageWish }
  /** The thread ends. `mayHelp`: trying again may help, nobody has to act first. */
  | { readonly kind: 'failed'; readonly why: string; readonly mayHelp: boolean };

/** Questions of the console to the member, and answers. */
export interface NaturesQuestion {
  readonly id: number;
  readonly paths: readonly string[];
}

export interface NaturesAnswer {
  readonly id: number;
  /** Up to which transaction the member knows; infinite where nobody is ahead of it. */
  readonly zxid: number;
  readonly natures: readonly (NodeNature | null)[];
}
