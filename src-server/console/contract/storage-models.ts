/** The storage nodes of this program as its host knows them: how each is, and what may be ordered of it. */
import {
  boolean,
  integer,
  list,
  literal,
  nullable,
  number,
  object,
  range,
  string,
  text,
  type TypeOf,
  union,
} from './checks.ts';

/** What a node is called: letters, digits, dot, underscore and hyphen. */
export const nodeName = text({ max: 32 });

export const nodeState = union('kind', {
  starting: object({
    kind: literal('starting'),
    /**
     * What it is doing: 'waiting' for the ensemble of this program to serve, 'opening' and 'reading-log' its own data, 'joining'
     * the ring through the ensemble.
     */
    step: literal('waiting', 'opening', 'reading-log', 'joining'),
    /** Bytes read, and of how many; both 0 while unknown. */
    done: number,
    total: number,
    /** What it waits for, in words; empty while it waits for nothing. */
    why: string,
  }),
  /** It takes clients. Whether each of its partitions does is the ring's to tell. */
  serving: object({
    kind: literal('serving'),
    clusterPort: integer,
    proxyPort: integer,
    startedInMs: number,
  }),
  /** As of members. */
  failed: object({ kind: literal('failed'), why: string, retryAtMs: nullable(number) }),
  stopped: object({ kind: literal('stopped') }),
  paused: object({ kind: literal('paused') }),
});
export type NodeState = TypeOf<typeof nodeState>;

export const localNode = object({
  id: nodeName,
  host: string,
  clusterPort: integer,
  proxyPort: integer,
  peerPort: integer,
  state: nodeState,
});
export type LocalNode = TypeOf<typeof localNode>;

/** As of members: `stop` ends it in order, `kill` as a crash would, `pause` holds it as SIGSTOP would, until `resume`. */
export const nodeOrder = object({
  id: nodeName,
  what: literal('start', 'stop', 'kill', 'pause', 'resume'),
});
export type NodeOrder = TypeOf<typeof nodeOrder>;

/** What is done to one way of a link: to what node `from` says to node `to`. As `linkFault` of members. */
export const nodeLinkFault = object({
  from: nodeName,
  to: nodeName,
  isCut: boolean,
  delayMs: range({ min: 0, max: 60_000 }),
  lossPercent: range({ min: 0, max: 100 }),
});
export type NodeLinkFault = TypeOf<typeof nodeLinkFault>;

export const nodeLinkFaults = list(nodeLinkFault, { max: 10_000 });
