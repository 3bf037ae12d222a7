/** How what belongs to monitoring is called in the cluster: by the charts' values, policies and proof alike. */
import { trustLabel } from "../certificates/cert-manager-values.ts";
import type { NamespacePlan } from "../workload/namespace.ts";

/**
 * Namespace of Prometheus and all that belongs to it. node-exporter reads its machine's files on the machine's own network:
 * no profile but `privileged` admits it. Who asks for the site's names verifies their certificates, and Grafana its provider's.
 */
export const monitoringNamespace = {
  name: "monitoring",
  security: "privileged",
  labels: trustLabel,
} as const satisfies NamespacePlan;

/** Where the charts are: https://github.com/prometheus-community/helm-charts#usage */
export const prometheusCharts = "https://prometheus-community.github.io/helm-charts";

/** What the chart's own objects are called after. */
export const fullName = "monitoring";

/**
 * The Prometheus and the Alertmanager: custom resources and the Services before them, which the chart calls alike (templates
 * `kube-prometheus-stack.prometheus.crname` and `.alertmanager.crname`), with the Services' ports.
 */
export const prometheus = { name: `${fullName}-prometheus`, port: 9090 } as const;
export const alertmanager = { name: `${fullName}-alertmanager`, port: 9093 } as const;

/** The DaemonSet that tells of machines. */
export const nodeExporter = "node-exporter";

/** Dashboard that Grafana opens first: its ConfigMap, its file and its address. */
export const overviewName = "homelab-overview";

/** Loki as a data source of Grafana, where the site has logs. */
export const lokiSource = { type: "loki", uid: "loki" } as const;

/** The Service of Grafana. */
export const grafanaService = { name: "grafana", port: 80 } as const;

/** Secret with Grafana's administrator; the keys are the chart's own. */
export const grafanaSecret = {
  name: "grafana-admin",
  userKey: "admin-user",
  passwordKey: "admin-password",
} as const;

/** Secret of Grafana at the provider that people sign on by. */
export const signOnSecret = { name: "grafana-sign-on", key: "client-secret" } as const;

/** Secret with Alertmanager's configuration; the operator reads this key of it. */
export const alertsSecret = { name: "alertmanager-config", key: "alertmanager.yaml" } as const;
