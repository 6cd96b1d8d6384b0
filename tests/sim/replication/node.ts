/**
 * A storage node around the core: what its composition does in production, on a simulated disk, network and clock. A turn takes
 * in what arrived, reads the clock, steps, and carries effects out; a sync ends later.
 */
import { assert } from '../../../src-server/base/assert.ts';
import type { Prng } from '../../../src-server/base/prng.ts';
import { type Effect, Effects } from '../../../src-server/storage/replication/effects.ts';
import type { Copying, Message } from '../../../src-server/storage/replication/messages.ts';
import type { PartitionReplica } from '../../../src-server/storage/replication/partition.ts';
import { type ReplicaEvent, Replicas } from '../../../src-server/storage/replication/replicas.ts';
import type { ReplicationSettings } from '../../../src-server/storage/replication/settings.ts';
import type { NodeId } from '../../../src-server/storage/ring/topology.ts';
import type { Agenda } from '../zab/agenda.ts';
import type { ControlListener, SimControl, Znode } from './control.ts';
import type { SimDisk } from './disk.ts';
import type { Judge } from './judge.ts';
import type { Port, SimNetwork } from './network.ts';
import { bodyOf } from './store.ts';

/** A piece of a copy, or that it has been taken. */
export type CopyMessage =
  | {
      readonly kind: 'copy';
      readonly partition: number;
      readonly epoch: number;
      readonly copying: Copying;
      readonly keys: readonly (readonly [number, number])[];
      readonly isLast: boolean;
    }
  | {
      readonly kind: 'copied';
      readonly partition: number;
      readonly epoch: number;
      readonly cursor: number;
    };

export type NetMessage = Message | CopyMessage;

/** How a write or a read ended; a client of a node that falls is told nothing. */
export type Outcome = 'done' | 'refused' | 'uncertain';

interface Write {
  readonly id: number;
  readonly seq: number;
  readonly epoch: number;
  readonly floor: number;
  readonly giveUpMs: number;
  readonly onEnd: (outcome: Outcome) => void;
}

interface Read {
  readonly token: number;
  readonly floor: number;
  readonly giveUpMs: number;
  readonly onEnd: (outcome: Outcome) => void;
}

export interface World {
  readonly agenda: Agenda;
  readonly prng: Prng;
  readonly network: SimNetwork<NetMessage>;
  readonly control: SimControl;
  readonly judge: Judge;
  readonly settings: ReplicationSettings;
  readonly minInSync: number;
  isStorm(): boolean;
  /** What is broken on purpose. */
  readonly sabotage: { readonly acknowledgesUnsynced?: boolean };
  /** Of the nodes in sync by the record, what their disks hold. */
  onCommit(partition: number): void;
}

const KEYS_A_CHUNK = 2;
const ENTRIES_A_PIECE = 5;
const PATIENCE_MS = 4000;

export class SimNode implements Port<NetMessage>, ControlListener {
  readonly id: NodeId;
  readonly incarnation: number;
  readonly disk: SimDisk;
  readonly replicas: Replicas;
  isRunning = true;
  pausedUntilMs = 0;
  syncDelayMs = 1;
  readonly #world: World;
  readonly #rate: number;
  readonly #inbox: (() => void)[] = [];
  readonly #effects = new Effects();
  readonly #writes = new Map<number, Write[]>();
  readonly #leaseReads = new Map<number, Read[]>();
  readonly #strictReads = new Map<number, Read[]>();
  readonly #outgoing = new Map<string, Copying>();
  readonly #establishedIn = new Map<number, number>();
  readonly #installedMarks = new Map<number, number>();
  /** Sends that leave when the turn has ended. */
  #out: (() => void)[] = [];
  #token = 0;
  #plannedMs = Infinity;
  #syncedMark = 0;
  #isSyncing = false;

