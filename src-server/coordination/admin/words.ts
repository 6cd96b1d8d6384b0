/** The four-letter words, as a table: the first four bytes of a connection, answered with text and a close. */
import type { MemberFacts } from './member-facts.ts';
import {
  configurationReport,
  connectionsReport,
  digestsReport,
  directoriesReport,
  dumpReport,
  environmentReport,
  monitorReport,
  serverReport,
  statReport,
  watchesByPathReport,
  watchesBySessionReport,
  watchSummaryReport,
} from './reports.ts';

interface Word {
  readonly answer: (facts: MemberFacts) => string;
  /** Whether it means anything while the member does not serve. */
  readonly always?: true;
}

const WORDS: Readonly<Record<string, Word>> = {
  ruok: { answer: () => 'imok', always: true },
  srvr: { answer: serverReport },
  stat: { answer: statReport },
  mntr: { answer: monitorReport },
  conf: { answer: configurationReport },
  cons: { answer: connectionsReport },
  dump: { answer: dumpReport },
  envi: { answer: environmentReport, always: true },
  isro: { answer: readOnlyReport, always: true },
  wchs: { answer: watchSummaryReport },
  wchc: { answer: watchesBySessionReport },
  wchp: { answer: watchesByPathReport },
  dirs: { answer: directoriesReport },
  hash: { answer: digestsReport },
  crst: {
    answer: (facts) => {
      facts.resetConnectionStats();
      return 'Connection stats reset.\n';
    },
  },
  srst: {
    answer: (facts) => {
      facts.resetServerStats();
      return 'Server stats reset.\n';
    },
  },
};

function readOnlyReport({ isServing, mode }: MemberFacts): string {
  if (!isServing) return 'null';
  return mode === 'read-only' ? 'ro' : 'rw';
}

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';

/**
 * @param allowed the words an operator has opened, or '*' for all; `srvr` always is, because start scripts ask for it
 * @returns the answer, or null for bytes that are no word
 */
export function answerWord(
  word: string,
  facts: MemberFacts,
  allowed: readonly string[] | '*',
): string | null {
  const entry = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (entry === undefined) return null;
  if (allowed !== '*' && word !== 'srvr' && !allowed.includes(word)) {
    return `${word} is not executed because it is not in the whitelist.\n`;
  }
  if (!facts.isServing && entry.always !== true)
    return word === 'hash' ? NOT_SERVING : `${NOT_SERVING}\n`;
  return entry.answer(facts);
}
