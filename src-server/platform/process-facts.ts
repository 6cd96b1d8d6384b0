/** What the process knows of itself, for `envi`, `mntr` and the console. */
export interface ProcessFacts {
  /** Ordered as `envi` prints them. */
  environment(): readonly (readonly [string, string])[];
  openFiles(): number;
  maxOpenFiles(): number;
  residentBytes(): number;
}
