import { failure } from "./api-error.ts";

/** `QFI\xfb`: the first four bytes of a QCOW2 file. */
export const qcow2Magic = Buffer.from([0x51, 0x46, 0x49, 0xfb]);

/** Offset of the virtual size in a QCOW2 header (QEMU, docs/interop/qcow2.rst). */
const sizeOffset = 24;

/**
 * The size in bytes that a guest sees of an image.
 * @throws 500 when a file named `.qcow2` has no QCOW2 header.
 */
export function virtualSize(name: string, body: Buffer): number {
  if (!name.endsWith(".qcow2")) return body.length;
  if (body.length < sizeOffset + 8 || !body.subarray(0, 4).equals(qcow2Magic))
    throw failure(`could not open '${name}': Image is not in qcow2 format`);
  return Number(body.readBigUInt64BE(sizeOffset));
}

/** A small file with a QCOW2 header of the given size, followed by a text that says what it is. */
export function standInImage(bytes: number, text: string): Buffer {
  const header = Buffer.alloc(72);
  qcow2Magic.copy(header);
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(BigInt(bytes), sizeOffset);
  return Buffer.concat([header, Buffer.from(`\n${text}\n`)]);
}
