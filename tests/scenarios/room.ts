/**
 * The room a scenario is played in: who is there, what the script may ask for, and time.
 *
 * After each command everything that is not held back happens, until nothing is left to happen; only time needs to be asked
 * for. Nothing here is left to chance.
 */
import type { Sid } from '../../src-server/base/ids.ts';
import { ZXID_ZERO } from '../../src-server/base/zxid.ts';
import type { Message } from '../../src-server/coordination/zab/messages.ts';
import type { PeerSettings } from '../../src-server/coordination/zab/peer.ts';
import type { View } from '../../src-server/coordination/zab/view.ts';
import { SETTINGS } from '../sim/zab/swarm.ts';
import { Extra, Player, type Stage } from './cast.ts';
import { Courier } from './courier.ts';
import { Laws } from './laws.ts';
import {
  readEntries,
  readMessage,
  readNotification,
  readPayload,
  readSid,
  readView,
  readZxid,
  ScriptError,
  showMessage,
  showNotification,
  wordsOf,
} from './words.ts';

const STEPS_MAX = 10_000;
const WAIT_MAX_MS = 120_000;

export class Room {
  readonly #players = new Map<Sid, Player>();
  readonly #extras = new Map<Sid, Extra>();
  readonly #heldDisks = new Set<Sid>();
  readonly #courier: Courier;
  readonly #stage: Stage;
  #settings: PeerSettings = SETTINGS;
  #remembered = 500;
  #view: View | null = null;
  #nowMs = 0;
  #transcript: string[] = [];
  #hearsPings = false;

