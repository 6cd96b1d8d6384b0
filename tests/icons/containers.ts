/** The two containers in which systems want an app's icon: a list of PNG pictures behind a small header. */

export interface Picture {
  /** Width and height. */
  readonly pixels: number;
  readonly png: Buffer;
}

/** Windows: `ICONDIR`, an entry of 16 bytes for each picture, then the pictures. */
export function toIco(pictures: readonly Picture[]): Buffer {
  const header = Buffer.alloc(6 + pictures.length * 16);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(pictures.length, 4);
  let offset = header.length;
  for (const [index, { pixels, png }] of pictures.entries()) {
    const at = 6 + index * 16;
    // One byte each; 256 is written as 0.
    header[at] = pixels % 256;
    header[at + 1] = pixels % 256;
    header.writeUInt16LE(1, at + 4);
    header.writeUInt16LE(32, at + 6);
    header.writeUInt32LE(png.length, at + 8);
    header.writeUInt32LE(offset, at + 12);
    offset += png.length;
  }
  return Buffer.concat([header, ...pictures.map(({ png }) => png)]);
}

/** Apple's names for a picture of so many pixels: the second is the same one, for screens of twice the density. */
const ICNS_TYPES: Readonly<Record<number, readonly string[]>> = {
  16: ['icp4'],
  32: ['icp5', 'ic11'],
  64: ['ic12'],
  128: ['ic07'],
  256: ['ic08', 'ic13'],
  512: ['ic09', 'ic14'],
  1024: ['ic10'],
};

/** macOS: `icns`, the whole length, then each picture behind its type and length. */
export function toIcns(pictures: readonly Picture[]): Buffer {
  const parts: Buffer[] = [];
  for (const { pixels, png } of pictures) {
    for (const type of ICNS_TYPES[pixels] ?? []) {
      const header = Buffer.alloc(8);
      header.write(type, 'latin1');
      header.writeUInt32BE(8 + png.length, 4);
      parts.push(header, png);
    }
  }
  const header = Buffer.alloc(8);
  header.write('icns', 'latin1');
  header.writeUInt32BE(8 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return Buffer.concat([header, ...parts]);
}
