import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { backupNamespace, volsyncCharts } from "./names.ts";
import { operatorValues } from "./operator-values.ts";

export interface BackupOperatorArgs {
  /** Version of the chart volsync, which is VolSync's. */
  readonly chart: string;
  /** Whether the site has monitoring. */
  readonly watched: boolean;
  /** Its kinds, and what else must be before it. */
  readonly after: readonly Resource[];
}

/** VolSync, which saves and fills volumes. The cluster's provider is that of `opts.providers`. */
export class BackupOperator extends ComponentResource {
  /** VolSync runs: what is saved or filled depends on it. */
  readonly ready: Resource;

  constructor(name: string, args: BackupOperatorArgs, opts?: ComponentResourceOptions) {
    super("homelab:backup:Operator", name, {}, opts);
    const namespace = makeNamespace(`${name}-namespace`, backupNamespace, {
      parent: this,
      dependsOn: [...args.after],
    });
    this.ready = helmRelease(
      "volsync",
      {
        name: "volsync",
        namespace: backupNamespace.name,
        chart: "volsync",
        version: args.chart,
        repositoryOpts: { repo: volsyncCharts },
        skipCrds: true,
        values: operatorValues(),
        // The chart makes its ServiceMonitor where that kind is there, and no value asks for it. A release whose inputs stay as they
        // are is not rendered again, so monitoring that comes later changes this one.
        ...(args.watched ? { description: "with its ServiceMonitor" } : {}),
        timeout: 600,
      },
      { parent: this, dependsOn: [namespace] },
    );
    this.registerOutputs({});
  }
}
