/**
 * Paths of nodes: the same rules as the servers', so that a mistake is named before anything is sent, and the small
 * arithmetic of parents and names.
 */

export const ROOT = '/';

/** What is wrong with a path; each has its own words. */
export type PathProblem =
  'relative' | 'empty-part' | 'trailing-slash' | 'dot-part' | 'bad-character' | 'is-root';

const SLASH = 0x2f;

/** Null for a path that may name a node. */
export function pathProblem(path: string): PathProblem | null {
  if (path.charCodeAt(0) !== SLASH) return 'relative';
  if (path === ROOT) return null;
  for (const part of path.slice(1).split('/')) {
    if (part === '')
      return path.endsWith('/') && !path.includes('//') ? 'trailing-slash' : 'empty-part';
    if (part === '.' || part === '..') return 'dot-part';
    for (let i = 0; i < part.length; i++) {
      if (isForbidden(part.charCodeAt(i))) return 'bad-character';
    }
  }
  return null;
}

/** Control characters, surrogates, private use and U+FFF0 … U+FFFF. */
function isForbidden(unit: number): boolean {
  if (unit >= 0x20 && unit < 0x7f) return false;
  return unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}

/** '/' for children of the root, and for the root itself. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

export function nameOf(path: string): string {
  return path === ROOT ? ROOT : path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(directory: string, name: string): string {
  return directory === ROOT ? `/${name}` : `${directory}/${name}`;
}

export function partsOf(path: string): string[] {
  return path === ROOT ? [] : path.slice(1).split('/');
}

export function fromParts(parts: readonly string[]): string {
  return `/${parts.join('/')}`;
}

/** The path itself and everything below it. */
export function isWithin(path: string, top: string): boolean {
  return top === ROOT || path === top || path.startsWith(`${top}/`);
}

export interface Crumb {
  readonly name: string;
  readonly path: string;
}

/** Every step of the way from the root, which comes first. */
export function crumbsOf(path: string): Crumb[] {
  const crumbs: Crumb[] = [{ name: ROOT, path: ROOT }];
  for (const name of partsOf(path)) {
    crumbs.push({ name, path: joinPath(crumbs.at(-1)!.path, name) });
  }
  return crumbs;
}

/** What was typed, as the path it most likely means: no spaces around it, no slash at the end. */
export function tidyTyped(text: string): string {
  const trimmed = text.trim();
  const absolute = trimmed.startsWith('/') ? trimmed : `/${trimmed}`;
  return absolute.length > 1 ? absolute.replace(/\/+$/, '') || ROOT : absolute;
}
