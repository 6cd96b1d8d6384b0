/** Network addresses in access control lists: `address` or `address/bits`, IPv4 and IPv6. */

/** Whether `pattern` is an address, with a prefix length that fits it or none. */
export function isAddressPattern(pattern: string): boolean {
  return parsePattern(pattern) !== null;
}

/** Whether `address` lies in the network that `pattern` names. */
export function addressMatches(address: string, pattern: string): boolean {
  const network = parsePattern(pattern);
  const bytes = parseAddress(address);
  if (network === null || bytes === null || bytes.length !== network.bytes.length) return false;
  for (let bit = 0; bit < network.bits; bit += 8) {
    const shift = Math.max(0, 8 - (network.bits - bit));
    const at = bit / 8;
    if (bytes[at]! >> shift !== network.bytes[at]! >> shift) return false;
  }
  return true;
}

function parsePattern(pattern: string): { bytes: number[]; bits: number } | null {
  const slash = pattern.indexOf('/');
  const bytes = parseAddress(slash < 0 ? pattern : pattern.slice(0, slash));
  if (bytes === null) return null;
  if (slash < 0) return { bytes, bits: bytes.length * 8 };
  const bits = parseDecimal(pattern.slice(slash + 1));
  return bits === null || bits > bytes.length * 8 ? null : { bytes, bits };
}

function parseAddress(text: string): number[] | null {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes: number[] = [];
  for (const part of parts) {
    const value = parseDecimal(part);
    if (value === null || value > 255) return null;
    bytes.push(value);
  }
  return bytes;
}

function parseIpv6(text: string): number[] | null {
  const address = text.includes('%') ? text.slice(0, text.indexOf('%')) : text;
  const gap = address.indexOf('::');
  if (gap !== address.lastIndexOf('::')) return null;
  const head = parseGroups(gap < 0 ? address : address.slice(0, gap));
  const tail = parseGroups(gap < 0 ? '' : address.slice(gap + 2));
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 2) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (group.includes('.')) {
      const ipv4 = i === groups.length - 1 ? parseIpv4(group) : null;
      if (ipv4 === null) return null;
      bytes.push(...ipv4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

/** A whole number as Java's parseInt reads one, without sign. */
function parseDecimal(text: string): number | null {
  return /^\+?[0-9]{1,9}$/.test(text) ? Number.parseInt(text, 10) : null;
}
