import type { Problem } from "../../../components/problem.ts";
import { repeated } from "../../config/lists.ts";
import type { SiteConfig } from "../../schema.ts";
import type { MonitoringConfig } from "./schema.ts";

const path = "homelab:monitoring";

/** Metrics of other sites have a way here, and this site's one to them. */
export function checkOtherSites(
  config: SiteConfig,
  monitoring: MonitoringConfig,
  stack: string,
): readonly Problem[] {
  return [
    ...(["sends", "receives"] as const).flatMap((key) => [
      ...repeated(`${path}.${key}`, monitoring[key]),
      ...monitoring[key].flatMap((site, i) =>
        site === stack
          ? [{ path: `${path}.${key}[${i}]`, text: `${site} is this site itself; remove it` }]
          : [],
      ),
    ]),
    ...monitoring.sends.flatMap((site, i) => way(config, site, `${path}.sends[${i}]`)),
    ...gateway(config, monitoring),
  ];
}

/** The tailnet leads there: a host of its own name, at the port of plain HTTP, which WireGuard encrypts. */
function way({ tailnet }: SiteConfig, site: string, at: string): readonly Problem[] {
  const host = tailnet?.egress[site];
  const written = `${site}: { ip: ADDRESS, ports: [80] }, with homelab:gateway.internal.address of its file`;
  if (host === undefined)
    return [
      {
        path: at,
        text: `${site} is no host of homelab:tailnet.egress, through which metrics go; add it there: ${written}`,
      },
    ];
  if (host.protocol === "TCP" && host.ports.includes(80)) return [];
  const text = `homelab:tailnet.egress.${site} does not lead to port 80, at which the other site's gateway takes metrics; write ${written}`;
  return [{ path: at, text }];
}

/** Devices of the tailnet reach Prometheus through the gateway that is for them. */
function gateway(
  { gateway: section }: SiteConfig,
  { receives }: MonitoringConfig,
): readonly Problem[] {
  if (receives.length === 0 || section?.internal.enabled === true) return [];
  const text =
    "metrics come through the gateway for the tailnet, and there is none; set homelab:gateway.internal.enabled, or remove it";
  return [{ path: `${path}.receives`, text }];
}
