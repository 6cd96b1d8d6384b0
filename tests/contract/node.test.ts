/** The contracts on the real machine. */
import { NodeClock } from '../../src-server/platform/node/clock.ts';
import { NodeDisk } from '../../src-server/platform/node/disk.ts';
import { NodeNet } from '../../src-server/platform/node/net.ts';
import { temporaryFolder } from '../peers/folders.ts';
import { until } from '../peers/wait.ts';
import { clockSuite } from './clock.suite.ts';
import { diskSuite } from './disk.suite.ts';
import { netSuite } from './net.suite.ts';

diskSuite('node', () => {
  const folder = temporaryFolder();
  return {
    disk: new NodeDisk(),
    folder: folder.path,
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
});

clockSuite('node', () => ({
  clock: new NodeClock(),
  until: async (fact) => {
    await until('the clock brings it', fact);
  },
}));

netSuite('node', () => ({ net: new NodeNet(), host: '127.0.0.1' }));
