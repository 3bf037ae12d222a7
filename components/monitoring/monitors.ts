/** Who in the cluster tells of itself, beside what the chart of Prometheus knows. */
import { monitoringNamespace } from "./names.ts";

/** Pods that answer with metrics by plain http. */
export interface MonitorPlan {
  /** Job that their metrics have as a label. */
  readonly name: string;
  readonly namespace: string;
  /** Labels that all of them have. */
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the port in the pods; those without it are passed over. */
  readonly port: string;
  /** `/metrics` when left out. */
  readonly path?: string;
}

/**
 * A PodMonitor (`monitoring.coreos.com/v1`). All are in the namespace of monitoring, which goes before what they look at;
 * none is in a chart's values, where it would need these kinds before the chart, and Cilium comes before them. A job is
 * called by its plain name: the operator's own is `NAMESPACE/NAME`.
 */
export function podMonitor({ name, namespace, labels, port, path = "/metrics" }: MonitorPlan) {
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PodMonitor",
    metadata: { name, namespace: monitoringNamespace.name },
    spec: {
      selector: { matchLabels: { ...labels } },
      namespaceSelector: { matchNames: [namespace] },
      podMetricsEndpoints: [
        { port, path, relabelings: [{ targetLabel: "job", replacement: name }] },
      ],
    },
  };
}
