/** What begins an ensemble beside a server on its own: a folder next to the server's. */
export function commandForEnsemble(dataDir: string): string {
  const folder = `${dataDir.replace(/[\\/]+$/, '')}-ensemble`;
  // Double quotes mean the same to every shell there is, as long as nothing in them means something to one.
  const isPlain = /^[\w./:\\~-]+$/.test(folder);
  return `npm start -- --data ${isPlain ? folder : `"${folder}"`}`;
}
