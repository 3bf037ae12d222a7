import type { Input } from "@pulumi/pulumi";
import { fingerprintAnnotation } from "../workload/fingerprint.ts";
import { daemonSetUpdates } from "../workload/rolled-out.ts";
import { resources } from "../workload/resources.ts";
import {
  alertsSecret,
  fullName,
  grafanaSecret,
  grafanaService,
  nodeExporter,
  overviewName,
} from "./names.ts";
import { remoteWriteValues, type RemoteWritePlan } from "./remote-write.ts";
import { signOnValues, type GrafanaSignOn } from "./sign-on.ts";

export interface StackPlan {
  /** The site's name: a label of every alert that leaves it. */
  readonly site: string;
  /** Days after which metrics go, and the room that they may take before: the oldest go earlier when it is full. */
  readonly retentionDays: number;
  readonly sizeGiB: number;
  /** Class of volumes of one pod; without it metrics lie on the disk of the machine, and go with their pod. */
  readonly storageClass?: string;
  /** Whether etcd, controller manager and scheduler answer at the addresses of their nodes. */
  readonly controlPlane: boolean;
  /** Whether the cluster's DNS tells of itself to other namespaces: with RKE2's CIS profile it answers them at port 53 alone. */
  readonly clusterDns: boolean;
  /** Whose metrics it takes, and who takes its own. */
  readonly otherSites: RemoteWritePlan;
  /** Mark of Grafana's password and of its secret at the provider: they are read once, when a pod begins. */
  readonly passwordMark: Input<string>;
  /** How people sign on to Grafana; without it the password of `admin` is the only way. */
  readonly signOn?: GrafanaSignOn | undefined;
}

/**
 * Values of the prometheus-operator-crds chart. Its kinds stay when the release goes: with them would go every monitor and
 * rule in the cluster, whoever made it.
 */
export function kindsValues(): Record<string, unknown> {
  return { crds: { annotations: { "helm.sh/resource-policy": "keep" } } };
}

/**
 * Values of the kube-prometheus-stack chart: one Prometheus, one Alertmanager, Grafana, and what tells of machines and
 * objects. Monitors and rules of all namespaces count, whatever their labels.
 * @see https://github.com/prometheus-community/helm-charts/blob/kube-prometheus-stack-88.5.3/charts/kube-prometheus-stack/values.yaml
 */
export function stackValues(plan: StackPlan): Record<string, unknown> {
  return {
    fullnameOverride: fullName,
    // They are a release of their own, which upgrades them; Helm never would from here.
    crds: { enabled: false },
    prometheusOperator: operator(),
    prometheus: { prometheusSpec: prometheusSpec(plan) },
    alertmanager: { alertmanagerSpec: alertmanagerSpec(plan) },
    grafana: grafana(plan),
    "kube-state-metrics": {
      fullnameOverride: "kube-state-metrics",
      // No rule and no dashboard asks for them, and whoever lists them reads them.
      collectorsExclude: ["secrets"],
      resources: resources("10m", "64Mi", "256Mi"),
    },
    "prometheus-node-exporter": {
      fullnameOverride: nodeExporter,
      // The chart's own bears no NoExecute, with which servers keep pods away.
      tolerations: [{ operator: "Exists" }],
      updateStrategy: daemonSetUpdates,
      resources: resources("20m", "32Mi", "128Mi"),
      // It answers whoever asks: at its machine's address on the LAN alone, not at the tailnet's and others.
      service: { listenOnAllInterfaces: false },
    },
    // Cilium stands in its place.
    kubeProxy: { enabled: false },
    // Without an address to ask, a target that is always down would be an alarm that never ends.
    kubeEtcd: { enabled: plan.controlPlane },
    kubeControllerManager: { enabled: plan.controlPlane },
    kubeScheduler: { enabled: plan.controlPlane },
    coreDns: { enabled: plan.clusterDns },
    defaultRules: { rules: withoutRules },
  };
}

/**
 * Rules of the chart that are left out. The budget of errors is one of a service with many requests: where few are, some slow
 * ones, such as the lists of a run of this program, use up a month's. Windows has no machine here. Rules about kube-proxy, and
 * about the control plane where it is not asked, go with their parts.
 * @see https://github.com/prometheus-community/helm-charts/tree/kube-prometheus-stack-88.5.3/charts/kube-prometheus-stack/templates/prometheus/rules-1.14
 */
