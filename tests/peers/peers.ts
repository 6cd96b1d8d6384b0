/**
 * The real programs that suites are checked against, and what becomes of a suite whose program is not on this machine:
 * skipped by name, with the line that would install it; under CI a failure.
 */
import fs from 'node:fs';

import { describe, expect, test } from 'vitest';

export interface Peer {
  readonly name: string;
  /** Every one of these must exist. */
  readonly files: readonly string[];
  readonly install: string;
}

const apt = (packages: string): string => `apt-get install ${packages}`;

export const APACHE: Peer = {
  name: 'Apache ZooKeeper (Java)',
  files: ['/usr/share/java/zookeeper.jar', '/usr/bin/java'],
  install: apt('zookeeper libzookeeper-java'),
};

export const CERTIFICATE_TOOLS: Peer = {
  name: 'openssl and keytool',
  files: ['/usr/bin/openssl', '/usr/bin/keytool'],
  install: apt('openssl default-jre-headless'),
};

export const C_CLIENT: Peer = {
  name: 'ZooKeeper C client',
  files: ['/usr/lib/zookeeper/bin/cli_mt'],
  install: apt('zookeeper-bin'),
};

export const KAZOO: Peer = {
  name: 'kazoo (Python)',
  files: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/kazoo'],
  install: apt('python3-kazoo'),
};

export const CHROMIUM: Peer = {
  name: 'Chromium',
  files: ['/usr/bin/chromium'],
  install: apt('chromium'),
};

export const REDIS: Peer = {
  name: 'Redis with its tools',
  files: ['/usr/bin/redis-server', '/usr/bin/redis-cli', '/usr/bin/redis-benchmark'],
  install: apt('redis-server redis-tools'),
};

export function isPresent(peer: Peer): boolean {
  return peer.files.every((file) => fs.existsSync(file));
}

/** A suite that needs these programs. */
export function describeWith(peers: readonly Peer[], name: string, suite: () => void): void {
  const missing = peers.filter((peer) => !isPresent(peer));
  if (missing.length === 0) {
    describe(name, suite);
    return;
  }
  const what = missing.map((peer) => `${peer.name} is missing: ${peer.install}`).join('; ');
  if (process.env['CI'] === 'true') {
    test(name, () => {
      expect.fail(what);
    });
  } else {
    describe.skip(`${name} (${what})`, suite);
  }
}
