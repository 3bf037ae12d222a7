import { known, unique } from "../../config/lists.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** Names of hosts and mappings are unique, every device is on a host that there is, and Proxmox is asked there too. */
export function checkProxmox(config: SiteConfig): readonly Problem[] {
  const { proxmox } = config;
  const hosts = proxmox.hosts.map(({ name }) => name);
  return [
    ...unique("homelab:proxmox.hosts", "name", hosts),
    ...mappings("homelab:proxmox.pciMappings", proxmox.pciMappings, new Set(hosts)),
    ...mappings("homelab:proxmox.usbMappings", proxmox.usbMappings, new Set(hosts)),
    ...proxmox.usbMappings.flatMap(({ name, devices }, i) =>
      repeatedHosts(`homelab:proxmox.usbMappings[${i}].devices`, name, devices),
    ),
    ...proxmox.pciMappings.flatMap(({ devices }, i) =>
      unique(
        `homelab:proxmox.pciMappings[${i}].devices`,
        "path",
        devices.map(({ host, path }) => `${path} on ${host}`),
      ),
    ),
    ...endpoint(config),
  ];
}

/** Proxmox is asked before its machines are there, and when they are down. */
function endpoint({ proxmox, machines, cluster }: SiteConfig): readonly Problem[] {
  const { hostname } = new URL(proxmox.endpoint);
  const own = machines.find(({ address }) => address === hostname);
  if (own === undefined && hostname !== cluster.vip) return [];
  const text = `is the address of ${own?.name ?? "the control plane"}, which runs on Proxmox itself; use that of a host`;
  return [{ path: "homelab:proxmox.endpoint", text }];
}

type Mapping = SiteConfig["proxmox"]["usbMappings"][number];

function mappings(
  list: string,
  entries: readonly { readonly name: string; readonly devices: readonly { host: string }[] }[],
  hosts: ReadonlySet<string>,
): readonly Problem[] {
  const names = entries.map(({ name }) => name);
  return [
    ...unique(list, "name", names),
    ...entries.flatMap(({ devices }, i) =>
      devices.flatMap(({ host }, j) =>
        known(`${list}[${i}].devices[${j}].host`, host, hosts, "homelab:proxmox.hosts"),
      ),
    ),
  ];
}

/** Of PCI devices a start takes the first that is free; of USB devices Proxmox knows one a host. */
function repeatedHosts(
  path: string,
  name: string,
  devices: Mapping["devices"],
): readonly Problem[] {
  return devices.flatMap(({ host }, j) =>
    devices.findIndex((other) => other.host === host) === j
      ? []
      : [
          {
            path: `${path}[${j}].host`,
            text: `${name} has a device on ${host} already, and Proxmox takes one; give the other a mapping of its own`,
          },
        ],
  );
}