const withoutRules = {
  kubeApiserverBurnrate: false,
  kubeApiserverSlos: false,
  windows: false,
} as const;

/**
 * The operator without its webhook, which would refuse every rule while no operator runs. A rule that cannot be read it
 * leaves out by itself, and says so in an event (prometheus-operator, pkg/operator/rules.go). Its certificate comes from
 * the webhook's jobs alone, so it answers by http.
 */
function operator(): Record<string, unknown> {
  return {
    admissionWebhooks: { enabled: false },
    tls: { enabled: false },
    resources: resources("20m", "128Mi", "384Mi"),
    prometheusConfigReloader: { resources: resources("10m", "32Mi", "96Mi") },
  };
}

/** Prometheus drops the oldest before this much of its room is full: what it works on needs some too (its docs, storage.md). */
const kept = 0.8;

function prometheusSpec(plan: StackPlan): Record<string, unknown> {
  const { site, retentionDays, sizeGiB } = plan;
  return {
    externalLabels: { site },
    retention: `${retentionDays}d`,
    // Its GB are powers of 1024 (alecthomas/units, Base2Bytes).
    retentionSize: `${Math.floor(sizeGiB * kept * 1024)}MB`,
    storageSpec: storage(plan, sizeGiB),
    resources: resources("200m", "1Gi", "4Gi"),
    ...remoteWriteValues(plan.otherSites),
    ...openSelectors,
  };
}

/** By default the chart's Prometheus looks at objects with the release's label alone. */
const openSelectors = {
  ruleSelectorNilUsesHelmValues: false,
  serviceMonitorSelectorNilUsesHelmValues: false,
  podMonitorSelectorNilUsesHelmValues: false,
  probeSelectorNilUsesHelmValues: false,
  scrapeConfigSelectorNilUsesHelmValues: false,
} as const;

function alertmanagerSpec(plan: StackPlan): Record<string, unknown> {
  return {
    // The operator follows a changed Secret by itself; without this the chart would make one of its own.
    useExistingSecret: true,
    configSecret: alertsSecret.name,
    // Silences, and what was told to whom.
    storage: storage(plan, 1),
    resources: resources("10m", "32Mi", "128Mi"),
  };
}

/** A claim, or a bounded folder on the machine's disk; with the latter the pod is ended when it grows beyond. */
function storage({ storageClass }: StackPlan, sizeGiB: number): Record<string, unknown> {
  if (storageClass === undefined) return { emptyDir: { sizeLimit: `${sizeGiB}Gi` } };
  return {
    volumeClaimTemplate: {
      spec: {
        storageClassName: storageClass,
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: `${sizeGiB}Gi` } },
      },
    },
  };
}

/** Grafana keeps nothing: data sources and dashboards come from the cluster, by their label and from all namespaces. */
function grafana({ passwordMark, signOn }: StackPlan): Record<string, unknown> {
  const { name, userKey, passwordKey } = grafanaSecret;
  const { ini = {}, ...environment } = signOn === undefined ? {} : signOnValues(signOn);
  return {
    fullnameOverride: grafanaService.name,
    ...environment,
    admin: { existingSecret: name, userKey, passwordKey },
    podAnnotations: { [fingerprintAnnotation]: passwordMark },
    "grafana.ini": {
      analytics: {
        reporting_enabled: false,
        check_for_updates: false,
        check_for_plugin_updates: false,
      },
      // Where the sidecar puts the dashboard of this name (the chart grafana, `sidecar.dashboards.folder`).
      dashboards: { default_home_dashboard_path: `/tmp/dashboards/${overviewName}.json` },
      // Data sources are plugins that the image brings. Their update at each start unloads them first, and leaves Grafana
      // without Prometheus where it fails: https://github.com/grafana/grafana/issues/132528
      plugins: { preinstall_disabled: true, public_key_retrieval_disabled: true },
      ...ini,
    },
    resources: resources("50m", "256Mi", "512Mi"),
    // The chart's role reads every Secret of the cluster, wherever dashboards may be; the site's own reads ConfigMaps alone.
    rbac: { create: false },
    sidecar: {
      dashboards: { resource: "configmap" },
      datasources: { resource: "configmap" },
      resources: resources("10m", "96Mi", "192Mi"),
    },
    // A pod that Helm would only run when asked to.
    testFramework: { enabled: false },
  };
}
