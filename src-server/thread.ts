/**
 * Entry of one worker thread: builds the composition of its role on the real platform. Only that role's modules are loaded,
 * so that a member serves sooner.
 */
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

import type { Role } from './thread-messages.ts';

enableCompileCache();
const role = workerData as Role;
if (parentPort === null) throw new Error('this file runs in a worker thread only');
if (role.role === 'member') {
  const { runMember } = await import('./member-thread.ts');
  await runMember(role, parentPort);
} else if (role.role === 'storage') {
  const { runStorage } = await import('./storage-thread.ts');
  await runStorage(role, parentPort);
} else {
  const { runConsole } = await import('./console-thread.ts');
  await runConsole(role, parentPort);
}
