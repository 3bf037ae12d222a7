/**
 * Name under which an image is kept on a host, from its address and checksum: `debian-13-...-4f46f067.qcow2`.
 * The checksum's head keeps two builds of one name apart, so that a new image never takes the old one's file.
 * Proxmox's `import` content wants one of .qcow2, .raw, .vmdk, .img.
 */
export function imageFileName(url: string, sha512: string): string {
  const file = new URL(url).pathname.split("/").at(-1) ?? "";
  const dot = file.lastIndexOf(".");
  const [stem, extension] = [file.slice(0, dot), file.slice(dot + 1)];
  return `${stem}-${sha512.slice(0, 8)}.${extension}`;
}
