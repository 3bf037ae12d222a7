import { machineMac } from "../../../components/proxmox/mac.ts";
import type { Problem } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** Names, ids and MAC addresses are unique, and every reference leads somewhere. */
export function checkNames(config: SiteConfig): readonly Problem[] {
  const { machines, proxmox } = config;
  const hosts = new Set(proxmox.hosts.map((host) => host.name));
  const names = new Set(machines.map((machine) => machine.name));
  return [
    ...unique(
      "homelab:proxmox.hosts",
      "name",
      proxmox.hosts.map((host) => host.name),
    ),
    ...unique(
      "homelab:proxmox.pciMappings",
      "name",
      proxmox.pciMappings.map((mapping) => mapping.name),
    ),
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
    ...machines.flatMap(multicastMac),
    ...checkPci(config, hosts),
    ...config.allowReplace.flatMap((name, i) =>
      known(`homelab:allowReplace[${i}]`, name, names, "homelab:machines"),
    ),
    ...config.allowRemove.flatMap((name, i) => leaves(`homelab:allowRemove[${i}]`, name, names)),
  ];
}

function unique(
  list: string,
  field: string,
  values: readonly (string | number)[],
): readonly Problem[] {
  return values.flatMap((value, i) => {
    const first = values.indexOf(value);
    if (first === i) return [];
    return [
      {
        path: `${list}[${i}].${field}`,
        text: `${value} is already used by ${list}[${first}]; choose another`,
      },
    ];
  });
}

function known(
  path: string,
  name: string,
  names: ReadonlySet<string>,
  list: string,
): readonly Problem[] {
  if (names.has(name)) return [];
  return [
    { path, text: `${name} is not in ${list}; known are ${[...names].join(", ") || "none"}` },
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

function multicastMac(machine: SiteConfig["machines"][number], index: number): readonly Problem[] {
  if (machine.mac === undefined || (Number.parseInt(machine.mac.slice(0, 2), 16) & 1) === 0)
    return [];
  return [
    {
      path: `homelab:machines[${index}].mac`,
      text: `${machine.mac} is a multicast address; the first pair must be even, as in BC:24:11:00:00:01`,
    },
  ];
}

function checkPci(config: SiteConfig, hosts: ReadonlySet<string>): readonly Problem[] {
  const mappings = new Map(config.proxmox.pciMappings.map((mapping) => [mapping.name, mapping]));
  const unknownHosts = config.proxmox.pciMappings.flatMap((mapping, i) =>
    mapping.devices.flatMap((device, j) =>
      known(
        `homelab:proxmox.pciMappings[${i}].devices[${j}].host`,
        device.host,
        hosts,
        "homelab:proxmox.hosts",
      ),
    ),
  );
  const unknownMappings = config.machines.flatMap((machine, i) =>
    machine.pci.flatMap((name, j) => {
      const path = `homelab:machines[${i}].pci[${j}]`;
      const mapping = mappings.get(name);
      if (mapping === undefined)
        return known(path, name, new Set(mappings.keys()), "homelab:proxmox.pciMappings");
      if (mapping.devices.some((device) => device.host === machine.host)) return [];
      return [
        {
          path,
          text: `${name} has no device on ${machine.host}; move the machine or add the device`,
        },
      ];
    }),
  );
  const bound = config.machines.flatMap((machine, i) =>
    machine.ha !== undefined && machine.pci.length > 0
      ? [
          {
            path: `homelab:machines[${i}].ha`,
            text: "a machine with a PCI device cannot move; drop `ha` or `pci`",
          },
        ]
      : [],
  );
  return [...unknownHosts, ...unknownMappings, ...bound];
}
