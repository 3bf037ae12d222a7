import { standInImage } from "../proxmox/disk-image.ts";
import type { Offer, OffersOf } from "./offer.ts";

/** A cloud image by its address, with the checksum that its publisher states. */
export type CloudImage =
  | { readonly url: string; readonly sha512: string }
  | { readonly url: string; readonly sha256: string };

/** Virtual size of a cloud image's disk. */
const imageBytes = 2 * 1024 ** 3;

/**
 * Images of one host, each with the list of checksums of its folder, which states the real ones: `SHA512SUMS` at Debian's,
 * `SHA256SUMS` with a star before each name at Ubuntu's.
 */
export function cloudImageOffers(host: string, images: readonly CloudImage[]): OffersOf {
  const offers = new Map<string, Offer>();
  const sums = new Map<string, string>();
  for (const image of images) {
    const { hostname, pathname } = new URL(image.url);
    if (hostname !== host) continue;
    const at = pathname.lastIndexOf("/") + 1;
    const [algorithm, sum, mark] =
      "sha512" in image ? ["sha512", image.sha512, " "] : ["sha256", image.sha256, "*"];
    const text =
      `This small file stands for ${image.url}\n` +
      `with the ${algorithm.replace("sha", "SHA-")} ${sum}.\n` +
      "It holds no operating system: machines of the lab run on the host's own programs.";
    const body = standInImage(imageBytes, text);
    const standsFor = { [algorithm]: sum };
    offers.set(pathname, { body, type: "application/octet-stream", standsFor });
    const list = `${pathname.slice(0, at)}${algorithm.toUpperCase()}SUMS`;
    sums.set(list, `${sums.get(list) ?? ""}${sum} ${mark}${pathname.slice(at)}\n`);
  }
  for (const [path, text] of sums)
    offers.set(path, { body: Buffer.from(text), type: "text/plain" });
  return (path) => offers.get(path);
}