  constructor(parts: {
    id: NodeId;
    incarnation: number;
    disk: SimDisk;
    world: World;
    rate: number;
  }) {
    this.id = parts.id;
    this.incarnation = parts.incarnation;
    this.disk = parts.disk;
    this.#world = parts.world;
    this.#rate = parts.rate;
    const { settings } = parts.world;
    const isUnbroken = (): boolean => true;
    const { id: node } = parts;
    const incarnation = (): number => this.incarnation;
    this.replicas = new Replicas({ node, incarnation, settings, isUnbroken });
    this.replicas.tick(this.nowMs, this.#effects);
    for (const partition of this.disk.partitions) {
      this.replicas.open(partition, this.disk.get(partition)!.facts);
    }
    this.#syncedMark = this.disk.mark;
    parts.world.network.attach(this.id, this);
    parts.world.control.register(this.id, this.incarnation, this);
    this.#plan(0);
  }

  /** This node's clock runs at its own rate. */
  get nowMs(): number {
    return this.#world.agenda.nowMs * this.#rate;
  }

  /** The process is gone, and its memory. */
  kill(): void {
    this.isRunning = false;
    const { network, control } = this.#world;
    network.detach(this.id);
    control.onProcessEnd(this.id);
    const waiting = [
      ...this.#writes.values(),
      ...this.#leaseReads.values(),
      ...this.#strictReads.values(),
    ];
    for (const { onEnd } of waiting.flat()) onEnd('uncertain');
  }

  pause(untilMs: number): void {
    this.pausedUntilMs = Math.max(this.pausedUntilMs, untilMs);
  }

  // --- what arrives ---

  onUp(peer: NodeId): void {
    this.#arrive(() => this.replicas.linkUp(peer, this.#effects));
  }

  onDown(peer: NodeId): void {
    this.#arrive(() => this.replicas.linkDown(peer, this.#effects));
  }

  onMessage(from: NodeId, message: NetMessage): void {
    this.#arrive(() => {
      if (message.kind === 'copy') this.#onCopy(from, message);
      else if (message.kind === 'copied') {
        this.#sendCopy(from, message.partition, message.epoch, message.cursor);
      } else this.replicas.message(from, message, this.#effects);
    });
  }

