import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { helmRelease } from "../workload/release.ts";
import { prometheusCharts } from "./names.ts";
import { kindsValues } from "./stack-values.ts";

export interface MonitoringKindsArgs {
  /** Version of the prometheus-operator-crds chart. */
  readonly chart: string;
}

/**
 * The kinds of Prometheus' operator as a release of their own, before all that makes monitors, storage among it. It is kept
 * in kube-system, which is always there: the namespace of monitoring holds volumes, and goes before storage does. No pod
 * belongs to it. The cluster's provider is that of `opts.providers`.
 */
export class MonitoringKinds extends ComponentResource {
  /** Monitors and rules can be made. */
  readonly known: Resource;

  constructor(name: string, { chart }: MonitoringKindsArgs, opts?: ComponentResourceOptions) {
    super("homelab:monitoring:Kinds", name, {}, opts);
    this.known = helmRelease(
      "prometheus-operator-crds",
      {
        name: "prometheus-operator-crds",
        namespace: "kube-system",
        chart: "prometheus-operator-crds",
        version: chart,
        repositoryOpts: { repo: prometheusCharts },
        values: kindsValues(),
        timeout: 300,
      },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
