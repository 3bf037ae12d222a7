import { monitoringNamespace } from "../../../components/monitoring/names.ts";
import { probers, type Side } from "../../../components/monitoring/probes/plan.ts";
import {
  addresses,
  dnsPorts,
  internet,
  pods,
  tcp,
  type Flow,
} from "../../../components/policies/flow.ts";
import { gatewayOf } from "../../apps/names.ts";
import { siteExposure } from "../../exposure/table.ts";
import type { SiteConfig } from "../../schema.ts";
import { inPod } from "../gateway/plans.ts";
import { gatewayProxies } from "../gateway/traffic.ts";
import { siteProbes } from "./probes.ts";

/** Pods that ask, by their side. */
export const proberPods = (side: Side) =>
  pods(`prober ${side}`, monitoringNamespace.name, { "app.kubernetes.io/name": probers[side] });

/**
 * Who asks for the site's names reaches what they lead to: the gateways at their listeners, or the internet. Where a public
 * name is, Cloudflare decides; the prober asks resolvers of the internet, past the proxy by which Cilium learns names.
 */
export function probesTraffic(config: SiteConfig): readonly Flow[] {
  const { monitoring } = config;
  if (monitoring?.names === undefined) return [];
  const probes = siteProbes(config);
  const why = "whether names answer";
  const exposed = siteExposure(config).filter(
    ({ protocol, direct }) => protocol !== "udp" && direct !== true,
  );
  const gateways = [...new Set(exposed.map(({ to }) => to))].flatMap((to): readonly Flow[] => {
    const gateway = gatewayOf(to);
    if (gateway === undefined || !probes.some((probe) => probe.to === to)) return [];
    const ports = exposed.filter((one) => one.to === to).map(({ port }) => inPod(port));
    const from = proberPods("inside");
    return [{ from, to: gatewayProxies(gateway), ports: tcp(...new Set(ports)), why }];
  });
  if (!probes.some(({ side }) => side === "outside")) return gateways;
  const from = proberPods("outside");
  return [
    ...gateways,
    { from, to: addresses(monitoring.names.resolvers), ports: dnsPorts, why: "where names are" },
    { from, to: internet, ports: tcp(443), why },
  ];
}
