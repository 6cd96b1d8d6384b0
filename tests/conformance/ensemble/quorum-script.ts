/** One member's side of the quorum port, played by a test line by line. */
import { sid } from '../../../src-server/base/ids.ts';
import { makeZxid, zxidOf } from '../../../src-server/base/zxid.ts';
import type { Link } from '../../../src-server/coordination/ensemble/link.ts';
import { Links } from '../../../src-server/coordination/ensemble/links.ts';
import { PROTOCOL_VERSION } from '../../../src-server/coordination/wire/quorum.ts';
import type { Message } from '../../../src-server/coordination/zab/messages.ts';
import { SILENT } from '../../../src-server/platform/logger.ts';
import { NodeClock } from '../../../src-server/platform/node/clock.ts';
import { NodeNet } from '../../../src-server/platform/node/net.ts';
import type { Seat } from '../../peers/apache-ensemble.ts';
import { until } from '../../peers/wait.ts';

type Kind = Message['kind'];
type Of<K extends Kind> = Extract<Message, { readonly kind: K }>;

export class QuorumScript {
  readonly links: Links;
  readonly accepted: Link[] = [];
  readonly downs: string[] = [];
  /** What was heard and not yet expected; pings are answered on the way. */
  readonly #heard: { readonly link: Link; readonly message: Message }[] = [];
  onMessage: (link: Link, message: Message) => void = () => undefined;

  constructor() {
    this.links = new Links({
      net: new NodeNet(),
      clock: new NodeClock(),
      logger: SILENT,
      limits: { recordBytesMax: 0x20_0000, learnerUnsentBytesMax: 0x400_0000 },
      faults: null,
      handler: {
        onMessage: (link, message) => {
          if (message.kind === 'ping') link.send({ kind: 'pong', zxid: message.zxid, touches: [] });
          const body = message.kind === 'request' ? { body: Buffer.from(message.body) } : {};
          this.#heard.push({ link, message: { ...message, ...body } });
          this.onMessage(link, message);
        },
        onDown: (_, reason) => this.downs.push(reason),
      },
      onAccepted: (link) => this.accepted.push(link),
    });
  }

  connect(leader: Seat): Promise<Link> {
    return new Promise((resolve, reject) => {
      this.links.dial({
        leader: sid(leader.id),
        addresses: [leader.quorum],
        timeoutMs: 10_000,
        retryMs: 100,
        onLink: resolve,
        onFailed: (reason) => reject(new Error(reason)),
      });
    });
  }

  /** As an observer, up to the leader's decision how to bring us up to date. */
  async greet(
    leader: Seat,
    self: { readonly id: number; readonly lastZxid: number; readonly acceptedEpoch: number },
  ): Promise<{ link: Link; epoch: number }> {
    const link = await this.connect(leader);
    link.send({
      kind: 'learnerInfo',
      role: 'observer',
      acceptedEpoch: self.acceptedEpoch,
      sid: sid(self.id),
      protocolVersion: PROTOCOL_VERSION,
      configVersion: 0,
    });
    const { epoch } = await this.hears('leaderInfo');
    link.send({
      kind: 'ackEpoch',
      lastZxid: zxidOf(self.lastZxid),
      currentEpoch: self.acceptedEpoch,
    });
    return { link, epoch };
  }

  /** From NEWLEADER on, until we are one of them. */
  async join(link: Link, epoch: number): Promise<Of<'newLeader'>> {
    const newLeader = await this.hears('newLeader');
    link.send({ kind: 'ack', zxid: makeZxid(epoch, 0) });
    await this.hears('upToDate');
    link.send({ kind: 'ack', zxid: makeZxid(epoch, 0) });
    return newLeader;
  }

  /** The oldest message of this kind that was not expected before. */
  async hears<K extends Kind>(
    kind: K,
    fits: (message: Of<K>) => boolean = () => true,
  ): Promise<Of<K>> {
    const isIt = (message: Message): message is Of<K> =>
      message.kind === kind && fits(message as Of<K>);
    const find = (): number => this.#heard.findIndex(({ message }) => isIt(message));
    await until(`${kind} is heard`, () => find() >= 0 || this.downs.length > 0);
    const index = find();
    if (index < 0) throw new Error(`${kind} is not heard any more: ${this.downs.join()}`);
    return this.#heard.splice(index, 1)[0]!.message as Of<K>;
  }

  /** Kinds of all messages not expected yet, but pings. */
  get others(): Kind[] {
    return this.#heard.map(({ message }) => message.kind).filter((kind) => kind !== 'ping');
  }
}
