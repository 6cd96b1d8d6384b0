/** Scenarios beside each other as lines of figures: each cell with its words, and its share of the largest of its line. */
import type { Scenario } from '#contract/rebalance-models.ts';

import { formatBytes, formatLength } from '../../../composables/format.ts';
import { formatChance } from '../../../composables/format-chance.ts';
import { formatNumber, t, tn } from '../../../i18n/words.ts';

export interface ScenarioCell {
  readonly text: string;
  readonly beside: string;
  /** 0…1 of the line's largest; null where there is nothing to compare. */
  readonly share: number | null;
  /** The least of its line, where they differ: less is better in all of them. */
  readonly isBest: boolean;
}

export interface ScenarioLine {
  readonly key: string;
  readonly name: string;
  readonly cells: readonly ScenarioCell[];
}

interface Told {
  readonly value: number;
  readonly text: string;
  readonly beside?: string;
}

export function scenarioLines(scenarios: readonly Scenario[]): ScenarioLine[] {
  const line = (
    key: string,
    name: string,
    toldOf: (scenario: Scenario) => Told | null,
    floor = 0,
  ): ScenarioLine => {
    const told = scenarios.map(toldOf);
    const values = told.flatMap((one) => (one === null ? [] : [one.value]));
    const most = Math.max(...values, 0);
    const least = Math.min(...values);
    const isOther = values.length > 1 && most - least > 1e-9;
    return {
      key,
      name,
      cells: told.map((one) => ({
        text: one?.text ?? '–',
        beside: one?.beside ?? '',
        share:
          one === null || !isOther || most <= floor
            ? null
            : Math.max(0.01, (one.value - floor) / (most - floor)),
        isBest: one !== null && isOther && one.value === least,
      })),
    };
  };
  const failures = Math.max(0, ...scenarios.map(({ after }) => after?.loss.length ?? 0));
  return [
    line('bytes', t('editor.figures.moved'), ({ figures }) =>
      figures === null || figures.bytes === null
        ? null
        : {
            value: figures.bytes,
            text: formatBytes(figures.bytes),
          },
    ),
    line('copies', t('scenarios.copies'), ({ figures }) =>
      figures === null
        ? null
        : { value: figures.movedReplicas, text: formatNumber(figures.movedReplicas) },
    ),
    line('takes', t('editor.figures.takes'), ({ figures }) =>
      figures === null || figures.estimate === null || figures.movedReplicas === 0
        ? null
        : {
            value: figures.estimate.ms,
            text: formatLength(Math.max(1000, figures.estimate.ms)),
          },
    ),
    line('leaders', t('editor.figures.leaders'), ({ figures }) =>
      figures === null
        ? null
        : { value: figures.leadersChanged, text: formatNumber(figures.leadersChanged) },
    ),
    line('across', t('editor.figures.across'), ({ figures }) =>
      figures === null || figures.crossZoneBytes === null
        ? null
        : { value: figures.crossZoneBytes, text: formatBytes(figures.crossZoneBytes) },
    ),
    line(
      'balance',
      t('scenarios.balance'),
      ({ after }) =>
        after === null
          ? null
          : {
              value: (after.bytes ?? after.replicas).maxToMean,
              text: `${formatNumber(Math.round((after.bytes ?? after.replicas).maxToMean * 1000) / 1000)} ×`,
            },
      1,
    ),
    line('fullest', t('scenarios.fullest'), ({ fullest }) =>
      fullest === null
        ? null
        : {
            value: fullest.part,
            text: `${formatNumber(Math.round(fullest.part * 1000) / 10)} %`,
            beside: fullest.node,
          },
    ),
    ...Array.from({ length: failures }, (_, i) =>
      line(`loss-${i}`, tn('editor.risk.loss', i + 1), ({ after }) => {
        const loss = after?.loss[i];
        return loss === undefined
          ? null
          : { value: loss.chance, text: formatChance(loss.chance, loss.isExact) };
      }),
    ),
    line('copysets', t('editor.risk.copysets'), ({ after }) =>
      after === null ? null : { value: after.copysets, text: formatNumber(after.copysets) },
    ),
    line('rules', t('scenarios.bent'), ({ figures }) =>
      figures === null
        ? null
        : {
            value: figures.bentPartitions + figures.unplaced,
            text: formatNumber(figures.bentPartitions),
            beside: figures.unplaced > 0 ? tn('editor.figures.unplaced', figures.unplaced) : '',
          },
    ),
    line('lost', t('scenarios.lost'), ({ lostPartitions, failOvers }) => ({
      value: lostPartitions,
      text: formatNumber(lostPartitions),
      beside: failOvers > 0 ? tn('scenarios.failOvers', failOvers) : '',
    })),
  ];
}
