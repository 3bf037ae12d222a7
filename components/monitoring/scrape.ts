/** What Prometheus asks outside of the cluster. */
import { monitoringNamespace } from "./names.ts";

/** Programs outside of the cluster that answer with metrics by plain http. */
export interface ScrapePlan {
  /** Job that their metrics have as a label. */
  readonly name: string;
  /** Addresses with a port, such as `192.168.1.11:9100`. */
  readonly targets: readonly string[];
  readonly path: string;
  /** What is asked for with it, such as one of several UPSs. */
  readonly params?: Readonly<Record<string, readonly string[]>>;
}

/** A ScrapeConfig (`monitoring.coreos.com/v1alpha1`). */
export function scrapeConfig({ name, targets, path, params = {} }: ScrapePlan) {
  const asked = Object.entries(params).map(([key, values]) => [key, [...values]]);
  return {
    apiVersion: "monitoring.coreos.com/v1alpha1",
    kind: "ScrapeConfig",
    metadata: { name, namespace: monitoringNamespace.name },
    spec: {
      jobName: name,
      metricsPath: path,
      ...(asked.length === 0 ? {} : { params: Object.fromEntries(asked) as object }),
      staticConfigs: [{ targets: [...targets] }],
    },
  };
}
