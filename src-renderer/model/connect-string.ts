/** Connect strings, `host:port,host:port/chroot`, judged while they are typed by the rules of the client that will use them. */
import { pathProblem, ROOT } from './paths.ts';

export type ConnectProblem =
  | { readonly kind: 'empty' }
  | { readonly kind: 'empty-server' }
  | { readonly kind: 'bad-server'; readonly server: string }
  | { readonly kind: 'bad-port'; readonly server: string }
  | { readonly kind: 'bad-chroot'; readonly chroot: string };

const SERVER = /^(?:\[[0-9a-fA-F:.%]+\]|[^:[\]\s]+)(?::([0-9]{1,5}))?$/;

/** The first thing that is wrong, or null. */
export function connectProblem(typed: string): ConnectProblem | null {
  const text = typed.trim();
  if (text === '') return { kind: 'empty' };
  const slash = text.indexOf('/');
  const servers = slash < 0 ? text : text.slice(0, slash);
  const chroot = slash < 0 ? '' : text.slice(slash).replace(/\/$/, '');
  for (const server of servers.split(',').map((part) => part.trim())) {
    if (server === '') return { kind: 'empty-server' };
    const match = SERVER.exec(server);
    if (match === null) return { kind: 'bad-server', server };
    const port = match[1] === undefined ? null : Number(match[1]);
    if (port !== null && (port < 1 || port > 65535)) return { kind: 'bad-port', server };
  }
  const isChroot = chroot === '' || (chroot !== ROOT && pathProblem(chroot) === null);
  if (!isChroot) return { kind: 'bad-chroot', chroot };
  return null;
}

/** The servers by themselves, as they were written. */
export function serversOf(connect: string): string[] {
  const slash = connect.indexOf('/');
  return (slash < 0 ? connect : connect.slice(0, slash)).split(',').map((part) => part.trim());
}