  onRecord(partition: number, { state, version }: Znode): void {
    this.#arrive(() => {
      const { minInSync } = this.#world;
      const isCopy = state.replicas.includes(this.id) || state.learners.includes(this.id);
      const replica = this.replicas.get(partition);
      if (replica === null && !isCopy) return;
      if (replica === null) this.replicas.open(partition, this.disk.get(partition)?.facts ?? null);
      this.#step(partition, { kind: 'assigned', state, version, minInSync });
      this.#carryOut();
      if (isCopy || this.replicas.get(partition)?.role !== 'idle') return;
      this.replicas.close(partition);
      this.disk.change(partition, null);
    });
  }

  #arrive(task: () => void): void {
    this.#inbox.push(task);
    this.#plan(this.#world.prng.below(10) / 10);
  }

  #plan(delayMs: number): void {
    const { agenda } = this.#world;
    const atMs = Math.max(agenda.nowMs + delayMs, this.pausedUntilMs);
    if (atMs >= this.#plannedMs) return;
    this.#plannedMs = atMs;
    agenda.at(atMs, () => {
      if (this.#plannedMs !== atMs || !this.isRunning) return;
      this.#plannedMs = Infinity;
      if (this.pausedUntilMs > agenda.nowMs) this.#plan(0);
      else this.#turn();
    });
  }

  // --- the turn ---

  #turn(): void {
    const { agenda, prng } = this.#world;
    const { nowMs } = this;
    // Stopped in the middle of a turn, after the clock was read: what it has to say leaves much later.
    const isStopped = this.#world.isStorm() && prng.chance(0.0005);
    if (isStopped) this.pause(agenda.nowMs + prng.between(500, 6000));
    this.replicas.tick(nowMs, this.#effects);
    this.#carryOut();
    for (const task of this.#inbox.splice(0)) {
      task();
      this.#carryOut();
    }
    this.replicas.turnEnd(this.#effects);
    this.#carryOut();
    this.#answerReads();
    this.#giveUp();
    this.#sync();
    const out = this.#out;
    this.#out = [];
    if (!isStopped) for (const send of out) send();
    else {
      agenda.at(this.pausedUntilMs, () => {
        if (this.isRunning) for (const send of out) send();
      });
    }
    const wakeMs = Math.max(0, (this.replicas.wakeAtMs - nowMs) / this.#rate);
    this.#plan(Math.min(Number.isFinite(wakeMs) ? wakeMs + 0.01 : 100, 100));
  }

  #step(partition: number, event: ReplicaEvent): void {
    this.replicas.step(partition, event, this.#effects);
  }

  #carryOut(): void {
    const { list } = this.#effects;
    // A list that grows while it is carried out: reports of what is done at once are stepped in between.
    for (let i = 0; i < list.length; i++) this.#do(list[i]!);
    this.#effects.clear();
  }

  #do(effect: Effect): void {
    const { network, control, judge, agenda } = this.#world;
    switch (effect.kind) {
      case 'create':
        this.disk.change(effect.partition, { kind: 'create' });
        return;
      case 'append':
        this.disk.change(effect.partition, { kind: 'append', entries: effect.entries });
        return;
      case 'truncate':
        this.disk.change(effect.partition, { kind: 'truncate', seq: effect.seq });
        return;
      case 'committed':
        this.#onCommitted(effect.partition, effect.seq);
        return;
      case 'discarded':
        this.#endWrites(effect.partition, (write) => {
          const { epoch, fromSeq, toSeq } = effect;
          if (write.epoch !== epoch || write.seq < fromSeq || write.seq > toSeq) return null;
          judge.onDiscarded(effect.partition, write.id);
          return 'refused';
        });
        return;
      case 'inDoubt':
        this.#endWrites(effect.partition, ({ seq }) =>
          seq >= effect.fromSeq ? 'uncertain' : null,
        );
        return;
      case 'send':
        this.#out.push(() => network.send(this.id, effect.to, effect.message));
        return;
      case 'sendEntries': {
        const { partition, to, epoch, fromSeq, toSeq, committedSeq } = effect;
        const entries = this.disk.get(partition)!.read(fromSeq, toSeq, ENTRIES_A_PIECE);
        if (entries === 'gone') {
          this.#step(partition, { kind: 'entriesGone', to });
          return;
        }
        const message = { kind: 'entries', partition, epoch, entries, committedSeq } as const;
        this.#out.push(() => network.send(this.id, to, message));
        const lastSeq = entries.at(-1)!.seq;
        this.#step(partition, { kind: 'entriesSent', to, lastSeq, bytes: entries.length * 10 });
        return;
      }
      case 'copyTo':
        this.#outgoing.set(`${effect.partition} ${effect.to}`, {
          baseSeq: effect.baseSeq,
          baseEpoch: effect.baseEpoch,
          epochs: effect.epochs,
          cursor: effect.cursor,
        });
        this.#sendCopy(effect.to, effect.partition, effect.epoch, effect.cursor);
        return;
      case 'stopCopyTo':
        this.#outgoing.delete(`${effect.partition} ${effect.to}`);
        return;
      case 'expectCopy':
        return;
      case 'wantInSync': {
        const { partition, expectedVersion } = effect;
        control.changeInSync(this.id, partition, effect, (outcome) => {
          if (!this.isRunning) return;
          this.#arrive(() =>
            this.#step(partition, { kind: 'controlAnswered', expectedVersion, outcome }),
          );
        });
        return;
      }
      case 'wantEpoch':
        control.wantEpoch(this.id, effect.partition, effect.expectedVersion, effect.why);
        return;
      case 'became': {
        const { partition, role, epoch, leader, serving } = effect;
        const place = `${role} of ${leader ?? 'nobody'} in epoch ${epoch}, serves ${serving}`;
        judge.say(agenda.nowMs, `${this.id} partition ${partition}: ${place}`);
        // Later in its epoch it may take writes again, and not know of a newer leader.
        const isFirst = this.#establishedIn.get(partition) !== epoch;
        if (role === 'leader' && serving !== 'none' && isFirst) {
          this.#establishedIn.set(partition, epoch);
          judge.onEstablished(partition, epoch, this.replicas.get(partition)!.committedSeq);
        }
        return;
      }
      case 'readsConfirmed':
        this.#endStrictReads(effect.partition, effect.upToToken, 'done');
        return;
      case 'readsRefused':
        this.#endStrictReads(effect.partition, effect.upToToken, 'refused');
    }
  }

  #sync(): void {
    const { agenda, prng, sabotage } = this.#world;
    const { mark } = this.disk;
    if (this.#isSyncing || mark === this.#syncedMark) return;
    this.#isSyncing = true;
    const ends = this.disk.partitions.map((partition) => {
      const { lastSeq, lastEpoch } = this.disk.get(partition)!.facts;
      return { partition, seq: lastSeq, epoch: lastEpoch };
    });
    const tell = (): void => {
      for (const { partition, epoch, seq } of ends)
        this.#step(partition, { kind: 'durable', epoch, seq });
    };
    if (sabotage.acknowledgesUnsynced === true) this.#arrive(tell);
    agenda.after(prng.between(1, 20) / 10 + this.syncDelayMs, () => {
      if (!this.isRunning) return;
      this.disk.onSynced(mark);
      this.#syncedMark = mark;
      this.#isSyncing = false;
      this.#arrive(tell);
    });
  }

  // --- copies ---

  #sendCopy(to: NodeId, partition: number, epoch: number, cursor: number): void {
    const copying = this.#outgoing.get(`${partition} ${to}`);
    const replica = this.replicas.get(partition);
    if (copying === undefined || replica?.role !== 'leader' || replica.epoch !== epoch) return;
    const all = [...this.disk.get(partition)!.keys].sort(([a], [b]) => a - b);
    const keys = all.filter(([key]) => key >= cursor).slice(0, KEYS_A_CHUNK);
    const next = keys.length === 0 ? cursor : keys.at(-1)![0] + 1;
    const isLast = !all.some(([key]) => key >= next);
    const message = { kind: 'copy', partition, epoch, keys, isLast } as const;
    const out = { ...message, copying: { ...copying, cursor: next } };
    this.#out.push(() => this.#world.network.send(this.id, to, out));
  }

  #onCopy(
    from: NodeId,
    { partition, epoch, copying, keys, isLast }: CopyMessage & { kind: 'copy' },
  ): void {
    const replica = this.replicas.get(partition);
    if (replica?.copyingFrom !== from || replica.epoch !== epoch) return;
    const { disk } = this;
    if (disk.get(partition) === null) disk.change(partition, { kind: 'create' });
    const { installing } = disk.get(partition)!;
    const isSame =
      installing?.baseSeq === copying.baseSeq && installing.baseEpoch === copying.baseEpoch;
    this.#installedMarks.delete(partition);
    if (!isSame || copying.cursor <= installing.cursor) {
      disk.change(partition, { kind: 'beginInstall', copying: { ...copying, cursor: 0 } });
    }
    disk.change(partition, { kind: 'chunk', cursor: copying.cursor, keys });
    if (!isLast) {
      this.#step(partition, { kind: 'copyProgressed', copying });
      const done = { kind: 'copied', partition, epoch, cursor: copying.cursor } as const;
      this.#out.push(() => this.#world.network.send(this.id, from, done));
      return;
    }
    disk.change(partition, { kind: 'endInstall' });
    const { mark } = disk;
    const { agenda } = this.#world;
    this.#installedMarks.set(partition, mark);
    // Installed when it is durable, unless another copy has taken its place by then.
    const wait = (): void => {
      if (!this.isRunning || this.#installedMarks.get(partition) !== mark) return;
      if (this.#syncedMark < mark) agenda.after(1, wait);
      else this.#arrive(() => this.#onInstalled(partition));
    };
    wait();
  }

  #onInstalled(partition: number): void {
    const replica = this.replicas.get(partition);
    const facts = this.disk.get(partition)?.facts;
    // Another leader may have begun to replace it meanwhile.
    if (replica === null || facts?.isWhole !== true || replica.log.isWhole) return;
    this.#step(partition, { kind: 'installed', log: facts });
  }

  // --- clients ---

  #onCommitted(partition: number, seq: number): void {
    const { judge } = this.#world;
    const store = this.disk.get(partition)!;
    const replica = this.replicas.get(partition)!;
    judge.onCommitted(partition, store, store.committedSeq + 1, seq);
    this.disk.change(partition, { kind: 'commit', seq });
    if (replica.role === 'leader') judge.onLeaderCommits(partition, replica.epoch, this.id);
    this.#world.onCommit(partition);
    this.#endWrites(partition, (write) => {
      if (write.seq > seq) return null;
      judge.onWritten(partition, write.id, write.seq, write.floor, this.#world.agenda.nowMs);
      return 'done';
    });
  }

  #endWrites(partition: number, end: (write: Write) => Outcome | null): void {
    const writes = this.#writes.get(partition) ?? [];
    if (writes.length === 0) return;
    const rest: Write[] = [];
    for (const write of writes) {
      const outcome = end(write);
      if (outcome === null) rest.push(write);
      else write.onEnd(outcome);
    }
    this.#writes.set(partition, rest);
  }

  write(partition: number, id: number, onEnd: (outcome: Outcome) => void): void {
    const floor = this.#world.judge.floor(partition);
    this.#arrive(() => {
      const replica = this.replicas.get(partition);
      if (replica?.acceptsWrites !== true) {
        onEnd('refused');
        return;
      }
      const { epoch } = replica;
      const seq = replica.lastSeq + 1;
      const entries = [{ epoch, seq, body: bodyOf(id) }];
      this.disk.change(partition, { kind: 'append', entries });
      const giveUpMs = this.nowMs + PATIENCE_MS;
      push(this.#writes, partition, { id, seq, epoch, floor, giveUpMs, onEnd });
      this.replicas.proposed(replica, seq, 5);
    });
  }

  read(partition: number, kind: 'lease' | 'strict', onEnd: (outcome: Outcome) => void): void {
    const floor = this.#world.judge.floor(partition);
    this.#arrive(() => {
      const replica = this.replicas.get(partition);
      if (replica?.role !== 'leader') {
        onEnd('refused');
        return;
      }
      const token = ++this.#token;
      const giveUpMs = this.nowMs + PATIENCE_MS;
      push(kind === 'lease' ? this.#leaseReads : this.#strictReads, partition, {
        token,
        floor,
        giveUpMs,
        onEnd,
      });
      if (kind === 'strict') this.#step(partition, { kind: 'strictRead', token });
    });
  }

  readStale(partition: number): void {
    this.#arrive(() => {
      const replica = this.replicas.get(partition);
      if (replica === null || replica.staleMs > 2000) return;
      const { agenda, settings, judge } = this.#world;
      const trueMs = replica.staleMs / (1 - settings.clockDrift);
      judge.onStaleRead(partition, replica.committedSeq, agenda.nowMs - trueMs);
    });
  }

  #answerReads(): void {
    for (const [partition, reads] of this.#leaseReads) {
      if (reads.length === 0) continue;
      const replica = this.replicas.get(partition);
      if (replica?.role !== 'leader') for (const { onEnd } of reads.splice(0)) onEnd('refused');
      else if (replica.hasLease) this.#answer(partition, replica, reads.splice(0));
    }
  }

  #endStrictReads(partition: number, upToToken: number, outcome: 'done' | 'refused'): void {
    const reads = this.#strictReads.get(partition) ?? [];
    const ended = reads.filter(({ token }) => token <= upToToken);
    this.#strictReads.set(
      partition,
      reads.filter(({ token }) => token > upToToken),
    );
    if (outcome === 'done') this.#answer(partition, this.replicas.get(partition)!, ended);
    else for (const { onEnd } of ended) onEnd('refused');
  }

  #answer(partition: number, replica: PartitionReplica, reads: readonly Read[]): void {
    const { judge, agenda } = this.#world;
    for (const { floor, onEnd } of reads) {
      judge.onRead(partition, replica.committedSeq, floor, agenda.nowMs);
      onEnd('done');
    }
  }

  #giveUp(): void {
    const { nowMs } = this;
    for (const partition of this.#writes.keys()) {
      this.#endWrites(partition, ({ giveUpMs }) => (giveUpMs <= nowMs ? 'uncertain' : null));
    }
    for (const reads of [...this.#leaseReads.values(), ...this.#strictReads.values()]) {
      for (const read of reads.filter(({ giveUpMs }) => giveUpMs <= nowMs)) {
        reads.splice(reads.indexOf(read), 1);
        read.onEnd('uncertain');
      }
    }
  }

  /** Entries that nobody in sync may ask for any more are no longer kept. */
  compact(): void {
    for (const partition of this.disk.partitions) {
      const { committedSeq, baseSeq } = this.disk.get(partition)!;
      if (committedSeq > baseSeq) {
        const seq = this.#world.prng.between(baseSeq, committedSeq);
        this.disk.change(partition, { kind: 'compact', seq });
      }
    }
  }

  /** Whether what is written under a key can be read there; for the end of a run. */
  check(partition: number): void {
    const store = this.disk.get(partition);
    assert(store !== null, 'I8: a replica is there');
    this.#world.judge.checkKeys(partition, store);
  }
}

function push<T>(lists: Map<number, T[]>, key: number, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
