import path from 'node:path';

import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'electron-vite';

/** What the licences of bundled packages ask for: to be named wherever their code goes. */
const license = { fileName: 'licences.md' };

const at = (...parts: string[]): string => path.join(import.meta.dirname, ...parts);

/** Three builds: the main process with the entry of its worker threads, the preload, and the interface. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      // Everything is in the bundle, so that a package needs no node_modules.
      externalizeDeps: false,
      license,
      rolldownOptions: {
        input: {
          index: at('src-main/index.ts'),
          thread: at('src-server/thread.ts'),
          cli: at('src-server/cli.ts'),
        },
        output: { format: 'es' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      externalizeDeps: false,
      rolldownOptions: {
        input: { index: at('src-main/preload/index.ts') },
        // A sandboxed preload is one CommonJS file.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('src-renderer'),
    plugins: [vue()],
    build: {
      outDir: 'out/renderer',
      emptyOutDir: true,
      license,
      // The content policy allows no inline scripts, and data addresses for images only.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: at('src-renderer/index.html') },
    },
  },
});
