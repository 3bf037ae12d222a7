/** Services of the datacentre itself, as its status lists them. */
import { join } from "node:path";
import type { ServiceLine } from "../control/status.ts";
import type { LabPaths } from "../host/paths.ts";
import { daemonLog } from "../host/process.ts";
import { mirroredNames, sites } from "../world/inventory.ts";

/** The control API, every Proxmox host, and the mirrors. */
export function localServices(paths: LabPaths): ServiceLine[] {
  const { control, logs } = paths;
  return [
    { name: "control API", address: `unix:${control}`, log: daemonLog(paths) },
    ...sites.flatMap((site) =>
      site.hosts.map((host) => ({
        name: `Proxmox ${host.name} (${site.name})`,
        address: `https://${host.address}:8006`,
        log: join(logs, `proxmox-${site.name}.log`),
      })),
    ),
    {
      name: "mirrors",
      address: mirroredNames.map((name) => `https://${name}`).join(" "),
      log: join(logs, "mirrors.log"),
    },
  ];
}
