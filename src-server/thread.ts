/** Entry of one worker thread: builds the composition of its role on the real platform. */
import { parentPort, workerData } from 'node:worker_threads';

import { runConsole } from './console-thread.ts';
import { runMember } from './member-thread.ts';
import type { Role } from './thread-messages.ts';

const role = workerData as Role;
if (parentPort === null) throw new Error('this file runs in a worker thread only');
await (role.role === 'member' ? runMember(role, parentPort) : runConsole(role, parentPort));
