/** The upper half of the picture: the ways into the cluster, and the cluster itself. */
import { card, column, label, textBox, wire, type Box, type CardText } from "./boxes.ts";
import { element } from "./markup.ts";
import { drop, gap, type PictureSize } from "./picture-size.ts";
import type { Status } from "./status.ts";
import type { Way as WayIn } from "./topology.ts";

/**
 * Who comes in, and below them the cluster with what opens to them. With one column each way stands below the one before,
 * with its own piece of the cluster.
 */
export function cluster(status: Status, { width, columns }: PictureSize): Box {
  const entries = entriesOf(status);
  const beside = columns === 1 ? 1 : entries.length;
  const inside = width - 2 * gap;
  const each = (inside - gap * (beside - 1)) / beside;
  const ways = entries.map(({ from, by, to }): Way => ({
    by,
    from: card(each, from, { kind: "outside" }),
    doors: column(
      to.map((one) => card(each, one)),
      8,
    ),
  }));
  const rows = columns === 1 ? ways.map((one) => [one]) : [ways];
  const boxes = rows.map((row, i) => {
    const text = i === rows.length - 1 ? clusterText(status, inside) : column([], 0);
    return clusterRow(width, each, row, text);
  });
  const all = column(boxes, drop);
  return {
    ...all,
    draw(x, y) {
      let next = y;
      const joints = boxes.slice(0, -1).map(({ height }, i) => {
        const bottom = next + height;
        next = bottom + drop;
        return wire([
          [x + 8, bottom],
          [x + 8, next + (boxes[i + 1]?.joint ?? 0)],
        ]);
      });
      return [...joints, all.draw(x, y)].join("");
    },
  };
}

/** A way in as boxes. */
interface Way {
  readonly by: string;
  readonly from: Box;
  readonly doors: Box;
}

/** Ways beside each other, with the piece of the cluster that is theirs; `joint` is where that begins. */
function clusterRow(
  width: number,
  each: number,
  row: readonly Way[],
  text: Box,
): Box & { readonly joint: number } {
  const tall = (boxes: readonly Box[]): number => Math.max(...boxes.map(({ height }) => height));
  const joint = tall(row.map(({ from }) => from)) + drop;
  const doors = joint + gap;
  const foot = doors + tall(row.map((one) => one.doors)) + gap;
  const height = foot + (text.height === 0 ? 0 : text.height + gap / 2);
  return {
    ...{ width, height, joint },
    draw(x, y) {
      const zone = { class: "zone", x, y: y + joint, width, height: height - joint, rx: 12 };
      return [
        element("rect", zone),
        ...row.flatMap(({ by, from, doors: below }, i) => {
          const left = x + gap + i * (each + gap);
          const middle = left + each / 2;
          const line = wire(
            [
              [middle, y + from.height],
              [middle, y + doors],
            ],
            "way",
          );
          const tag = label(middle + 8, y + from.height + 20, "line", by);
          return [line, tag, from.draw(left, y), below.draw(left, y + doors)];
        }),
        text.draw(x + gap, y + foot),
      ].join("");
    },
  };
}

/** What the cluster is, and its networks. */
function clusterText({ topology: { cluster, announced } }: Status, width: number): Box {
  const { version, api, pods, services, loadBalancers } = cluster;
  const asn = announced.by === "BGP" ? [`AS ${announced.asn}`] : [];
  return textBox(width, {
    title: [`Cluster: RKE2 ${version}`, `API at ${api} (kube-vip)`, ...asn].join(", "),
    lines: [`pods ${pods}, services ${services}, load balancers ${loadBalancers}`],
  });
}

/** A way in: who comes, by what, and what opens. */
interface Entry {
  readonly from: CardText;
  readonly by: string;
  readonly to: readonly CardText[];
}

function entriesOf({ topology: { ways, lan, announced, cluster } }: Status): readonly Entry[] {
  const way = (from: WayIn["from"]): WayIn | undefined => ways.find((one) => one.from === from);
  const doors = (one: WayIn | undefined): readonly CardText[] =>
    (one?.doors ?? []).map(({ what, at }) => ({ title: what, lines: at === "" ? [] : [at] }));
  const [internet, home, tailnet] = [way("public"), way("lan"), way("tailnet")];
  return [
    ...(internet === undefined
      ? []
      : [
          {
            from: { title: "The internet", lines: ["by Cloudflare", count(internet)] },
            ...{ by: "tunnel", to: doors(internet) },
          },
        ]),
    {
      from: {
        title: `Router ${lan.gateway}`,
        lines: [
          ...(announced.by === "BGP"
            ? announced.routers.map(
                ({ name, address, asn }) =>
                  `AS ${asn} at ${address}${announced.routers.length > 1 ? `, ${name}` : ""}`,
              )
            : []),
          ...(home === undefined ? [] : [count(home)]),
        ],
      },
      by: announced.by === "nobody" ? "routes by hand" : announced.by,
      to: [
        ...doors(home),
        ...(home === undefined
          ? [{ title: "load balancers", lines: [cluster.loadBalancers] }]
          : []),
      ],
    },
    ...(tailnet === undefined
      ? []
      : [
          {
            from: { title: "The tailnet", lines: ["by Tailscale", count(tailnet)] },
            ...{ by: "WireGuard", to: doors(tailnet) },
          },
        ]),
  ];
}

function count({ names }: WayIn): string {
  return names === 0 ? "no name" : names === 1 ? "1 name" : `${names} names`;
}
