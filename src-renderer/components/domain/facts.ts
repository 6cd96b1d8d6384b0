/** Facts as a list shows them: a name and what it stands for. */
export interface Fact {
  readonly name: string;
  readonly value: string;
  readonly isMono?: boolean;
  readonly tip?: string;
  readonly canCopy?: boolean;
}
