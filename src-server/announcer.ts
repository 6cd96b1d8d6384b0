/** What the person at the terminal is told: a line for each turn in the member's life, the same from command and desktop. */
import type { MemberState } from '#contract/models.ts';
import type { NodeState } from '#contract/storage-models.ts';

import type { Start } from './start-members.ts';
import type { MemberStanding } from './thread-messages.ts';

/** Progress is said so often. */
const PROGRESS_MS = 500;
/** What a storage node waits for is said when it has waited so long. */
const PATIENCE_MS = 1000;

export class Announcer {
  readonly #write: (line: string) => void;
  #saidMs = 0;
  readonly #patience = new Map<string, NodeJS.Timeout>();

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  say(what: string, text: string): void {
    this.#write(`${what.padEnd(9)} ${text}\n`);
  }

  /** What is started, and what had to be settled for it. */
  onStart({ dataDir, members, local, wouldBeEnsemble, storage, notices }: Start): void {
    const { kind, movedPorts, leftOut, isOtherBeside } = local;
    if (kind === 'ensemble' && members.length > 1)
      this.say('ensemble', `${members.length} members`);
    if (storage.length > 0) this.say('storage', `${storage.length} nodes`);
    for (const notice of notices) this.say('notice', notice);
    if (wouldBeEnsemble)
      this.say(
        'notice',
        'this folder holds a server on its own, which starts; an ensemble of three begins in another one: --data',
      );
    for (const { member, from, to } of movedPorts) {
      const who = member === null ? 'clients' : `clients of member ${member}`;
      this.say('notice', `another program has port ${from}: ${who} connect to ${to}`);
    }
    for (const { member, folder } of leftOut)
      this.say(
        'notice',
        `member ${member} is not in the ensemble's configuration and is not started; its data stays in ${folder}`,
      );
    if (isOtherBeside)
      this.say('notice', `${dataDir} also holds a server on its own: --members 1 starts that one`);
  }

  /** Failures are not said here: what they mean differs. */
  onMember(state: MemberState, connectString: string | null): void {
    if (state.kind === 'serving') {
      const readyMs = Math.round(state.startedInMs);
      this.say('serving', `${connectString ?? ''} (ready after ${readyMs} ms)`);
    } else if (state.kind === 'starting' && state.total > 0 && this.#isTimeToSay()) {
      const what = state.step === 'reading-snapshot' ? 'snapshot' : 'log';
      this.say('reading', `${what} ${Math.floor((state.done / state.total) * 100)} %`);
    }
  }

  /** Where a member stands, once it has found its place or lost it. */
  onStanding({ id, role, phase, epoch, clientPort }: MemberStanding): void {
    if (phase === 'broadcast')
      this.say(`member ${id}`, `${role}, epoch ${epoch}, on ${clientPort}`);
    else if (phase === 'election') this.say(`member ${id}`, 'looking for a leader');
  }

  /** Whether a storage node takes clients, and what it waits for while it does not. */
  onNode(id: string, state: NodeState): void {
    if (state.kind === 'serving')
      this.say(
        id,
        `on ${state.clusterPort} for cluster clients, ${state.proxyPort} for all others ` +
          `(ready after ${Math.round(state.startedInMs)} ms)`,
      );
    else if (state.kind === 'failed') this.say(id, `failed: ${state.why}`);
    clearTimeout(this.#patience.get(id));
    if (state.kind !== 'starting' || state.why === '') return;
    // Every start waits for this and that for a moment.
    const patience = setTimeout(() => this.say(id, `waits: ${state.why}`), PATIENCE_MS);
    this.#patience.set(id, patience.unref());
  }

  #isTimeToSay(): boolean {
    const nowMs = performance.now();
    if (nowMs - this.#saidMs < PROGRESS_MS) return false;
    this.#saidMs = nowMs;
    return true;
  }
}
