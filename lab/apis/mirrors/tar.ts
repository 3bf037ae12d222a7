/** One file of an archive. */
export interface TarEntry {
  /** Path inside the archive, without a leading slash. */
  readonly path: string;
  readonly body: Buffer;
  readonly executable?: boolean;
}

const block = 512;

/** Writes an archive in ustar form (POSIX.1-1988): owner root, time zero, so equal input gives equal bytes. */
export function writeTar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap(({ path, body, executable = false }) => [
    header(path, body.length, executable),
    body,
    Buffer.alloc((block - (body.length % block)) % block),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header(path: string, size: number, executable: boolean): Buffer {
  const { name, prefix } = splitPath(path);
  const bytes = Buffer.alloc(block);
  const octal = (value: number, offset: number, length: number): void => {
    bytes.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  };
  bytes.write(name, 0, "utf8");
  octal(executable ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  bytes.fill(" ", 148, 156);
  bytes.write("0", 156, "latin1");
  bytes.write("ustar\x0000", 257, "latin1");
  bytes.write("root", 265, "latin1");
  bytes.write("root", 297, "latin1");
  bytes.write(prefix, 345, "utf8");
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}

/** Names up to 100 bytes, with a folder prefix of up to 155. @throws for longer paths. */
function splitPath(path: string): { name: string; prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { name, prefix };
  }
  throw new Error(`${path}: too long for a ustar archive`);
}

/** The content of one regular file of an archive; undefined when it is not there. */
export function readFromTar(
  archive: Buffer,
  wanted: (path: string) => boolean,
): Buffer | undefined {
  const text = (offset: number, length: number): string =>
    archive.toString("utf8", offset, offset + length).replace(/\0.*$/s, "");
  for (let at = 0; at + block <= archive.length && archive[at] !== 0;) {
    const prefix = text(at + 345, 155);
    const path = prefix === "" ? text(at, 100) : `${prefix}/${text(at, 100)}`;
    const size = parseInt(text(at + 124, 12).trim(), 8);
    const start = at + block;
    if (wanted(path)) return archive.subarray(start, start + size);
    at = start + Math.ceil(size / block) * block;
  }
  return undefined;
}
