import { HttpRoute } from "../../../components/gateway/route-resources.ts";
import { httpListener } from "../../../components/gateway/plan.ts";
import { monitoringNamespace, prometheus } from "../../../components/monitoring/names.ts";
import { writePath } from "../../../components/monitoring/remote-write.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteGateways } from "../gateway/deploy.ts";
import type { SiteMonitoring } from "./deploy.ts";

/** What the parts before it have made. */
export interface ReceiverSurroundings {
  readonly running: RunningCluster;
  readonly gateways: SiteGateways | undefined;
  readonly monitoring: SiteMonitoring | undefined;
}

/**
 * Lets other sites' metrics in, where the config has some: POST to the one path by which Prometheus takes samples, at the
 * gateway for the tailnet. A proxy of the other site's names the gateway as it finds it, so the route has no name; of two
 * routes without one the longer path counts, and HTTP goes on to HTTPS for all else.
 */
export function deployReceiver(
  { name, config }: Site,
  { nodes: [machine] }: SiteCluster,
  { running: { kubernetes }, gateways, monitoring }: ReceiverSurroundings,
): void {
  if (config.monitoring === undefined || config.monitoring.receives.length === 0) return;
  if (gateways === undefined || monitoring === undefined)
    throw new Error("the config was checked to have a gateway for metrics, but has none");
  new HttpRoute(
    `${name}-metrics-in`,
    {
      ...{ route: "remote-write", namespace: monitoringNamespace.name, machine },
      plan: {
        parents: [{ gateway: "internal", listener: httpListener }],
        rules: [
          {
            matches: [{ path: { type: "Exact", value: writePath }, method: "POST" }],
            backends: [{ service: prometheus.name, port: prometheus.port }],
          },
        ],
      },
    },
    { providers: [kubernetes], dependsOn: [gateways.ready, monitoring.release] },
  );
}
