/** A rejection that nobody handles ends a process; while a run goes on it ends the run, and whoever runs the test goes on. */

/** @returns what takes it back */
export function catchRejections(onRejection: (error: unknown) => void): () => void {
  const before = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', onRejection);
  return () => {
    process.removeListener('unhandledRejection', onRejection);
    for (const listener of before) process.on('unhandledRejection', listener);
  };
}
