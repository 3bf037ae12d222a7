import { rootDisk } from "../../../components/proxmox/disks.ts";
import { machineMac } from "../../../components/proxmox/mac.ts";
import { isMark } from "../../../components/proxmox/tags.ts";
import { known, unique } from "../../config/lists.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { capacity } from "./capacity.ts";
import { checkCards, checkMtu } from "./cards.ts";
import { checkDevices } from "./devices.ts";
import { checkNodes } from "./nodes.ts";

/** Names, ids and MAC addresses are unique, every reference leads somewhere, and the hosts carry their machines. */
export function checkMachines(config: SiteConfig): readonly Problem[] {
  const { machines, proxmox } = config;
  const hosts = new Set(proxmox.hosts.map((host) => host.name));
  const names = new Set(machines.map((machine) => machine.name));
  return [
    ...unique(
      "homelab:machines",
      "name",
      machines.map((machine) => machine.name),
    ),
    ...unique(
      "homelab:machines",
      "vmId",
      machines.map((machine) => machine.vmId),
    ),
    ...repeatedMacs(machines),
    ...machines.flatMap((machine, i) =>
      known(`homelab:machines[${i}].host`, machine.host, hosts, "homelab:proxmox.hosts"),
    ),
    ...machines.flatMap(unusableMac),
    ...machines.flatMap(marks),
    ...checkDevices(config),
    ...checkNodes(config),
    ...config.allowReplace.flatMap((name, i) =>
      known(`homelab:allowReplace[${i}]`, name, names, "homelab:machines"),
    ),
    ...config.allowRemove.flatMap((name, i) => leaves(`homelab:allowRemove[${i}]`, name, names)),
    ...machines.flatMap(disks),
    ...config.allowDiskRemoval.flatMap((disk, i) => {
      const [machine = ""] = disk.split("/");
      return known(`homelab:allowDiskRemoval[${i}]`, machine, names, "homelab:machines");
    }),
    ...capacity(config),
    ...checkCards(config),
    ...checkMtu(config),
  ];
}

/** What the config still has does not leave; the permission would lie in wait for a later slip. */
function leaves(path: string, name: string, names: ReadonlySet<string>): readonly Problem[] {
  if (!names.has(name)) return [];
  return [{ path, text: `${name} is still in homelab:machines; remove it there or here` }];
}

/** Derived addresses differ as VM ids do; only a given one can collide by itself. */
function repeatedMacs(machines: SiteConfig["machines"]): readonly Problem[] {
  const given = new Set(machines.flatMap(({ mac }, i) => (mac === undefined ? [] : [i])));
  const problems = unique(
    "homelab:machines",
    "mac",
    machines.map((machine) => machineMac(machine)),
  );
  return given.size === 0 ? [] : problems;
}

/** Tags by which the program knows its machines are its own to set. */
function marks(machine: SiteConfig["machines"][number], index: number): readonly Problem[] {
  return machine.tags.filter(isMark).map((tag) => ({
    path: `homelab:machines[${index}].tags`,
    text: `${tag} is a tag by which the program knows its machines; choose another`,
  }));
}

function unusableMac(machine: SiteConfig["machines"][number], index: number): readonly Problem[] {
  if (machine.mac === undefined) return [];
  if (/^[0:]+$/.test(machine.mac)) {
    const text = `${machine.mac} is no card's address; use one as in BC:24:11:00:00:01, or leave it out`;
    return [{ path: `homelab:machines[${index}].mac`, text }];
  }
  if ((Number.parseInt(machine.mac.slice(0, 2), 16) & 1) === 0) return [];
  return [
    {
      path: `homelab:machines[${index}].mac`,
      text: `${machine.mac} is a multicast address; the first pair must be even, as in BC:24:11:00:00:01`,
    },
  ];
}

/** Names and slots of a machine's disks are its own, and none is taken for the root disk or a slot. */
function disks({ extraDisks }: SiteConfig["machines"][number], index: number): readonly Problem[] {
  const list = `homelab:machines[${index}].extraDisks`;
  const names = extraDisks.map(({ name }) => name);
  const slots = extraDisks.map(({ slot }) => slot);
  return [
    ...unique(list, "name", names),
    ...unique(list, "slot", slots),
    ...names.flatMap((name, i) =>
      name === rootDisk || /^(scsi|sata|ide|virtio)\d+$/.test(name)
        ? [{ path: `${list}[${i}].name`, text: `${name} means another disk; choose another name` }]
        : [],
    ),
  ];
}
