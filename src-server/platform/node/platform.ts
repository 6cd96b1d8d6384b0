/** The real world in one bundle. */
import { gzipSync } from 'node:zlib';

import { type LogLevel } from '../logger.ts';
import type { Platform } from '../platform.ts';
import { NodeClock } from './clock.ts';
import { NodeDisk } from './disk.ts';
import { NodeEntropy } from './entropy.ts';
import { LineLogger } from './logger.ts';
import { NodeNet } from './net.ts';
import { NodeProcessFacts } from './process-facts.ts';
import { SecureNet } from './secure-net.ts';

export function nodePlatform(options: {
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly writeLog: (line: string) => void;
}): Platform {
  return {
    clock: new NodeClock(),
    disk: new NodeDisk(),
    net: new NodeNet(),
    secureNet: (security) => new SecureNet(security),
    // Pieces of a snapshot between those of clients' answers: quick before small.
    gzip: (bytes) => gzipSync(bytes, { level: 3 }),
    entropy: new NodeEntropy(),
    logger: new LineLogger({ level: options.logLevel, write: options.writeLog }),
    process: new NodeProcessFacts(options.version),
  };
}
