/** What a chart over time shows. */
import type { Point } from '../../model/line-chart.ts';

export interface ChartSeries {
  readonly key: string;
  readonly label: string;
  /** Which of the `--series` colours. */
  readonly colour: number;
  readonly points: readonly Point[];
}

export interface Chart {
  readonly key: string;
  readonly title: string;
  /** What stands in place of lines while there are none. */
  readonly none: string;
  readonly isWhole: boolean;
  /** A value with its unit. */
  readonly format: (value: number) => string;
  readonly series: readonly ChartSeries[];
}
