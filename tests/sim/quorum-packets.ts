/** Looks into what leaders send to learners, packet by packet: for probes, and for tests that have one changed. */

export const PacketType = {
  PROPOSAL: 2,
  REVALIDATE: 6,
  NEWLEADER: 10,
  DIFF: 13,
  TRUNC: 14,
  SNAP: 15,
} as const;

const TYPE_MAX = 19;
const FIXED_BYTES = 16;

export interface Packet {
  readonly type: number;
  /** Where its type stands. */
  readonly at: number;
}

/** The packets that this write begins with; an image, or the rest of one, has none. */
export function packetsIn(bytes: Uint8Array): Packet[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packets: Packet[] = [];
  for (let at = 0; at + FIXED_BYTES + 4 <= bytes.length;) {
    const type = view.getInt32(at);
    if (type < 1 || type > TYPE_MAX) break;
    packets.push({ type, at });
    if (type === PacketType.SNAP) break;
    const dataBytes = Math.max(0, view.getInt32(at + 12));
    const end = at + FIXED_BYTES + dataBytes;
    if (end + 4 > bytes.length) break;
    // Identities come with requests only, which no leader sends.
    if (view.getInt32(end) > 0) break;
    at = end + 4;
  }
  return packets;
}
