/** The lower half of the picture: the hosts on the LAN and their machines, with the state of each. */
import { card, column, label, wire, type Box, type CardText } from "./boxes.ts";
import { gap, type PictureSize } from "./picture-size.ts";
import type { HostStatus, MachineStatus, Status } from "./status.ts";
import { hostCell, machineCell, nodeCell, type Cell, type Mood } from "./words.ts";

/** The hosts on the LAN, with their machines. */
export function hosts(
  { hosts: all, topology: { lan } }: Status,
  { width, columns }: PictureSize,
): Box {
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
