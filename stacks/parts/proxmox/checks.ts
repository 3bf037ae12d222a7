import { known, unique } from "../../config/lists.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** The image suits the hosts; names of hosts and PCI mappings are unique, and every device is on a host that there is. */
export function checkProxmox({ proxmox }: SiteConfig): readonly Problem[] {
  const hosts = proxmox.hosts.map(({ name }) => name);
  return [
    ...image(proxmox.image.url),
    ...unique("homelab:proxmox.hosts", "name", hosts),
    ...mappings("homelab:proxmox.pciMappings", proxmox.pciMappings, new Set(hosts)),
    ...mappings("homelab:proxmox.usbMappings", proxmox.usbMappings, new Set(hosts)),
    ...proxmox.usbMappings.flatMap(({ name, devices }, i) =>
      repeatedHosts(`homelab:proxmox.usbMappings[${i}].devices`, name, devices),
    ),
  ];
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

/** Architectures in the names of Debian's, Ubuntu's and others' images; the hosts' own is amd64. */
const foreign =
  /(?<=[-_./])(arm64|aarch64|armhf|armel|armv7l?|i386|i686|ppc64(?:le|el)?|riscv64|s390x|loong64|mips64el)(?=[-_./])/i;

/** An image that Proxmox takes and that no machine comes up from. */
function image(url: string): readonly Problem[] {
  const path = "homelab:versions.image.url";
  const architecture = foreign.exec(url)?.[1];
  if (architecture !== undefined) {
    const better = url.replaceAll(new RegExp(foreign, "gi"), "amd64");
    const text = `is for ${architecture}, and Proxmox VE and RKE2's release here run on amd64: use ${better}, with its checksum`;
    return [{ path, text }];
  }
  if (/-nocloud-/.test(url)) {
    const text = `has no cloud-init, which gives a machine its address and login: use ${url.replace("-nocloud-", "-genericcloud-")}, with its checksum`;
    return [{ path, text }];
  }
  return [];
}
