/**
 * The ring editor: what would come of staged edits, scenarios beside each other, the rebalance that runs, and those that ran.
 *
 * A preview is of the real ring: sizes are what leaders tell. What nobody told is null, and sums say how many partitions they
 * leave out. What there is of every partition, step and move travels in columns, little-endian, as in `ring-models.ts`; a node
 * in them is its place in the `nodes` of the same message, `NOBODY` none.
 */
import {
  boolean,
  bytes,
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
import { edit, editFault, edits, stagedNode, strategy } from './edit-models.ts';
import { keyPlace, lossChance, ringAt, ringWait } from './ring-models.ts';
import { nodeName } from './storage-models.ts';

const partitionCount = range({ min: 1, max: 16384 });
const version = integer;
/** Of whoever asks: it grows, and comes back with the answer. */
const request = range({ min: 0, max: Number.MAX_SAFE_INTEGER });

// --- what would come of it ---

/** How fast copies may be made. */
export const pace = object({
  /** What a node gives, and what it takes, in a second; null for as fast as it goes. */
  bytesPerSecond: nullable(range({ min: 1, max: Number.MAX_SAFE_INTEGER })),
  /** How many copies a node takes, and how many it gives, at a time. */
  transfersPerNode: range({ min: 1, max: 100 }),
  /** Slower while clients wait longer than they did before. */
  isAdaptive: boolean,
});
export type Pace = TypeOf<typeof pace>;

/** What an operator decides of placement besides nodes. */
export const layoutSettings = object({
  partitionCount,
  replicaCount: integer,
  minInSync: integer,
  strategy,
  overloadPercent: nullable(number),
  tokensPerNode: integer,
  leaders: literal('walk', 'even'),
});
export type LayoutSettings = TypeOf<typeof layoutSettings>;

/** Of what nodes hold for their weight: 1 is what they should. */
const evenness = object({
  maxToMean: number,
  minToMean: number,
  /** Standard deviation ÷ mean. */
  variation: number,
});

/** How even and how risky a table is. */
export const assessment = object({
  replicas: evenness,
  leaders: evenness,
  /** Null where no sizes are known. */
  bytes: nullable(evenness),
  /** Distinct sets of nodes that hold all copies of something. */
  copysets: integer,
  /** For one failure at a time, two, and so on: that all copies of something are gone. */
  loss: list(lossChance),
});
export type Assessment = TypeOf<typeof assessment>;

/** How long it takes at this pace. */
const estimate = object({
  ms: number,
  leastMs: number,
  mostMs: number,
  bytesPerSecond: number,
  /** What that speed is taken from: former rebalances of this ring, or the limit that is set. */
  basis: literal('measured', 'limit'),
});

/** A plan in figures. */
export const planFigures = object({
  movedReplicas: integer,
  /** Null where no sizes are known; else of those partitions whose leaders told them. */
  bytes: nullable(number),
  keys: nullable(number),
  /** Moved partitions whose size nobody told: they are not in the sums. */
  unknownPartitions: integer,
  crossZoneBytes: nullable(number),
  leadersChanged: integer,
  steps: integer,
  /** The least that any table for these nodes and rules moves. */
  least: object({
    replicas: integer,
    bytes: nullable(number),
    /** False where partitions are joined: then it is nearly the least. */
    isExact: boolean,
  }),
  /** Null where nothing is known to take the speed from. */
  estimate: nullable(estimate),
  /** Partitions with more copies in a zone or on a host than an even spread needs: weights or disks are in the way. */
  bentPartitions: integer,
  /** Copies that find no node. */
  unplaced: integer,
  /** Partitions with a moment that has fewer copies, or a worse spread, than before and after. */
  unsafePartitions: integer,
});
export type PlanFigures = TypeOf<typeof planFigures>;

/** Copies from one node to another; sums as in `planFigures`. */
export const pairFlow = object({
  from: nodeName,
  to: nodeName,
  partitions: integer,
  bytes: nullable(number),
  keys: nullable(number),
  isAcrossZones: boolean,
});
export type PairFlow = TypeOf<typeof pairFlow>;

/** One node of the ring as it is or as it would be. */
export const previewNode = object({
  id: nodeName,
  /** Null where it does not belong to the ring then. */
  before: nullable(stagedNode),
  after: nullable(stagedNode),
  /** Whether it is registered with the ensemble now, and whether it is taken out. */
  isAlive: boolean,
  isOut: boolean,
  heldBefore: integer,
  heldAfter: integer,
  ledBefore: integer,
  ledAfter: integer,
  /** Null where no sizes are known. */
  bytesBefore: nullable(number),
  bytesAfter: nullable(number),
  /** The most it holds at any time, and the first step in which it does. */
  peakBytes: nullable(number),
  peakStep: integer,
  bytesIn: nullable(number),
  bytesOut: nullable(number),
});
export type PreviewNode = TypeOf<typeof previewNode>;

/** Moves in the order in which they are planned. */
export const moveColumns = object({
  /** The finer of both numbers of partitions: moves count in it. */
  partitionCount,
  count: integer,
  /** Uint32 for each: the step it belongs to. */
  steps: bytes,
  /** Uint16 for each. */
  partitions: bytes,
  /** Uint16 for each: who takes a copy, who hands over, who sends it, who leads from then on where that changes. */
  to: bytes,
  from: bytes,
  sources: bytes,
  leaders: bytes,
  /** Float64 for each; NaN where nobody told the size. */
  bytes,
  keys: bytes,
});
export type MoveColumns = TypeOf<typeof moveColumns>;

export const stepColumns = object({
  count: integer,
  /** Uint32 for each: how many moves. */
  moves: bytes,
  /** Float64 for each: what is copied, and the most that one node takes or gives. */
  bytes,
  busiest: bytes,
  /** Float64, one for each node, for each step: what it holds at most. */
  peaks: bytes,
});
export type StepColumns = TypeOf<typeof stepColumns>;

/** Uint16, `replicaCount` for each partition: who holds it; the first is to lead. */
export const tableColumns = object({ partitionCount, replicaCount: integer, cells: bytes });
export type TableColumns = TypeOf<typeof tableColumns>;

/** Uint32 positions on the circle, sorted, and Uint16 whose they are; none under `balanced`. */
export const tokenColumns = object({ positions: bytes, nodes: bytes });
export type TokenColumns = TypeOf<typeof tokenColumns>;

/** Why it cannot be started as it is. */
export const obstacle = object({
  kind: literal(
    /** Nothing would be different. */
    'nothing-to-do',
    /** Some edit cannot be done. */
    'faulty-edits',
    /** Partitions of a ring with data are not split or joined yet. */
    'partitions-change',
    /** One at a time. */
    'rebalance-running',
    /** A node would hold more than its cap at some step. */
    'over-cap',
    /** Copies find no node. */
    'unplaced',
    /** Fewer copies than a write needs. */
    'too-few-replicas',
    /** A node that would take copies is not there: it has to be started first. */
    'node-away',
    /** A node has a cap, and nobody told how large its copies would be. */
    'sizes-unknown',
    /** Partitions are still being made. */
    'ring-forming',
    /** There is no connection with the ensemble. */
    'not-connected',
  ),
  /** Null where it is about none in particular. */
  node: nullable(nodeName),
  words: string,
});
export type Obstacle = TypeOf<typeof obstacle>;

/** The ring has moved on since the version that the edits were looked at with; what the same edits do otherwise now. */
export const drift = object({
  from: version,
  to: version,
  /** The latest change of them. */
  by: string,
  why: string,
  atMs: number,
  /** Null where the older ring is not known here any more. */
  difference: nullable(
    object({
      added: integer,
      dropped: integer,
      bytes: nullable(number),
      leadersChanged: integer,
    }),
  ),
});
export type Drift = TypeOf<typeof drift>;

export const stagePreview = object({
  request,
  atMs: number,
  /** The version of the ring that this is a plan for: a start names it. */
  version,
  drift: nullable(drift),
  settingsBefore: layoutSettings,
  settingsAfter: layoutSettings,
  /** Of both sides, by id: what all columns count in. */
  nodes: list(previewNode),
  /** For each edit why it could not be done; null where it was. */
  faults: list(nullable(editFault)),
  obstacles: list(obstacle),
  tableBefore: tableColumns,
  tableAfter: tableColumns,
  tokensBefore: tokenColumns,
  tokensAfter: tokenColumns,
  figures: planFigures,
  /** Who sends to whom: what the network sees. */
  streams: list(pairFlow),
  /** The same partitions from whoever hands over: what changes hands. */
  handovers: list(pairFlow),
  steps: stepColumns,
  moves: moveColumns,
  before: assessment,
  after: assessment,
  /** When the oldest of the sizes was told; null where none are known. */
  measuredAtMs: nullable(number),
  /** Partitions whose copies are not where they are wanted yet: all figures are reckoned as if they were. */
  unsettledPartitions: integer,
  /** What the ring's own pace is, and how long what was moved away is kept. */
  ringPace: pace,
  graceMs: number,
});
export type StagePreview = TypeOf<typeof stagePreview>;

export const previewRequest = object({
  ...ringAt,
  request,
  edits,
  /** The version that whoever edits looked at; null for the first time. */
  basedOn: nullable(version),
  /** Null: as the ring is set. */
  pace: nullable(pace),
});

/** While something is dragged, what is asked for last is answered; what it overtakes is not reckoned any more. */
export const previewAnswer = union('kind', {
  preview: object({ kind: literal('preview'), preview: stagePreview }),
  overtaken: object({ kind: literal('overtaken'), request }),
});

/** Where a key lies, now and once the edits are carried out. */
export const stagedPlace = object({
  place: keyPlace,
  /** Who holds it, the first to lead. */
  before: object({ partition: integer, nodes: list(nodeName) }),
  after: object({ partition: integer, nodes: list(nodeName) }),
});
export type StagedPlace = TypeOf<typeof stagedPlace>;

// --- scenarios ---

const scenarioKind = literal(
  /** What is staged, as it is. */
  'staged',
  /** The same nodes, with the settings under which fewest bytes move. */
  'least-movement',
  /** The same nodes, with the settings under which bytes, or replicas where none are known, lie evenest. */
  'best-balance',
  /** What is staged, and then everything in a zone, or one node, is gone for good. */
  'lose-zone',
  'lose-node',
);

export const scenario = object({
  kind: scenarioKind,
  /** `region/zone` or the node's id; null for the others. */
  subject: nullable(string),
  /** What to stage for it to be as it is here. */
  edits: list(edit),
  settings: layoutSettings,
  /** Null where those who are left cannot hold anything. */
  figures: nullable(planFigures),
  /** The most that a node holds at any time for its cap: 1 is full. Null where nobody has one, or no sizes are known. */
  fullest: nullable(object({ node: nodeName, part: number })),
  after: nullable(assessment),
  /** Of a loss: partitions that get another leader, and those of which no copy would be left. */
  failOvers: integer,
  lostPartitions: integer,
  obstacles: list(obstacle),
});
export type Scenario = TypeOf<typeof scenario>;

/** What is to be lost in a scenario. */
export const loss = union('kind', {
  zone: object({ kind: literal('zone'), region: text({ max: 200 }), zone: text({ max: 200 }) }),
  node: object({ kind: literal('node'), id: nodeName }),
});
export type Loss = TypeOf<typeof loss>;

export const scenarios = object({ version, scenarios: list(scenario) });

// --- the file ---

/** What a layout file says is wrong with it, where. */
const fileProblem = object({
  /** From 1; of the field, or of where the text stops being JSON. */
  line: integer,
  column: integer,
  /** `nodes[2].weight`; empty for the file as a whole. */
  field: string,
  words: string,
});

export const layoutText = text({ max: 8_000_000 });

/** What has to be staged for the ring to be as the file says; none where it is. */
export const importedLayout = union('kind', {
  edits: object({ kind: literal('edits'), edits: list(edit) }),
  problem: object({ kind: literal('problem'), problem: fileProblem }),
});
export type ImportedLayout = TypeOf<typeof importedLayout>;

// --- the rebalance that runs ---

export const rebalanceName = text({ max: 64 });

export const rebalancePhase = literal(
  'running',
  'paused',
  /** All copies are made and leaders moved; copies are compared, and old ones wait for the grace to pass. */
  'settling',
  'done',
  'cancelled',
  'undone',
  'failed',
);
export type RebalancePhase = TypeOf<typeof rebalancePhase>;

/** What came of it. */
const rebalanceOutcome = object({
  bytesMoved: number,
  partitionsMoved: integer,
  tookMs: number,
  /** Whether every copy of what was moved held the same; false also for a cache, whose copies are not compared. */
  digestsEqual: boolean,
});

/** What was planned when it was started. */
const plannedFigures = object({
  bytes: nullable(number),
  keys: nullable(number),
  movedReplicas: integer,
  leastReplicas: integer,
  leastBytes: nullable(number),
  leadersChanged: integer,
  crossZoneBytes: nullable(number),
  estimateMs: nullable(number),
  errorMs: nullable(number),
  steps: integer,
  pairs: list(
    object({ from: nodeName, to: nodeName, bytes: nullable(number), partitions: integer }),
  ),
  peaks: list(object({ node: nodeName, bytes: nullable(number), capBytes: nullable(number) })),
});

/** A rebalance of now or of then, without its tables. */
export const rebalanceSummary = object({
  name: rebalanceName,
  /** Of the ring before it. */
  version,
  by: string,
  why: string,
  atMs: number,
  edits: list(edit),
  planned: plannedFigures,
  /** Null where nobody knows any more what became of it. */
  phase: nullable(rebalancePhase),
  /** Why it is in this phase, in words; empty where nobody gave a reason. */
  phaseWhy: string,
  changedAtMs: nullable(number),
  outcome: nullable(rebalanceOutcome),
});
export type RebalanceSummary = TypeOf<typeof rebalanceSummary>;

const pairProgress = object({
  from: nodeName,
  to: nodeName,
  /** Null where no sizes are known. */
  bytesDone: nullable(number),
  bytesTotal: nullable(number),
  partitionsDone: integer,
  partitionsTotal: integer,
});

const runningCopy = object({
  partition: integer,
  from: nodeName,
  to: nodeName,
  bytesDone: number,
  /** Null before it is known. */
  bytesTotal: nullable(number),
  bytesPerSecond: nullable(number),
});

export const rebalanceRun = object({
  summary: rebalanceSummary,
  pace,
  /** Which of both placements it goes to: `before` once somebody undoes it. */
  goal: literal('after', 'before'),
  startedAtMs: number,
  /** How long it was paused, in all. */
  pausedMs: number,
  /** Until when undoing copies only what came in since; null before it settles, and after. */
  graceUntilMs: nullable(number),
  canPause: boolean,
  canResume: boolean,
  canCancel: boolean,
  canUndo: boolean,
  partitionsDone: integer,
  partitionsTotal: integer,
  bytesDone: nullable(number),
  bytesTotal: nullable(number),
  /** Partitions whose copies were compared and hold the same. */
  verified: integer,
  pairs: list(pairProgress),
  running: list(runningCopy),
  bytesPerSecond: nullable(number),
  leftMs: nullable(number),
  waits: list(ringWait),
});
export type RebalanceRun = TypeOf<typeof rebalanceRun>;

export const rebalanceNow = object({
  atMs: number,
  /** Whether it is kept up with the ensemble. */
  isCurrent: boolean,
  /** The one that runs, or that ended last; null where there was none yet. */
  run: nullable(rebalanceRun),
});
export type RebalanceNow = TypeOf<typeof rebalanceNow>;

// --- those that ran ---

/** A rebalance as it can be shown again on the circle: the ring before, and move by move what was planned. */
export const rebalanceReplay = object({
  summary: rebalanceSummary,
  settingsBefore: layoutSettings,
  settingsAfter: layoutSettings,
  nodes: list(object({ id: nodeName, before: nullable(stagedNode), after: nullable(stagedNode) })),
  tableBefore: tableColumns,
  tableAfter: tableColumns,
  tokensBefore: tokenColumns,
  tokensAfter: tokenColumns,
  stepCount: integer,
  moves: moveColumns,
});
export type RebalanceReplay = TypeOf<typeof rebalanceReplay>;

// --- orders ---

const reason = text({ max: 500 });

export const rebalanceStart = object({
  ...ringAt,
  /** Of the preview: a plan for a ring that has moved on is refused as `ring-moved`. */
  version,
  edits,
  why: reason,
  pace,
});

/** To the rebalance of this name and no other. */
export const rebalanceOrder = object({ ...ringAt, name: rebalanceName, why: reason });
