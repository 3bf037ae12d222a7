import {
  alertmanager,
  monitoringNamespace,
  prometheus,
} from "../../../components/monitoring/names.ts";
import {
  addresses,
  apiServer,
  cluster,
  everyPort,
  names,
  pods,
  tcp,
  type Flow,
} from "../../../components/policies/flow.ts";
import { dnsName } from "../../../components/policies/names.ts";
import { storageNamespace } from "../../../components/storage/operator-values.ts";
import type { SiteConfig } from "../../schema.ts";
import { gatewayProxies } from "../gateway/traffic.ts";
import { probesTraffic } from "./probes-traffic.ts";
import type { MonitoringConfig } from "./schema.ts";

const { name: namespace } = monitoringNamespace;

/** Pods by the label that the charts and the operator give them; node-exporter is on its machine's own network. */
const called = (title: string, name: string) =>
  pods(title, namespace, { "app.kubernetes.io/name": name });
const prometheusPods = called("Prometheus", "prometheus");
export const alertmanagerPods = called("Alertmanager", "alertmanager");
export const grafanaPods = called("Grafana", "grafana");
const operator = called("Prometheus' operator", "kube-prometheus-stack-prometheus-operator");
const stateMetrics = called("kube-state-metrics", "kube-state-metrics");

/** It runs Ceph's dashboard (rook, pkg/operator/ceph/cluster/mgr). */
const cephManager = pods("Ceph's manager", storageNamespace.name, { app: "rook-ceph-mgr" });

/**
 * Prometheus asks whatever a monitor names, on whatever port, so it reaches all of the cluster. Alertmanager alone leaves the
 * site, to those whom it tells. By the API server the site's proof and people ask both.
 */
export function monitoringTraffic(config: SiteConfig): readonly Flow[] {
  const { monitoring, storage } = config;
  if (monitoring === undefined) return [];
  return [
    ...[prometheusPods, grafanaPods, operator, stateMetrics].map((from): Flow => ({
      from,
      to: apiServer,
      why: "what there is in the cluster",
    })),
    {
      from: prometheusPods,
      to: cluster,
      ports: everyPort("TCP"),
      why: "metrics of whatever has them",
    },
    {
      from: prometheusPods,
      to: alertmanagerPods,
      ports: tcp(alertmanager.port),
      why: "alerts",
    },
    { from: grafanaPods, to: prometheusPods, ports: tcp(prometheus.port), why: "what it shows" },
    {
      from: grafanaPods,
      to: alertmanagerPods,
      ports: tcp(alertmanager.port),
      why: "alerts that it shows",
    },
    {
      from: apiServer,
      to: prometheusPods,
      ports: tcp(prometheus.port),
      why: "whether all is seen",
    },
    {
      from: apiServer,
      to: alertmanagerPods,
      ports: tcp(alertmanager.port),
      why: "whether alerts come",
    },
    ...(storage?.prometheus === undefined
      ? []
      : [
          {
            from: cephManager,
            to: prometheusPods,
            ports: tcp(prometheus.port),
            why: "graphs of Ceph's dashboard",
          } satisfies Flow,
        ]),
    ...scrapes(monitoring),
    ...outside(monitoring),
    ...(monitoring.receives.length === 0
      ? []
      : [
          {
            from: gatewayProxies("internal"),
            to: prometheusPods,
            ports: tcp(prometheus.port),
            why: `metrics of ${monitoring.receives.join(", ")}`,
          } satisfies Flow,
        ]),
    ...probesTraffic(config),
  ];
}

function scrapes({ scrapes: all }: MonitoringConfig): readonly Flow[] {
  return Object.entries(all).map(([name, { targets }]): Flow => {
    const parts = targets.map((target) => target.split(":"));
    const hosts = [...new Set(parts.map(([address = ""]) => address))];
    const ports = [...new Set(parts.map(([, port]) => Number(port)))];
    return {
      from: prometheusPods,
      to: addresses(hosts),
      ports: tcp(...ports),
      why: `homelab:monitoring.scrapes.${name}`,
    };
  });
}

/** Whom Alertmanager tells: https://pushover.net/api, https://discord.com/developers/docs/resources/webhook */
function outside({ heartbeat, receivers }: MonitoringConfig): readonly Flow[] {
  const hosts = [
    ...(heartbeat === undefined ? [] : [heartbeat.host]),
    ...Object.values(receivers).flatMap(({ pushover, discord, webhook }) => [
      ...(pushover === undefined ? [] : ["api.pushover.net"]),
      ...(discord === undefined ? [] : ["discord.com", "discordapp.com"]),
      ...(webhook === undefined ? [] : [webhook.host]),
    ]),
  ];
  if (hosts.length === 0) return [];
  const to = names(...[...new Set(hosts)].map(dnsName));
  return [{ from: alertmanagerPods, to, ports: tcp(443), why: "who is told of alerts" }];
}
