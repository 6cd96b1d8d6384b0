/** DER, as far as files with keys need it: a value is a tag with bytes or with other values. */

export const DER_TAGS = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
  /** [0], with values in it. */
  first: 0xa0,
} as const;

/** The bytes are not DER, or not what they were to be. */
export class DerError extends Error {
  override readonly name = 'DerError';
}

export class DerValue {
  readonly tag: number;
  readonly bytes: Buffer;
  /** With tag and length. */
  readonly whole: Buffer;

  private constructor(tag: number, bytes: Buffer, whole: Buffer) {
    this.tag = tag;
    this.bytes = bytes;
    this.whole = whole;
  }

  /** The value that begins here; what follows it is left alone. */
  static read(from: Buffer): DerValue {
    const [tag, first] = from;
    if (tag === undefined || first === undefined) throw new DerError('the data ends too early');
    let headerBytes = 2;
    let length = first;
    if (first >= 0x80) {
      const lengthBytes = first & 0x7f;
      if (lengthBytes < 1 || lengthBytes > 4 || from.length < 2 + lengthBytes)
        throw new DerError('a length is not known in advance');
      length = from.readUIntBE(2, lengthBytes);
      headerBytes += lengthBytes;
    }
    const end = headerBytes + length;
    if (end > from.length) throw new DerError('the data ends too early');
    return new DerValue(tag, from.subarray(headerBytes, end), from.subarray(0, end));
  }

  as(tag: number): this {
    if (this.tag !== tag) throw new DerError(`tag ${this.tag} where ${tag} belongs`);
    return this;
  }

  /** The values within. */
  get parts(): DerValue[] {
    const parts: DerValue[] = [];
    for (let left = this.bytes; left.length > 0; left = left.subarray(parts.at(-1)!.whole.length))
      parts.push(DerValue.read(left));
    return parts;
  }

  /** The value within at this place. */
  part(index: number): DerValue {
    const part = this.parts[index];
    if (part === undefined) throw new DerError('something is missing');
    return part;
  }

  /** The bytes of an octet string, which may be cut into several. */
  get octets(): Buffer {
    const isWhole = (this.tag & 0x20) === 0;
    return isWhole ? this.bytes : Buffer.concat(this.parts.map(({ octets }) => octets));
  }

  get integer(): number {
    const { bytes } = this.as(DER_TAGS.integer);
    if (bytes.length < 1 || bytes.length > 6) throw new DerError('a number is too large');
    return bytes.readIntBE(0, bytes.length);
  }

  /** With dots. */
  get oid(): string {
    const numbers: number[] = [];
    let number = 0;
    for (const byte of this.as(DER_TAGS.oid).bytes) {
      number = number * 128 + (byte & 0x7f);
      if (byte >= 0x80) continue;
      if (numbers.length > 0) numbers.push(number);
      else numbers.push(...firstTwo(number));
      number = 0;
    }
    return numbers.join('.');
  }
}

/** They share a number. */
function firstTwo(number: number): [number, number] {
  const first = Math.min(2, Math.floor(number / 40));
  return [first, number - first * 40];
}
