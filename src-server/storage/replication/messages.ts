/**
 * What nodes say to each other about a partition, and about the time they grant each other; wire.ts turns it into bytes.
 *
 *   member ──knock─▶ leader
 *   leader ──lead──▶ member ──promise──▶ leader ──follow──▶ member ◀──entries, commit── leader
 *                                            └───replace──▶ member     (its log cannot be continued: a copy comes)
 *   node ◀──beat──▶ node      node ──question──▶ node ──answer──▶ node
 *
 * Between two nodes messages keep their order as long as their link lives, and everything on its way is lost with it.
 */

/** From which entry on a leader of this epoch wrote. */
export interface EpochStart {
  readonly epoch: number;
  readonly startSeq: number;
}

/** The first entry of each epoch has an empty body: it changes nothing and says that the leader is there. */
export interface LogEntry {
  readonly epoch: number;
  readonly seq: number;
  readonly body: Uint8Array;
}

/** How far a replica has come with a copy: all keys before `cursor`, from a source whose log ended at the base. */
export interface Copying {
  readonly baseSeq: number;
  readonly baseEpoch: number;
  readonly epochs: readonly EpochStart[];
  readonly cursor: number;
}

/** What a replica says of its log. */
export interface LogFacts {
  readonly lastSeq: number;
  readonly lastEpoch: number;
  readonly committedSeq: number;
  /** The newest ones, oldest first; who needs an older one to be understood is sent a copy. */
  readonly epochs: readonly EpochStart[];
  /** False: it is no log to continue. It was lost, is damaged, or is being copied. */
  readonly isWhole: boolean;
  /** Not null only where the log is not whole. */
  readonly copying: Copying | null;
}

/** More than a log that is worth continuing has. */
export const EPOCHS_TOLD_MAX = 256;

// --- leader to member ---

/** I lead this epoch: promise it, and tell me of your log. Only the newest attempt on a link counts. */
export interface Lead {
  readonly kind: 'lead';
  readonly partition: number;
  readonly epoch: number;
  readonly attempt: number;
}

/** Take back what lies after this entry; what follows it comes. */
export interface Follow {
  readonly kind: 'follow';
  readonly partition: number;
  readonly epoch: number;
  readonly keepSeq: number;
}

/** Your log cannot be continued: forget it, and take the copy that comes. */
export interface Replace {
  readonly kind: 'replace';
  readonly partition: number;
  readonly epoch: number;
  /** The copy goes on where the one that was promised ended. */
  readonly isContinued: boolean;
}

export interface Entries {
  readonly kind: 'entries';
  readonly partition: number;
  /** Of the leader; an entry may be of an older one. */
  readonly epoch: number;
  /** One at least, without a hole. */
  readonly entries: readonly LogEntry[];
  /** What is committed, as far as the leader knew when it asked for these entries to be sent. */
  readonly committedSeq: number;
}

export interface Commit {
  readonly kind: 'commit';
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
}

/** Whether beats that follow say something of this partition: only while the leader knows that it still is the leader. */
export interface Vouch {
  readonly kind: 'vouch';
  readonly partition: number;
  readonly epoch: number;
  readonly isOn: boolean;
}

// --- member to leader ---

/** Ask me anew: I have just learnt that you lead me, or my log is another one than I said. */
export interface Knock {
  readonly kind: 'knock';
  readonly partition: number;
  readonly epoch: number;
}

/** The answer to `lead`: no older leader is followed from here on. */
export interface LogPromise {
  readonly kind: 'promise';
  readonly partition: number;
  readonly epoch: number;
  readonly attempt: number;
  /** Of the record, as far as the member knows it; −1 for not at all. */
  readonly version: number;
  readonly log: LogFacts;
}

/** I know the record up to this version, and have a copy by it: I shall not drop it for an older one. */
export interface Aware {
  readonly kind: 'aware';
  readonly partition: number;
  readonly epoch: number;
  readonly version: number;
}

/** Everything up to this entry is on the member's disk. */
export interface Ack {
  readonly kind: 'ack';
  readonly partition: number;
  readonly epoch: number;
  readonly seq: number;
}

/** I do not follow you any more, or never did: this newer epoch was promised. What I grant from here on is not for you. */
export interface Fenced {
  readonly kind: 'fenced';
  readonly partition: number;
  readonly epoch: number;
}

// --- node to node ---

/**
 * I live, and had heard of your beats up to this one. For every partition in which I follow you: no other leader for a while
 * from when you sent that. For every one in which I vouch: you know of everything committed before I heard of that.
 */
export interface Beat {
  readonly kind: 'beat';
  readonly number: number;
  /** 0: none on this link. */
  readonly heard: number;
}

/** Do you still follow me? An answer at once, please. Numbers are shared with beats. */
export interface Question {
  readonly kind: 'question';
  readonly number: number;
}

/** In every partition in which I did not say otherwise before this. */
export interface Answer {
  readonly kind: 'answer';
  readonly number: number;
}

export type FromLeader = Lead | Follow | Replace | Entries | Commit | Vouch;
export type FromMember = Knock | LogPromise | Aware | Ack | Fenced;
export type PartitionMessage = FromLeader | FromMember;
export type LeaseMessage = Beat | Question | Answer;
export type Message = PartitionMessage | LeaseMessage;
