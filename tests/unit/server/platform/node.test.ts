/** The small parts of the machine's platform that have no contract of their own. */
import { describe, expect, test } from 'vitest';

import { SILENT } from '../../../../src-server/platform/logger.ts';
import { NodeEntropy } from '../../../../src-server/platform/node/entropy.ts';
import { LineLogger } from '../../../../src-server/platform/node/logger.ts';
import { NodeProcessFacts } from '../../../../src-server/platform/node/process-facts.ts';

describe('log lines', () => {
  const logger = (level: 'debug' | 'warn'): { lines: string[]; log: LineLogger } => {
    const lines: string[] = [];
    return { lines, log: new LineLogger({ level, write: (line) => lines.push(line) }) };
  };

  test('are a time, a level, a sentence and fields, one event a line', () => {
    const { lines, log } = logger('debug');
    log.info('snapshot written', { zxid: '0x5', ms: 7, ok: true, session: 5n, nobody: null });
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO {2}snapshot written zxid=0x5 ms=7 ok=true session=5 nobody=null\n$/,
      ),
    ]);
  });

  test('stay one line, whatever a value holds', () => {
    const { lines, log } = logger('debug');
    log.warn('odd', { a: 'two words', b: 'line\nfeed', c: '', d: 'x="1"' });
    expect(lines[0]).toContain('a="two words" b="line\\nfeed" c="" d="x=\\"1\\""');
    expect(lines[0]?.indexOf('\n')).toBe((lines[0]?.length ?? 0) - 1);
  });

  test('below the level are left out', () => {
    const { lines, log } = logger('warn');
    log.debug('no');
    log.info('no');
    log.warn('yes');
    log.error('yes');
    expect(lines.length).toBe(2);
  });

  test('carry the fields of their logger', () => {
    const { lines, log } = logger('warn');
    const member = log.with({ member: 1 }).with({ room: 'journal' });
    member.info('no');
    member.error('bad', { zxid: 3 });
    expect(lines).toEqual([expect.stringContaining('ERROR bad member=1 room=journal zxid=3')]);
  });

  test('go nowhere when nobody listens', () => {
    SILENT.with({ a: 1 }).error('unheard');
  });
});

test('randomness is of the asked length, and differs', () => {
  const entropy = new NodeEntropy();
  expect(entropy.bytes(16).length).toBe(16);
  const numbers = Array.from({ length: 50 }, () => entropy.uint32());
  expect(new Set(numbers).size).toBeGreaterThan(45);
  expect(numbers.every((number) => number >= 0 && number <= 0xffff_ffff)).toBe(true);
});

test('a process knows itself', () => {
  const facts = new NodeProcessFacts('1.2.3');
  const environment = new Map(facts.environment());
  expect(environment.get('zookeeper.version')).toBe('1.2.3');
  expect([...environment.keys()].slice(0, 3)).toEqual([
    'zookeeper.version',
    'host.name',
    'java.version',
  ]);
  expect(facts.residentBytes()).toBeGreaterThan(1_000_000);
  if (process.platform !== 'linux') return;
  expect(facts.openFiles()).toBeGreaterThan(2);
  expect(facts.maxOpenFiles()).toBeGreaterThanOrEqual(facts.openFiles());
});
