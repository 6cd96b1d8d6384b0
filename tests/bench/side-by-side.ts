/** Workloads on two servers, or two ensembles, that run beside each other for as long as it takes. */
import type { Target } from './contestants.ts';
import { inFolder } from './folder.ts';
import type { Measure, Report } from './report.ts';
import { prepare } from './workloads.ts';

export interface Workload<T> extends Measure {
  readonly measure: (target: T) => Promise<number>;
}

interface Contestants<T> {
  readonly ours: { start(folder: string): Promise<T> };
  readonly theirs: { start(folder: string): Promise<T> };
}

/** Starts both only where one of the workloads is wanted. */
export async function measureSideBySide<T extends Target & { stop(): Promise<void> }>(
  report: Report,
  { ours, theirs }: Contestants<T>,
  workloads: readonly Workload<T>[],
  warmUpMs: number,
): Promise<void> {
  if (!workloads.some((workload) => report.isWanted(workload))) return;
  await inFolder((ourFolder) =>
    inFolder(async (theirFolder) => {
      const our = await ours.start(ourFolder);
      const their = await theirs.start(theirFolder);
      try {
        for (const target of [our, their]) await prepare(target, warmUpMs);
        for (const workload of workloads) {
          const { measure } = workload;
          await report.pairs(workload, { ours: () => measure(our), theirs: () => measure(their) });
        }
      } finally {
        await Promise.all([our.stop(), their.stop()]);
      }
    }),
  );
}
