/**
 * What failed, in a few lines for the end of a long run: whoever reads only that knows where to look. A reporter of Vitest's that
 * appends to the file `ZABRING_FAILURES` names.
 */
import fs from 'node:fs';

import type { Reporter, SerializedError, TestModule } from 'vitest/node';

const WORDS_MAX = 300;

export default class Failures implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const file = process.env['ZABRING_FAILURES'];
    if (file === undefined) return;
    const lines = modules.flatMap((module) => [
      ...module.errors().map((error) => lineOf(module.relativeModuleId, error)),
      ...[...module.children.allSuites()].flatMap((suite) =>
        suite
          .errors()
          .map((error) => lineOf(`${module.relativeModuleId} > ${suite.fullName}`, error)),
      ),
      ...[...module.children.allTests('failed')].flatMap((test) =>
        (test.result().errors ?? []).map((error) =>
          lineOf(`${module.relativeModuleId} > ${test.fullName}`, error),
        ),
      ),
    ]);
    lines.push(...unhandled.map((error) => lineOf('outside of tests', error)));
    if (lines.length > 0) fs.appendFileSync(file, `${lines.join('\n')}\n`);
  }
}

function lineOf(where: string, { message, stack }: { message: string; stack?: string }): string {
  const at = stack?.split('\n').find((line) => line.includes('/tests/'));
  const words = message.replaceAll(/\s+/g, ' ').slice(0, WORDS_MAX);
  return `${where}: ${words}${at === undefined ? '' : ` (${at.trim()})`}`;
}
