/** Makes `electron` the stand-in, for the process this file is imported into first. */
import { registerHooks } from 'node:module';

const STAND_IN = new URL('./electron.ts', import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'electron'
      ? { url: STAND_IN, shortCircuit: true, format: 'module-typescript' }
      : next(specifier, context),
});
Object.defineProperty(process.versions, 'electron', { value: 'stand-in' });
