/** What the fault lab does to the members of this program's ensemble, and to the links between them. */
import { boolean, integer, list, nullable, object, range, type TypeOf } from './checks.ts';

const DELAY_MAX_MS = 60_000;
/** Every way between as many members as anybody runs on one computer. */
const WAYS_MAX = 1000;

/** What is done to one way of a link: to what member `from` says to member `to`. */
export const linkFault = object({
  from: integer,
  to: integer,
  isCut: boolean,
  /** How much later everything arrives. */
  delayMs: range({ min: 0, max: DELAY_MAX_MS }),
  /**
   * Of a hundred pieces, how many are lost on the way. Nothing is left out of a stream: a lost piece is sent again, later each
   * time, and everything after it waits; when the last attempt is lost the connection breaks.
   */
  lossPercent: range({ min: 0, max: 100 }),
});
export type LinkFault = TypeOf<typeof linkFault>;

export const linkFaults = list(linkFault, { max: WAYS_MAX });

/** Everything that is broken on purpose at present. */
export const faultsView = object({
  /** Ways that are not listed are healthy. */
  links: linkFaults,
  /** Members that are paused; null for a server on its own. */
  paused: list(nullable(integer)),
});
export type FaultsView = TypeOf<typeof faultsView>;
