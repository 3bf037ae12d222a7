import { stringify } from "yaml";
import { lokiSource, monitoringNamespace } from "../monitoring/names.ts";

/**
 * The ConfigMap by which Grafana's sidecar takes Loki up: by the label and the namespace at which the chart of monitoring has it
 * look (kube-prometheus-stack, `grafana.sidecar.datasources`).
 * @see https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources
 */
export function dataSourceMap(url: string) {
  const source = { name: "Loki", ...lokiSource, access: "proxy", url };
  return {
    metadata: {
      name: "grafana-loki",
      namespace: monitoringNamespace.name,
      labels: { grafana_datasource: "1" },
    },
    data: { "loki.yaml": stringify({ apiVersion: 1, datasources: [source] }) },
  };
}