  constructor() {
    this.#courier = new Courier({
      arrived: (from, to, message) => this.#arrived(from, to, message),
      heard: (from, to, notification) =>
        this.#say(`${from} tells ${to}: ${showNotification(notification)}`),
    });
    this.#stage = {
      courier: this.#courier,
      laws: new Laws(),
      nowMs: () => this.#nowMs,
      say: (line) => this.#say(line),
    };
  }

  #say(line: string): void {
    this.#transcript.push(line);
  }

  #arrived(from: Sid, to: Sid, message: Message): void {
    // What the script says it has said.
    if (this.#extras.has(from)) return;
    if (!this.#hearsPings && (message.kind === 'ping' || message.kind === 'pong')) return;
    this.#say(`${from} -> ${to} ${showMessage(message)}`);
  }

  /** @returns what happened */
  play(command: string): readonly string[] {
    this.#transcript = [];
    const quiet = /^quietly (.*)$/.exec(command);
    this.#obey(quiet?.[1] ?? command);
    this.#flow();
    return quiet === null ? this.#transcript : [];
  }

  // --- commands ---

  #obey(command: string): void {
    const line = /^(\d+) -> (\d+) (.*)$/.exec(command);
    if (line !== null) {
      this.#speak(readSid(line[1]), readSid(line[2]), line[3] ?? '');
      return;
    }
    const vote = /^(\d+) tells (\d+): (.*)$/.exec(command);
    if (vote !== null) {
      this.#player(readSid(vote[2])).onNotification(
        readSid(vote[1]),
        readNotification(vote[3] ?? ''),
      );
      return;
    }
    const [verb = '', ...rest] = wordsOf(command);
    if (/^\d+$/.test(verb)) this.#act(readSid(verb), rest);
    else this.#direct(verb, rest);
  }

  /** A server does something. */
  #act(actor: Sid, [verb = '', ...rest]: readonly string[]): void {
    switch (verb) {
      case 'connects': {
        const extra = this.#extras.get(actor);
        if (extra === undefined) throw new ScriptError(`${actor} is no server of the script`);
        this.#courier.connect(extra, readSid(rest[1]), 0);
        return;
      }
      case 'hangs': {
        const link = this.#courier.linkOf(actor, readSid(rest[2]));
        if (link !== null) this.#courier.close(link);
        return;
      }
      case 'writes': {
        const viewText = rest[0] === 'view' ? rest.slice(1).join(' ') : null;
        const viewOf = viewText === null ? null : (v: number): View => readView(viewText, v);
        const payload = readPayload(viewText === null ? (rest[0] ?? '') : 'v');
        if (!this.#player(actor).propose(payload, viewOf)) this.#say(`${actor} takes no writes`);
        return;
      }
      case 'steps':
        this.#player(actor).tell({ kind: 'stepDown', reason: 'told to' });
        return;
      case 'has':
        this.#player(actor).tell({ kind: 'room', hasRoom: rest[0] !== 'no' });
        return;
      default:
        throw new ScriptError(`${actor} cannot "${verb}"`);
    }
  }

  /** The script arranges something. */
  #direct(verb: string, rest: readonly string[]): void {
    const text = rest.join(' ');
    switch (verb) {
      case 'view':
        this.#setView(text);
        return;
      case 'set':
        this.#set(rest[0] ?? '', rest[1] ?? '');
        return;
      case 'peer':
        this.#addPeer(readSid(rest[0]), rest.slice(1).join(' '));
        return;
      case 'script':
        for (const word of rest) this.#addExtra(readSid(word));
        return;
      case 'start':
        for (const word of rest) this.#player(readSid(word)).start();
        return;
      case 'crash':
      case 'kill':
        // A process that is killed leaves what it has written to the system; a machine that loses power does not.
        for (const word of rest) this.#player(readSid(word)).crash(verb === 'crash');
        return;
      case 'hold':
      case 'release':
        this.#hold(verb === 'hold', text);
        return;
      case 'step':
        this.#stepOnce(text);
        return;
      case 'cut':
      case 'heal':
        for (const other of rest.slice(1)) this.#courier[verb](readSid(rest[0]), readSid(other));
        return;
      case 'wait':
        this.#wait(text);
        return;
      case 'show':
        for (const { sid } of this.#sorted())
          if (rest.length === 0 || rest.includes(String(sid))) this.#say(this.#player(sid).show());
        return;
      default:
        throw new ScriptError(`nobody knows how to "${verb}"`);
    }
  }

  /** `1 2 3`, as somebody wrote it by hand, or `1 2 3 of 1:5`, as a transaction made it. */
  #setView(text: string): void {
    const [servers = '', version] = text.split(' of ');
    this.#view = readView(servers, version === undefined ? ZXID_ZERO : readZxid(version));
  }

  #set(name: string, value: string): void {
    if (name === 'remembered') this.#remembered = Number(value);
    else if (name === 'pings') this.#hearsPings = value === 'shown';
    else if (name in SETTINGS)
      this.#settings = { ...this.#settings, [name]: JSON.parse(value) as unknown };
    else throw new ScriptError(`there is no setting ${name}`);
  }

  /** `epochs 2/1 snapshot 1:1=a log 1:2=b view 1 2 3`; accepted epoch first. */
  #addPeer(sid: Sid, text: string): void {
    if (this.#view === null) throw new ScriptError('the view comes first');
    const part = (name: string): string | null =>
      new RegExp(`(?:^| )${name} (.*?)(?= (?:epochs|snapshot|log|next|of) |$)`).exec(text)?.[1] ??
      null;
    const player = new Player({
      sid,
      stage: this.#stage,
      settings: this.#settings,
      view: this.#view,
      remembered: this.#remembered,
    });
    const { disk } = player;
    const [accepted = 0, current = accepted] = (part('epochs') ?? '0/0').split('/').map(Number);
    disk.accepted = accepted;
    disk.current = current;
    const snapshot = readEntries(part('snapshot') ?? '');
    disk.replace(snapshot, snapshot.at(-1)?.zxid ?? ZXID_ZERO);
    disk.log = readEntries(part('log') ?? '');
    disk.synced = disk.log.length;
    const next = part('next');
    if (next !== null) disk.nextView = readView(next, readZxid(part('of') ?? ''));
    this.#players.set(sid, player);
    this.#courier.join(player);
  }

  #addExtra(sid: Sid): void {
    const extra = new Extra(sid);
    this.#extras.set(sid, extra);
    this.#courier.join(extra);
  }

  #player(sid: Sid): Player {
    const player = this.#players.get(sid);
    if (player === undefined) throw new ScriptError(`${sid} is no peer`);
    return player;
  }

  /** Another server's line: it arrives at once, and what was held back before it stays behind. */
  #speak(from: Sid, to: Sid, text: string): void {
    const link = this.#courier.linkOf(from, to);
    if (link === null) throw new ScriptError(`${from} has no link to ${to}`);
    const [line = '', image] = text.split(' of ');
    this.#courier.send(
      link,
      readMessage(line, from),
      image === undefined ? null : readEntries(image),
    );
  }

  #hold(isHeld: boolean, channel: string): void {
    const disk = /^disk (\d+)$/.exec(channel);
    if (disk === null) this.#courier[isHeld ? 'hold' : 'release'](channel);
    else if (isHeld) this.#heldDisks.add(readSid(disk[1]));
    else this.#heldDisks.delete(readSid(disk[1]));
  }

  #stepOnce(channel: string): void {
    const disk = /^disk (\d+)$/.exec(channel);
    const isDone =
      disk === null ? this.#courier.step(channel) : this.#player(readSid(disk[1])).work();
    if (!isDone) this.#say('there is nothing to do');
  }

  // --- what happens by itself ---

  #sorted(): Player[] {
    return [...this.#players.values()].sort((a, b) => a.sid - b.sid);
  }

  #flow(): void {
    for (let i = 0; this.#flowOnce(); i++)
      if (i > STEPS_MAX) throw new ScriptError('it never comes to rest');
  }

  #flowOnce(): boolean {
    for (const player of this.#sorted()) if (player.isUp && player.doChore()) return true;
    for (const player of this.#sorted())
      if (player.isUp && !this.#isHeld(player) && player.work()) return true;
    return this.#courier.flow();
  }

  #isHeld(player: Player): boolean {
    return this.#heldDisks.has(player.sid) && player.hasWritesToDo;
  }

  /** `500`: so many milliseconds; `for 2 leading in broadcast`, `for broadcast`: until they say so. */
  #wait(text: string): void {
    this.#flow();
    if (!text.startsWith('for ')) {
      this.#pass(this.#nowMs + Number(text), () => false);
      return;
    }
    const who = /^for (?:(\d+) )?(?:(\w+) in )?(\w+)$/.exec(text);
    if (who === null) throw new ScriptError(`nobody can wait ${text}`);
    const [, sid, state, phase] = who;
    const players = this.#sorted().filter((player) =>
      sid === undefined ? player.isUp : player.sid === readSid(sid),
    );
    const isThere = (): boolean =>
      players.every(
        (player) => player.phase === phase && (state === undefined || player.peer.state === state),
      );
    if (!this.#pass(this.#nowMs + WAIT_MAX_MS, isThere))
      throw new ScriptError(`in vain: wait ${text}`);
  }

  #pass(untilMs: number, isEnough: () => boolean): boolean {
    while (!isEnough()) {
      const up = this.#sorted().filter(({ isUp }) => isUp);
      const nextMs = Math.min(Infinity, ...up.map(({ peer }) => peer.wakeAtMs));
      if (nextMs > untilMs) {
        this.#nowMs = untilMs;
        return isEnough();
      }
      this.#nowMs = Math.max(this.#nowMs, nextMs);
      for (const player of up)
        if (player.isUp && player.peer.wakeAtMs <= this.#nowMs) player.tick();
      this.#flow();
    }
    return true;
  }
}
