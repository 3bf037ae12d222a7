import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/configMap.js";
import { Secret } from "@pulumi/kubernetes/core/v1/secret.js";
import {
  all,
  ComponentResource,
  output,
  secret,
  type ComponentResourceOptions,
  type Input,
  type Output,
  type Resource,
} from "@pulumi/pulumi";
import type { ReachedMachine } from "../machine.ts";
import { RemoteStep } from "../remote/remote-step.ts";
import { scriptText } from "../remote/shell.ts";
import { rke2Script } from "../rke2/scripts.ts";
import { drawnKey, secretMark } from "../workload/fingerprint.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { rolledOutScript } from "../workload/rolled-out.ts";
import type { dashboardMap } from "./dashboards/dashboards.ts";
import { dashboardsReader } from "./dashboards/reader.ts";
import {
  alertmanager,
  alertsSecret,
  grafanaSecret,
  monitoringNamespace,
  nodeExporter,
  prometheus,
  prometheusCharts,
  signOnSecret,
} from "./names.ts";
import { podMonitor, type MonitorPlan } from "./monitors.ts";
import { expectedJobs, type Sight } from "./proof.ts";
import type { prometheusRule } from "./rules/alert.ts";
import { scrapeConfig, type ScrapePlan } from "./scrape.ts";
import type { GrafanaSignOn } from "./sign-on.ts";
import { stackValues, type StackPlan } from "./stack-values.ts";

const seenScript = rke2Script + rolledOutScript + scriptText(import.meta.url, "seen.sh");

export interface MonitoringArgs extends Omit<StackPlan, "passwordMark" | "signOn"> {
  /** Version of the kube-prometheus-stack chart. */
  readonly chart: string;
  /** Password of Grafana's user `admin`; secret. */
  readonly password: Output<string>;
  /** How people sign on to Grafana, with its secret at the provider. */
  readonly signOn?: { readonly plan: Output<GrafanaSignOn>; readonly clientSecret: Output<string> };
  /** Alertmanager's configuration; secret. */
  readonly alerts: Output<string>;
  /** Whether it has a heartbeat, whose first beat is waited for. */
  readonly heartbeat: boolean;
  readonly scrapes: readonly ScrapePlan[];
  /** Alerts beside those of the charts. */
  readonly rules: ReturnType<typeof prometheusRule>;
  /** Dashboards that Grafana's sidecar takes up. */
  readonly dashboards: readonly ReturnType<typeof dashboardMap>[];
  readonly monitors: readonly MonitorPlan[];
  readonly sight: Omit<Sight, "controlPlane" | "clusterDns">;
  /** Nodes that have to tell of themselves. */
  readonly nodes: readonly string[];
  /** A server, where the cluster is asked. */
  readonly server: ReachedMachine;
  /** What must be there before, and goes after it: the kinds, and the storage that volumes are of. */
  readonly after: readonly Resource[];
}

interface Marks {
  readonly password: Output<string>;
  readonly alerts: Output<string>;
}

/**
 * Prometheus, Alertmanager and Grafana. Ready means proven: Prometheus sees every machine and all of the control plane that
 * answers, and an alert has gone its whole way. The cluster's provider is that of `opts.providers`.
 */
export class Monitoring extends ComponentResource {
  /** The step that saw targets up and an alert arrive. */
  readonly seen: Resource;
  /** The release: what leads to its Services depends on it. */
  readonly release: Resource;

  constructor(name: string, args: MonitoringArgs, opts?: ComponentResourceOptions) {
    super("homelab:monitoring:Monitoring", name, {}, opts);
    // Volumes go with their namespace, while their storage is still there.
    const namespace = makeNamespace(`${name}-namespace`, monitoringNamespace, {
      parent: this,
      dependsOn: [...args.after],
    });
    const grafana = this.grafanaLogins(name, args, namespace);
    const alerts = this.alertmanagerConfig(name, args, namespace);
    const marks = this.marks(name, args);
    const reader = dashboardsReader(name, this);
    this.release = this.stack(args, marks, [...grafana, alerts, reader]);
    const asked = this.asked(args, namespace);
    this.rules(name, args, namespace);
    this.dashboards(args, namespace);
    this.seen = this.waitUntilSeen(name, args, marks, [this.release, ...asked]);
    this.registerOutputs({});
  }

