/** What has become of a ring since somebody planned for it: who changed it, and what the same file does otherwise now. */
import type { PastRebalance } from '../storage/control/rebalance-desk.ts';
import { parseHistory } from '../storage/control/records.ts';
import { layoutOf } from '../storage/control/ring-config.ts';
import { driftOf } from '../storage/planning/ring-memory.ts';
import { deadOf } from '../storage/planning/ring-now.ts';
import type { Sizes } from '../storage/planning/sizes.ts';
import type { Staged } from '../storage/planning/staging.ts';
import type { Ring } from '../storage/ring/stage.ts';
import type { RingSession } from './session.ts';
import { bytesText, momentText } from './words.ts';

export async function driftLines(
  session: RingSession,
  parts: { readonly from: number; readonly one: Staged; readonly sizes: Sizes },
): Promise<string[]> {
  const { from, one, sizes } = parts;
  const now = one.ring.version;
  const words = `the plan was for version ${from} of the ring, which is ${now} now; nothing was changed`;
  if (from > now) return [words];
  const older = ringAt(session, await session.desk.history(), from);
  return [
    words,
    ...(await changesSince(session, from)),
    ...differenceLines(session, older, one, sizes),
  ];
}

/** Who changed it, as far as the ring's history still tells. */
async function changesSince(session: RingSession, version: number): Promise<string[]> {
  const { membership } = session;
  const { history } = membership.paths;
  const names = (await membership.childrenOf(history)).sort().reverse();
  const lines: string[] = [];
  for (const name of names) {
    const text = await membership.textOf(`${history}/${name}`);
    const record = text === null ? null : parseHistory(text);
    if (record?.ok !== true) continue;
    const { atMs, by, ringVersion, entries } = record.value;
    if (ringVersion <= version) break;
    const told = entries.filter(({ partition }) => partition === null);
    for (const { words } of told)
      lines.unshift(`  ${momentText(atMs)} version ${ringVersion} by ${by}: ${words}`);
  }
  return lines;
}

/** Placements stand in the records of rebalances, before and after. */
function ringAt(
  session: RingSession,
  past: readonly PastRebalance[],
  version: number,
): Ring | null {
  for (const { record } of past) {
    const isBefore = record.before.version === version;
    const isAfter = record.before.version + 1 === version;
    if (!isBefore && !isAfter) continue;
    const placement = isBefore ? record.before : record.after;
    const layout = layoutOf({ ...session.config, ...placement });
    return { version, layout, table: placement.table };
  }
  return null;
}

function differenceLines(
  session: RingSession,
  older: Ring | null,
  one: Staged,
  sizes: Sizes,
): string[] {
  if (older === null) return [];
  const { view, config } = session;
  const dead = deadOf(view, config);
  const pace = { bytesPerSecond: null, transfersPerNode: config.backfillsPerNode };
  const { measured } = sizes;
  const drift = driftOf(older, one, { edits: one.edits, measured, dead, pace });
  const bytes = bytesText(sizes.known === 0 ? null : Math.abs(drift.bytes));
  const less = drift.bytes < 0 ? 'less' : 'more';
  const moves = `${drift.added} moves more, ${drift.dropped} less`;
  return [`  the same edits: ${moves}, ${bytes} ${less} to be copied`];
}
