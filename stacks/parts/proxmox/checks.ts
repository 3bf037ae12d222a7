import { known, unique } from "../../config/lists.ts";
import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";

/** Names of hosts and PCI mappings are unique, and every device is on a host that there is. */
export function checkProxmox({ proxmox }: SiteConfig): readonly Problem[] {
  const { pciMappings } = proxmox;
  const hosts = proxmox.hosts.map(({ name }) => name);
  const mappings = pciMappings.map(({ name }) => name);
  return [
    ...unique("homelab:proxmox.hosts", "name", hosts),
    ...unique("homelab:proxmox.pciMappings", "name", mappings),
    ...pciMappings.flatMap(({ devices }, i) =>
      devices.flatMap(({ host }, j) => {
        const path = `homelab:proxmox.pciMappings[${i}].devices[${j}].host`;
        return known(path, host, new Set(hosts), "homelab:proxmox.hosts");
      }),
    ),
  ];
}
