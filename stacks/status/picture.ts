/**
 * The topology of a site as a picture in SVG: who comes from outside, what of the cluster opens to them, and the machines on
 * their hosts that carry it. It is drawn for a width, so that letters are as large on a phone as on a laptop.
 */
import { card, column, label, textBox, wire, type Box, type CardText } from "./boxes.ts";
import { element, escaped } from "./markup.ts";
import type { HostStatus, MachineStatus, Status } from "./status.ts";
import type { Way as WayIn } from "./topology.ts";
import { hostCell, machineCell, nodeCell, type Cell, type Mood } from "./words.ts";

/** For whom it is drawn: how wide it is, and how many boxes stand beside each other. */
export interface PictureSize {
  readonly width: number;
  readonly columns: number;
}

export const pictureSizes = {
  phone: { width: 360, columns: 1 },
  laptop: { width: 1080, columns: 4 },
} as const satisfies Readonly<Record<string, PictureSize>>;

const gap = 16;
const drop = 30;

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

/**
 * Who comes in, and below them the cluster with what opens to them. With one column each way stands below the one before,
 * with its own piece of the cluster.
 */
function cluster(status: Status, { width, columns }: PictureSize): Box {
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

/** The hosts on the LAN, with their machines. */
function hosts({ hosts: all, topology: { lan } }: Status, { width, columns }: PictureSize): Box {
  const beside = Math.min(columns, Math.max(1, all.length));
  const rail = 24;
  const each = Math.min((width - rail - gap * (beside - 1)) / beside, 340);
  const boxes = all.map((host) => hostCard(host, each));
  const rows = Array.from({ length: Math.ceil(boxes.length / beside) }, (_, i) =>
    boxes.slice(i * beside, (i + 1) * beside),
  );
  const tall = (row: readonly Box[]): number => Math.max(...row.map(({ height }) => height));
  const vlan = lan.vlan === undefined ? "" : `, VLAN ${lan.vlan}`;
  const height = 26 + rows.reduce((sum, row) => sum + gap + tall(row), 0) + gap * (rows.length - 1);
  return {
    width,
    height,
    draw(x, y) {
      const parts = [label(x + rail, y + 14, "title", `LAN ${lan.network}${vlan}`)];
      const spine = x + 11;
      let next = y + 26;
      let last = y;
      for (const row of rows) {
        const right = x + rail + (row.length - 1) * (each + gap) + 24;
        parts.push(
          wire([
            [spine, next],
            [right, next],
          ]),
        );
        last = next;
        for (const [i, box] of row.entries()) {
          const left = x + rail + i * (each + gap);
          parts.push(
            wire([
              [left + 24, next],
              [left + 24, next + gap],
            ]),
            box.draw(left, next + gap),
          );
        }
        next += gap + tall(row) + gap;
      }
      parts.push(
        wire([
          [spine, y],
          [spine, last],
        ]),
      );
      return parts.join("");
    },
  };
}

function hostCard(host: HostStatus, width: number): Box {
  const state = stateOf([hostCell(host)]);
  return card(
    width,
    { title: host.name, lines: [`host at ${host.address}`], ...state },
    {
      kind: "host",
      inner: (room) =>
        column(
          host.machines.map((machine) => machineCard(machine, room)),
          8,
        ),
    },
  );
}

function machineCard(machine: MachineStatus, width: number): Box {
  const { name, address, role, cores, memoryGiB } = machine;
  return card(width, {
    title: name,
    lines: [`${role} at ${address}`, `${cores} cores, ${memoryGiB} GiB`],
    ...stateOf([machineCell(machine), nodeCell(machine)]),
  });
}

const worst: readonly Mood[] = ["error", "warning", "unknown", "ok"];

/** Several states in one line, as bad as the worst; nothing where nobody looked. */
function stateOf(cells: readonly Cell[]): Pick<CardText, "state"> {
  const said = cells.filter(({ text }) => text !== "");
  if (said.length === 0) return {};
  const mood = worst.find((one) => said.some((cell) => cell.mood === one)) ?? "unknown";
  const texts = [
    ...new Set(said.map((cell) => (cell.mood === "unknown" ? "not seen" : cell.text))),
  ];
  return { state: { text: texts.join(", "), mood } };
}
