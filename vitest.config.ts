import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';

/** Only what hangs takes so long, on a busy machine, too. How fast things are is the bench's matter, not a test's. */
const HANGS_MS = 120_000;
/** Pure code keeps no state between files, so those run together in one thread each; real IO gets processes of its own. */
const together = { pool: 'threads', isolate: false, testTimeout: HANGS_MS } as const;
const apart = {
  pool: 'forks',
  isolate: true,
  maxWorkers: 2,
  testTimeout: HANGS_MS,
  hookTimeout: HANGS_MS,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'tests/unit/{server,main}/**/*.test.ts',
            'tests/scenarios/**/*.test.ts',
            'tests/tidy/**/*.test.ts',
          ],
          ...together,
        },
      },
      { test: { name: 'contract', include: ['tests/contract/**/*.test.ts'], ...together } },
      {
        test: {
          name: 'sim',
          include: ['tests/sim/**/*.test.ts'],
          ...together,
          testTimeout: 300_000,
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'renderer',
          include: ['tests/unit/renderer/**/*.test.ts'],
          environment: 'happy-dom',
          pool: 'threads',
          testTimeout: HANGS_MS,
        },
      },
      { test: { name: 'conformance', include: ['tests/conformance/**/*.test.ts'], ...apart } },
      {
        test: {
          name: 'integration',
          include: ['tests/{integration,torture}/**/*.test.ts'],
          ...apart,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          globalSetup: 'tests/e2e/bundles.ts',
          ...apart,
          maxWorkers: 1,
        },
      },
    ],
  },
});
