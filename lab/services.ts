/** Services of the datacentre itself, as its status lists them. */
import { join } from "node:path";
import { mirroredNames, sites } from "./datacentre.ts";
import { daemonLog } from "./process.ts";
import type { LabPaths } from "./state.ts";
import type { ServiceLine } from "./status.ts";

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
