/** How what belongs to logs is called in the cluster: by the charts' values, policies and proof alike. */
import type { NamespacePlan } from "../workload/namespace.ts";

/** Namespace of Loki. All of the chart's pods keep to the profile `restricted`. */
export const lokiNamespace = { name: "loki" } as const satisfies NamespacePlan;

/** Namespace of Alloy, which reads its machine's files: no profile but `privileged` admits it. */
export const alloyNamespace = {
  name: "alloy",
  security: "privileged",
} as const satisfies NamespacePlan;

/**
 * Where the charts are. Loki's moved to the community in March 2026, and the one of Grafana Labs is for their product since:
 * https://github.com/grafana-community/helm-charts/tree/main/charts/loki
 */
export const lokiCharts = "https://grafana-community.github.io/helm-charts";
export const alloyCharts = "https://grafana.github.io/helm-charts";

/** Loki: its release and its Service, with the ports at which it answers by http, and itself by gRPC. */
export const loki = { name: "loki", port: 3100, grpc: 9095 } as const;

/** Alloy: its release, and the port of its own metrics. */
export const alloy = { name: "alloy", port: 12_345 } as const;

/** Address of Loki in a cluster of this domain. */
export function lokiUrl(clusterDomain: string): string {
  return `http://${loki.name}.${lokiNamespace.name}.svc.${clusterDomain}:${loki.port}`;
}

/** Claim of Loki's bucket, and the ConfigMap and the Secret that Rook makes for it. */
export const bucketClaim = "loki-bucket";

/** Claim of its volume. */
export const volumeClaim = "loki-volume";

/** ConfigMap with the rules on logs. */
export const rulesMap = "loki-rules";

/** Where lines come from: their label `job`. */
export const sources = {
  /** What containers write, on any node. */
  pods: "pods",
  /** Units of systemd, RKE2's among them. */
  journal: "journal",
  kernel: "kernel",
  /** RKE2 has the kubelet write a file of its own. */
  kubelet: "kubelet",
} as const;

/** Age of a line, in hours, beyond which Loki takes it no more: a week. */
export const oldestHours = 168;

/** Label of every line: the node that it was read on. */
export const nodeLabel = "node";