  /** The administrator's password, and Grafana's own secret at the provider that people sign on by. */
  private grafanaLogins(
    name: string,
    { password, signOn }: MonitoringArgs,
    namespace: Resource,
  ): readonly Resource[] {
    const { userKey, passwordKey } = grafanaSecret;
    const made = (role: string, secretName: string, stringData: Record<string, Input<string>>) =>
      new Secret(
        `${name}-${role}`,
        { metadata: { name: secretName, namespace: monitoringNamespace.name }, stringData },
        { parent: this, dependsOn: [namespace] },
      );
    return [
      made("grafana", grafanaSecret.name, {
        [userKey]: "admin",
        [passwordKey]: secret(password),
      }),
      ...(signOn === undefined
        ? []
        : [
            made("grafana-sign-on", signOnSecret.name, {
              [signOnSecret.key]: secret(signOn.clientSecret),
            }),
          ]),
    ];
  }

  private alertmanagerConfig(
    name: string,
    { alerts }: MonitoringArgs,
    namespace: Resource,
  ): Resource {
    return new Secret(
      `${name}-alerts`,
      {
        metadata: { name: alertsSecret.name, namespace: monitoringNamespace.name },
        stringData: { [alertsSecret.key]: secret(alerts) },
      },
      { parent: this, dependsOn: [namespace] },
    );
  }

  /** Marks of Grafana's Secrets and of Alertmanager's, by which a change of theirs is seen. */
  private marks(name: string, { password, alerts, signOn }: MonitoringArgs): Marks {
    const key = drawnKey(`${name}-fingerprint-key`, this);
    const mark = (values: Readonly<Record<string, Output<string>>>) => secretMark(key, all(values));
    const logins: Record<string, Output<string>> = signOn === undefined
      ? { value: password }
      : { value: password, clientSecret: signOn.clientSecret };
    return { password: mark(logins), alerts: mark({ value: alerts }) };
  }

  private stack(args: MonitoringArgs, marks: Marks, before: readonly Resource[]): Resource {
    return helmRelease(
      "kube-prometheus-stack",
      {
        name: "kube-prometheus-stack",
        namespace: monitoringNamespace.name,
        chart: "kube-prometheus-stack",
        version: args.chart,
        repositoryOpts: { repo: prometheusCharts },
        skipCrds: true,
        values: output(args.signOn?.plan).apply((signOn) =>
          stackValues({ ...args, passwordMark: marks.password, signOn }),
        ),
        // Helm would wait for machines that are away; the proof waits for all else.
        skipAwait: true,
      },
      { parent: this, dependsOn: [...before] },
    );
  }

  /** What Prometheus asks beside what its chart knows, outside and inside of the cluster. */
  private asked({ scrapes, monitors }: MonitoringArgs, namespace: Resource): readonly Resource[] {
    const options = { parent: this, dependsOn: [namespace] };
    return [
      ...scrapes.map(
        (plan) => new CustomResource(`scrape-${plan.name}`, scrapeConfig(plan), options),
      ),
      ...monitors.map(
        (plan) => new CustomResource(`monitor-${plan.name}`, podMonitor(plan), options),
      ),
    ];
  }

  private rules(name: string, { rules }: MonitoringArgs, namespace: Resource): void {
    new CustomResource(`${name}-rules`, rules, { parent: this, dependsOn: [namespace] });
  }

  private dashboards({ dashboards }: MonitoringArgs, namespace: Resource): void {
    for (const map of dashboards)
      new ConfigMap(`dashboard-${map.metadata.name}`, map, {
        parent: this,
        dependsOn: [namespace],
      });
  }

  private waitUntilSeen(
    name: string,
    { sight, nodes, controlPlane, clusterDns, heartbeat, chart, server }: MonitoringArgs,
    marks: Marks,
    after: readonly Resource[],
  ): Resource {
    return new RemoteStep(
      `${name}-seen`,
      {
        machine: server,
        title: "monitoring-seen",
        script: seenScript,
        parameters: {
          NAMESPACE: monitoringNamespace.name,
          PROMETHEUS: prometheus.name,
          ALERTMANAGER: alertmanager.name,
          EXPORTER: nodeExporter,
          NODES: nodes.join(" "),
          JOBS: expectedJobs({ ...sight, controlPlane, clusterDns })
            .map((job) => job.join(" "))
            .join("\n"),
          HEARTBEAT: heartbeat ? "yes" : "",
          // Not read: another release, and other ways of alerts, are proven again.
          RELEASE: chart,
          ALERTS: marks.alerts,
        },
        // Half an hour for its turn, and what the script waits for after it: 48 minutes in all.
        limitSeconds: 4800,
        after,
      },
      { parent: this },
    ).done;
  }
}
