import { alloyNamespace, loki, lokiNamespace } from "../../../components/logs/names.ts";
import { alertmanager } from "../../../components/monitoring/names.ts";
import { apiServer, pods, tcp, type Flow } from "../../../components/policies/flow.ts";
import type { SiteConfig } from "../../schema.ts";
import { alertmanagerPods, grafanaPods } from "../monitoring/traffic.ts";
import { bucketGateways, bucketPort } from "../storage/traffic.ts";

/** Pods by the label that the charts give them. */
const lokiPods = pods("Loki", lokiNamespace.name, { "app.kubernetes.io/name": "loki" });
const alloyPods = pods("Alloy", alloyNamespace.name, { "app.kubernetes.io/name": "alloy" });

/** Alloy reads files of its machine and sends them to Loki alone, which reaches its bucket, and Alertmanager where there is one. */
export function logsTraffic({ logs, monitoring }: SiteConfig): readonly Flow[] {
  if (logs === undefined) return [];
  const answers = tcp(loki.port);
  return [
    { from: alloyPods, to: lokiPods, ports: answers, why: "lines" },
    { from: lokiPods, to: bucketGateways, ports: bucketPort, why: "its bucket" },
    { from: apiServer, to: lokiPods, ports: answers, why: "whether lines come" },
    ...(monitoring === undefined
      ? []
      : ([
          { from: grafanaPods, to: lokiPods, ports: answers, why: "lines that it shows" },
          {
            ...{ from: lokiPods, to: alertmanagerPods, ports: tcp(alertmanager.port) },
            why: "alerts on lines",
          },
        ] satisfies Flow[])),
  ];
}
