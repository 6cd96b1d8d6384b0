/**
 * What a member keeps: its state, the log and the snapshots behind it, its epochs. Carries out the core's effects on them and
 * reports what came of it, each report in a turn of its own.
 *
 *   append ─▶ log ──────────▶ durable        settle, truncate, saveSnapshot, epochs: one after the other,
 *      └▶ unapplied ─ commit ─▶ state         each when everything before it is on disk
 *
 * A decision may come before its transaction is on this disk (Z5); it is applied then, too. What must not know of it before the
 * log does, snapshots, waits for the log.
 */
import { assert } from '../../base/assert.ts';
import { Fifo } from '../../base/fifo.ts';
import type { Zxid } from '../../base/zxid.ts';
import { Reader } from '../../bytes/reader.ts';
import { Writer } from '../../bytes/writer.ts';
import type { Limits } from '../../config/limits.ts';
import type { Settings } from '../../config/settings.ts';
import { DiskError } from '../../platform/disk.ts';
import type { Metrics } from '../../platform/metrics.ts';
import type { Platform } from '../../platform/platform.ts';
import {
  Journal,
  type ReceivedSnapshot,
  type Recovered,
  type RecoveryProgress,
} from '../journal/journal.ts';
import { JournalError } from '../journal/journal-error.ts';
import type { Outcome } from '../model/outcome.ts';
import type { Txn } from '../model/txn.ts';
import type { Machine } from '../state/machine.ts';
import { adoptData, readTxn, writeTxn } from '../wire/txns.ts';
import type { Append, Apply, Effect, ReceiveSnapshot, SendSnapshot } from '../zab/effects.ts';
import type { Event, LinkId } from '../zab/events.ts';
import { type Proposal, UNTRUSTED_ZXID } from '../zab/messages.ts';
import { Housekeeping } from './housekeeping.ts';
import { ImageReceipt, ImageSlices } from './image-transfer.ts';
import { journalOptions } from './journal-options.ts';
import type { Link } from './link.ts';
import { Loading, newMachine, noteLoaded } from './loading.ts';
import { LogSupply } from './log-supply.ts';
import { attempting, OneByOne, type Work } from './one-by-one.ts';

/** What of the core's wishes is this room's. */
export type StorageEffect = Extract<
  Effect,
  {
    readonly kind:
      | 'settle'
      | 'append'
      | 'commit'
      | 'apply'
      | 'storeAcceptedEpoch'
      | 'storeCurrentEpoch'
      | 'truncate'
      | 'receiveSnapshot'
      | 'saveSnapshot'
      | 'sendSnapshot'
      | 'readLog';
  }
>;

export interface StorageListener {
  /**
   * For the core, in a turn of its own: the ends of what was carried out, and `linkDown` for a link that was closed here
   * because the image on it did not come or could not be read.
   */
  event(event: Event): void;
  /** A transaction was applied by `commit` or `apply`. */
  applied(txn: Txn, outcome: Outcome): void;
  /** Another machine took the place of the one before: read from the disk again, or received. */
  replaced(machine: Machine): void;
  /** Nobody knows what is durable any more: the member must stop. */
  fatal(error: Error): void;
}

export interface StorageParts {
  readonly settings: Settings;
  readonly limits: Limits;
  readonly platform: Platform;
  readonly metrics: Metrics;
  /** Null for a link that is closed. */
  readonly linkById: (id: LinkId) => Link | null;
  readonly onProgress: (progress: RecoveryProgress) => void;
  /** Requests that clients of this member have made so far. */
  readonly requests: () => number;
}

/** How long to wait before a full disk is tried again. */
const RETRY_MS = 500;

const LOST_DATABASE =
  'there is no database here, and it may not be new (db.autocreate); this member has no say until another has filled it';

const NOBODY: StorageListener = {
  event: () => undefined,
  applied: () => undefined,
  replaced: () => undefined,
  fatal: () => undefined,
};

interface Prepared {
  readonly txn: Txn;
  readonly payload: Uint8Array;
}

