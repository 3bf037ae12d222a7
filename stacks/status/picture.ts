/**
 * The topology of a site as a picture in SVG: who comes from outside, what of the cluster opens to them, and the machines on
 * their hosts that carry it. It is drawn for a width, so that letters are as large on a phone as on a laptop.
 */
import { column, wire } from "./boxes.ts";
import { element, escaped } from "./markup.ts";
import { hosts } from "./picture-hosts.ts";
import { drop, type PictureSize } from "./picture-size.ts";
import { cluster } from "./picture-ways.ts";
import type { Status } from "./status.ts";

/** The picture of a site. */
export function picture(status: Status, size: PictureSize): string {
  const parts = [cluster(status, size), hosts(status, size)];
  const all = column(parts, drop);
  const [upper] = parts;
  const join = (upper?.height ?? 0) + 1;
  const title = `How ${status.site} hangs together`;
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${size.width + 2} ${Math.ceil(all.height) + 2}`,
      role: "img",
      "aria-label": title,
    },
    element("title", {}, escaped(title)),
    all.draw(1, 1),
    wire([
      [12, join],
      [12, join + drop],
    ]),
  );
}
