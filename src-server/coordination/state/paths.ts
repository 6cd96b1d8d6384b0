/** Rules of node paths. */

const ROOT = '/';
export const ZOOKEEPER_PATH = '/zookeeper';
export const QUOTA_PATH = '/zookeeper/quota';
export const CONFIG_PATH = '/zookeeper/config';

/** Nodes the system owns: they can be read and written, never deleted. */
export function isSystemPath(path: string): boolean {
  return path === ROOT || path === ZOOKEEPER_PATH || path === QUOTA_PATH || path === CONFIG_PATH;
}

/**
 * Whether a path may name a node: absolute, no empty, `.` or `..` component, no slash at the end, and no control characters,
 * surrogates, private-use or U+FFF0 … U+FFFF (the rules of ZooKeeper's PathUtils).
 */
export function isValidPath(path: string): boolean {
  const { length } = path;
  if (length === 0 || path.charCodeAt(0) !== SLASH) return false;
  if (length === 1) return true;
  if (path.charCodeAt(length - 1) === SLASH) return false;
  let componentAt = 1;
  for (let i = 1; i < length; i++) {
    const unit = path.charCodeAt(i);
    if (unit === SLASH) {
      if (!isValidComponent(path, componentAt, i)) return false;
      componentAt = i + 1;
    } else if (isForbidden(unit)) {
      return false;
    }
  }
  return isValidComponent(path, componentAt, length);
}

/** The parent as the tree names it, '' for children of the root; null without any slash. */
export function parentOf(path: string): string | null {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? null : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The parent as clients and watches name it: '/' and not ''. */
export function watchedParentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? ROOT : path.slice(0, slash);
}

/** Ten digits, zero padded; a counter that ran below zero keeps its sign, as Java's format does. */
export function sequenceSuffix(counter: number): string {
  return counter < 0 ? `-${String(-counter).padStart(9, '0')}` : String(counter).padStart(10, '0');
}

const SLASH = 0x2f;
const DOT = 0x2e;

function isValidComponent(path: string, from: number, to: number): boolean {
  const length = to - from;
  if (length === 0) return false;
  if (path.charCodeAt(from) !== DOT) return true;
  if (length === 1) return false;
  return !(length === 2 && path.charCodeAt(from + 1) === DOT);
}

function isForbidden(unit: number): boolean {
  if (unit >= 0x20 && unit < 0x7f) return false;
  return unit <= 0x1f || unit <= 0x9f || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0;
}