export class Storage {
  readonly #parts: StorageParts;
  readonly #hashSeed: number;
  readonly #journal: Journal;
  readonly #housekeeping: Housekeeping;
  readonly #supply: LogSupply;
  readonly #recovered: Recovered;
  readonly #recent: readonly Proposal[];
  readonly #encoding = new Writer();
  /** Of this role, and not yet appended. */
  readonly #prepared = new Map<Zxid, Prepared>();
  /** Appended and not applied, in order. */
  readonly #unapplied = new Fifo<Txn>(1024);
  readonly #works = new OneByOne();
  #listener = NOBODY;
  #machine: Machine;
  #lastZxid: Zxid;
  #acceptedEpoch: number;
  #currentEpoch: number;
  #receipt: ImageReceipt | null = null;
  /** The image that was received, as a file that has no name yet. */
  #received: ReceivedSnapshot | null = null;
  /** Counts roles: what is tried again and again is given up when its role ends. */
  #role = 0;
  #isSettling = false;
  /** A database that is empty is new, and not one that was lost. */
  readonly #mayBegin: boolean;
  /** Nothing of this database is on disk yet, and a log without a snapshot would not be taken for one. */
  #isNew: boolean;
  #isStopped = false;

  /** @throws JournalError for a data directory that cannot be used */
  static open(parts: StorageParts): Storage {
    return new Storage(parts);
  }

