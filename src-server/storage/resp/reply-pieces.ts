/** Encoded replies taken apart without reading what is in them: to put the pieces together in another way. */

const LF = 0x0a;

/** Where the reply ends that begins here, or −1 where it is not all there. */
export function endOfReply(bytes: Uint8Array, start: number): number {
  const lineEnd = bytes.indexOf(LF, start);
  if (lineEnd < 0) return -1;
  const type = String.fromCharCode(bytes[start]!);
  let at = lineEnd + 1;
  if ('$=!'.includes(type)) {
    const length = lengthAt(bytes, start, lineEnd);
    if (length >= 0) at += length + 2;
    return at <= bytes.length ? at : -1;
  }
  if (!'*~%>'.includes(type)) return at;
  let left = lengthAt(bytes, start, lineEnd) * (type === '%' ? 2 : 1);
  for (; left > 0 && at >= 0; left--) at = endOfReply(bytes, at);
  return at;
}

/** The items of a whole list, each as it is encoded. */
export function itemsOf(list: Uint8Array): Uint8Array[] {
  const items: Uint8Array[] = [];
  let at = list.indexOf(LF) + 1;
  while (at < list.length) {
    const end = endOfReply(list, at);
    items.push(list.subarray(at, end));
    at = end;
  }
  return items;
}

function lengthAt(bytes: Uint8Array, start: number, lineEnd: number): number {
  return Number(String.fromCharCode(...bytes.subarray(start + 1, lineEnd)));
}
