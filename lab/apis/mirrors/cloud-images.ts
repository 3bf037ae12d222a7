import { standInImage } from "../proxmox/disk-image.ts";
import type { Offer, OffersOf } from "./offer.ts";

/** A cloud image by its address, with the SHA-512 that its publisher states. */
export interface CloudImage {
  readonly url: string;
  readonly sha512: string;
}

/** Virtual size of a cloud image's disk. */
const imageBytes = 2 * 1024 ** 3;

/** Images of one host, each with the `SHA512SUMS` of its folder, which states the real checksums. */
export function cloudImageOffers(host: string, images: readonly CloudImage[]): OffersOf {
  const offers = new Map<string, Offer>();
  const sums = new Map<string, string>();
  for (const { url, sha512 } of images) {
    const { hostname, pathname } = new URL(url);
    if (hostname !== host) continue;
    const at = pathname.lastIndexOf("/") + 1;
    const text =
      `This small file stands for ${url}\n` +
      `with the SHA-512 ${sha512}.\n` +
      "It holds no operating system: machines of the lab run on the host's own programs.";
    const body = standInImage(imageBytes, text);
    offers.set(pathname, { body, type: "application/octet-stream", standsForSha512: sha512 });
    const list = `${pathname.slice(0, at)}SHA512SUMS`;
    sums.set(list, `${sums.get(list) ?? ""}${sha512}  ${pathname.slice(at)}\n`);
  }
  for (const [path, text] of sums)
    offers.set(path, { body: Buffer.from(text), type: "text/plain" });
  return (path) => offers.get(path);
}