  private constructor(parts: StorageParts) {
    const { settings, platform, linkById, onProgress } = parts;
    const { clock, logger, entropy } = platform;
    this.#parts = parts;
    this.#hashSeed = entropy.uint32();
    this.#journal = new Journal(journalOptions(parts));
    const loading = this.#newLoading(settings.commitLogCount);
    const startedMs = clock.nowMs();
    const recovered = this.#journal.recover(loading, onProgress, { upTo: null, isMember: true });
    const epochs = this.#journal.takeUpEpochs(recovered.lastZxid);
    this.#recovered = recovered;
    this.#recent = loading.recent(recovered);
    this.#machine = loading.finish(recovered);
    this.#lastZxid = recovered.lastZxid;
    this.#acceptedEpoch = epochs.accepted;
    this.#currentEpoch = epochs.current;
    this.#mayBegin = this.#journal.takeLeaveToBegin() || settings.dbAutocreate;
    this.#isNew = recovered.snapshotZxid === null;
    noteLoaded(this.#machine, recovered, { ...this.#parts, tookMs: clock.nowMs() - startedMs });
    if (this.#isLost) logger.warn(LOST_DATABASE, { directory: settings.dataDir });
    this.#housekeeping = new Housekeeping({
      settings,
      clock,
      machine: () => this.#machine,
      journal: this.#journal,
      seed: entropy.uint32(),
    });
    this.#housekeeping.maySnapshot = false;
    this.#housekeeping.onLogged(recovered.txnsReplayed);
    this.#housekeeping.start();
    this.#supply = new LogSupply({
      journal: this.#journal,
      clock,
      logger,
      linkById,
      shareMax: settings.snapshotSizeFactor,
      lastZxid: () => this.#lastZxid,
      report: (event) => this.#report(event),
    });
    this.#journal.onDurable({
      durable: (txns) => this.#onDurable(txns.at(-1)!.zxid),
      fatal: (error) => this.#stop(error),
      room: () => this.#reportRoom(),
    });
  }

  listen(listener: StorageListener): void {
    this.#listener = listener;
    if (this.#journal.room !== 'ok') this.#reportRoom();
  }

  #reportRoom(): void {
    this.#report({ kind: 'room', hasRoom: this.#journal.room === 'ok' });
  }

  // --- what may be asked ---

  get machine(): Machine {
    return this.#machine;
  }

  get journal(): Journal {
    return this.#journal;
  }

  get recovered(): Recovered {
    return this.#recovered;
  }

  get acceptedEpoch(): number {
    return this.#acceptedEpoch;
  }

  get currentEpoch(): number {
    return this.#currentEpoch;
  }

  /** The end of the history here, applied or not. */
  get lastZxid(): Zxid {
    return this.#lastZxid;
  }

  /** There is no database where one was: whatever this member acknowledged, it has forgotten. */
  get #isLost(): boolean {
    return this.#isNew && !this.#mayBegin;
  }

  /** The end of the log as recovery saw it. */
  get recent(): readonly Proposal[] {
    return this.#recent;
  }

  /** Snapshots now and then, from here on or not: in broadcast only, or what they hold might yet be cut. */
  set mayTakeSnapshots(may: boolean) {
    this.#housekeeping.maySnapshot = may;
  }

  /** Encodes a transaction prepared here: its record in the log and its payload for the peers. */
  prepared(txn: Txn): Uint8Array {
    const writer = this.#encoding;
    writer.clear();
    writeTxn(writer, txn);
    const payload = writer.copy();
    adoptData(txn, payload, 0);
    this.#prepared.set(txn.zxid, { txn, payload });
    return payload;
  }

  /** Waits for what is under way, as far as the disk takes it; nothing is reported any more. */
  async close(): Promise<void> {
    this.#end();
    await this.#journal.close();
  }

  // --- effects ---

  carryOut(effect: StorageEffect): void {
    if (this.#isStopped) return;
    switch (effect.kind) {
      case 'append':
        this.#append(effect);
        return;
      case 'commit':
        this.#commit(effect.zxid);
        return;
      case 'apply':
        this.#applyOnly(effect);
        return;
      case 'settle':
        this.#settle(effect.reload);
        return;
      case 'storeAcceptedEpoch':
        this.#storeEpoch('accepted', effect.epoch);
        return;
      case 'storeCurrentEpoch':
        this.#storeEpoch('current', effect.epoch);
        return;
      case 'truncate':
        this.#truncate(effect.zxid);
        return;
      case 'receiveSnapshot':
        this.#receiveSnapshot(effect);
        return;
      case 'saveSnapshot':
        this.#saveSnapshot(effect.zxid);
        return;
      case 'sendSnapshot':
        this.#sendSnapshot(effect);
        return;
      case 'readLog':
        this.#supply.read(effect);
    }
  }

  // --- transactions ---

  #append({ zxid, payload }: Append): void {
    assert(
      !this.#works.isBusy,
      'Z8: nothing is appended while history is being settled or rewritten',
    );
    assert(zxid > this.#lastZxid, 'Z4: the log grows');
    const txn = this.#takePrepared(zxid, payload) ?? this.#decode(zxid, payload);
    if (txn === null) return;
    this.#lastZxid = zxid;
    this.#unapplied.push(txn);
    this.#journal.appendEncoded(txn, payload);
    this.#housekeeping.onLogged();
  }

  #commit(zxid: Zxid): void {
    const txn = this.#unapplied.shift();
    assert(txn?.zxid === zxid, 'Z5: decisions come in the order of the log');
    this.#listener.applied(txn, this.#machine.apply(txn));
  }

  #applyOnly({ zxid, payload }: Apply): void {
    const txn = this.#decode(zxid, payload);
    if (txn === null) return;
    this.#lastZxid = zxid;
    this.#listener.applied(txn, this.#machine.apply(txn));
  }

  #takePrepared(zxid: Zxid, payload: Uint8Array): Txn | null {
    const prepared = this.#prepared.get(zxid);
    if (prepared?.payload !== payload) return null;
    this.#prepared.delete(zxid);
    return prepared.txn;
  }

  #decode(zxid: Zxid, payload: Uint8Array): Txn | null {
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    const txn = readTxn(new Reader().reset(bytes, 0, bytes.length));
    if (txn?.zxid === zxid) return txn;
    this.#stop(
      new Error(`the leader's transaction ${zxid.toString(16)} is none that is known here`),
    );
    return null;
  }

  #onDurable(zxid: Zxid): void {
    if (!this.#isSettling && !this.#isStopped) this.#listener.event({ kind: 'durable', zxid });
  }

  // --- the end of a role ---

  #settle(reload: boolean): void {
    this.#role++;
    this.#isSettling = true;
    this.#prepared.clear();
    this.#supply.end();
    this.#giveUpImage();
    this.#machine.abandonPending();
    // One that is being written must not see what is applied now: it is not decided.
    this.#housekeeping.postpone();
    this.#whenQuiet((end) =>
      this.#begin(() => {
        if (reload) this.#reload();
        else this.#applyRest();
        this.#report({
          kind: 'settled',
          zxid: this.#isLost ? (UNTRUSTED_ZXID as Zxid) : this.#machine.lastZxid,
          jitter: this.#parts.platform.entropy.uint32() / 0x1_0000_0000,
        });
        this.#isSettling = false;
        end();
      }),
    );
  }

  #applyRest(): void {
    for (let txn = this.#unapplied.shift(); txn !== undefined; txn = this.#unapplied.shift())
      this.#machine.apply(txn);
    this.#lastZxid = this.#machine.lastZxid;
  }

  #reload(): void {
    this.#unapplied.clear();
    const { clock } = this.#parts.platform;
    const startedMs = clock.nowMs();
    const loading = this.#newLoading(0);
    try {
      const { onProgress } = this.#parts;
      const recovered = this.#journal.recover(loading, onProgress, { upTo: null, isMember: true });
      this.#replace(loading.finish(recovered));
      noteLoaded(this.#machine, recovered, { ...this.#parts, tookMs: clock.nowMs() - startedMs });
    } catch (error) {
      if (!(error instanceof JournalError || error instanceof DiskError)) throw error;
      this.#stop(error);
    }
  }

  #replace(machine: Machine): void {
    this.#machine = machine;
    this.#lastZxid = machine.lastZxid;
    this.#listener.replaced(machine);
  }

  /** Makes a new database one that is on disk. */
  #begin(then: () => void): void {
    // A lost one must not look as if it had been empty, or the next start would believe it.
    if (!this.#isNew || this.#isLost) {
      then();
      return;
    }
    const machine = this.#machine;
    this.#insist(
      (done) =>
        this.#journal.snapshot({
          zxid: machine.lastZxid,
          source: machine.walkImage(),
          digest: () => machine.digestNow,
          done,
        }),
      (isDone) => {
        if (isDone) this.#isNew = false;
        then();
      },
    );
  }

  // --- epochs ---

  #storeEpoch(which: 'accepted' | 'current', epoch: number): void {
    const store = (): void => {
      this.#journal.storeEpoch(which, epoch);
      if (which === 'accepted') this.#acceptedEpoch = epoch;
      else this.#currentEpoch = epoch;
    };
    this.#works.run((end) =>
      this.#insist(attempting(store), (isDone) => {
        if (isDone)
          this.#report({
            kind: which === 'accepted' ? 'acceptedEpochStored' : 'currentEpochStored',
            epoch,
          });
        end();
      }),
    );
  }

  // --- another history ---

  #truncate(zxid: Zxid): void {
    const cut = (): void => {
      const loading = this.#newLoading(0);
      const recovered = this.#journal.truncate(zxid, loading, this.#parts.onProgress);
      if (recovered === null || this.#isStopped) return;
      this.#unapplied.clear();
      this.#replace(loading.finish(recovered));
    };
    this.#whenQuiet((end) =>
      this.#insist(attempting(cut), (isDone) => {
        if (isDone) this.#report({ kind: 'truncated', zxid: this.#lastZxid });
        end();
      }),
    );
  }

  #receiveSnapshot({ link: id, zxid, idleMs }: ReceiveSnapshot): void {
    const { linkById, platform, settings } = this.#parts;
    const link = linkById(id);
    if (link === null) return;
    const { clock, logger } = platform;
    this.#giveUpImage();
    const receipt = new ImageReceipt({
      link,
      machine: newMachine(settings, this.#hashSeed),
      copy: this.#journal.receive(zxid),
      zxid,
      idleMs,
      clock,
      onWhole: (machine, copy) =>
        clock.defer(() => {
          if (this.#receipt !== receipt || this.#isStopped) return;
          this.#receipt = null;
          this.#received = copy;
          this.#unapplied.clear();
          this.#replace(machine);
          this.#listener.event({ kind: 'snapshotReceived', link: id });
          link.resume();
        }),
      onFailed: (reason) => {
        logger.warn('the image of the leader could not be received', { why: reason });
        this.#report({ kind: 'linkDown', link: id });
      },
    });
    this.#receipt = receipt;
    receipt.begin();
  }

  #giveUpImage(): void {
    this.#receipt?.cancel();
    this.#receipt = null;
    this.#received?.discard();
    this.#received = null;
  }

  #saveSnapshot(zxid: Zxid): void {
    assert(zxid === this.#machine.lastZxid, 'Z6: what is saved is what was received');
    const machine = this.#machine;
    this.#whenQuiet((end) =>
      this.#insist(
        (done) => {
          // Where the file could not be written, the state is, once there is room.
          const received = this.#received;
          this.#received = null;
          if (received?.zxid === zxid) this.#journal.replaceBy(received, done);
          else
            this.#journal.replace({
              zxid,
              source: machine.walkImage(),
              digest: () => machine.digestNow,
              done,
            });
        },
        (isDone) => {
          if (isDone) {
            this.#isNew = false;
            this.#report({ kind: 'snapshotSaved', zxid });
          }
          end();
        },
      ),
    );
  }

  #sendSnapshot({ link: id, zxid }: SendSnapshot): void {
    const link = this.#parts.linkById(id);
    if (link === null) return;
    link.send({ kind: 'snap', zxid });
    const { platform, requests } = this.#parts;
    const machine = this.#machine;
    const slices = new ImageSlices(
      machine.walkImage(),
      platform.clock,
      () => requests() + machine.lastZxid,
    );
    link.sendImage(slices, () => this.#report({ kind: 'snapshotSent', link: id }));
  }

  // --- one thing after the other ---

  /** Once everything appended is durable and nobody makes or removes files. */
  #whenQuiet(work: Work): void {
    this.#works.run((end) =>
      this.#journal.quiesce(() => {
        if (!this.#isStopped) work(end);
      }),
    );
  }

  /** Tries again while the disk is full and the role that wants it goes on; `end` is told whether it was done. */
  #insist(
    work: (done: (error: DiskError | null) => void) => void,
    end: (isDone: boolean) => void,
  ): void {
    const role = this.#role;
    const { clock, logger } = this.#parts.platform;
    const attempt = (): void => {
      if (this.#isStopped) return;
      if (role !== this.#role) {
        end(false);
        return;
      }
      work((error) => {
        if (this.#isStopped) return;
        if (error === null) {
          end(true);
        } else if (error.code === 'full') {
          logger.warn('the disk is full; this is tried again', { problem: error.message });
          clock.after(RETRY_MS, attempt);
        } else {
          this.#stop(error);
        }
      });
    };
    attempt();
  }

  // --- reports ---

  /** In the order they are made, and never from within a call of the core's owner. */
  #report(event: Event): void {
    this.#parts.platform.clock.defer(() => {
      if (!this.#isStopped) this.#listener.event(event);
    });
  }

  /** Told at once: from here on effects are not carried out, and a member that went on would answer for what they were to do. */
  #stop(error: Error): void {
    if (this.#isStopped) return;
    this.#end();
    this.#listener.fatal(error);
  }

  #end(): void {
    this.#isStopped = true;
    this.#works.stop();
    this.#housekeeping.stop();
    this.#supply.end();
    this.#giveUpImage();
  }

  #newLoading(recentMax: number): Loading {
    return new Loading({
      settings: this.#parts.settings,
      hashSeed: this.#hashSeed,
      recentMax,
    });
  }
}
