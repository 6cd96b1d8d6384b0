/** How the lanes of timings are drawn in lines. */
export interface LaneSize {
  readonly width: number;
  readonly height: number;
  readonly scaleUs: number;
}
