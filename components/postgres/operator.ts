import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { operatorNamespace, postgresCharts, postgresNamespace } from "./names.ts";
import { operatorValues, pluginValues, type OperatorPlan } from "./operator-values.ts";

export interface PostgresOperatorArgs extends OperatorPlan {
  /** Versions of the charts cloudnative-pg and plugin-barman-cloud. */
  readonly charts: { readonly operator: string; readonly plugin: string };
  /** Both projects' kinds, and cert-manager, by which operator and plugin know each other. */
  readonly after: readonly Resource[];
}

/**
 * CloudNativePG and its barman-cloud plugin, and the namespace of clusters. The operator looks for plugins in its own
 * namespace. The cluster's provider is that of `opts.providers`.
 */
export class PostgresOperator extends ComponentResource {
  /** Operator and plugin run: what is made of their kinds depends on it. */
  readonly ready: Resource;
  /** Namespace of the clusters; it outlives what is in it, and goes before the operator. */
  readonly namespace: Namespace;

  constructor(name: string, args: PostgresOperatorArgs, opts?: ComponentResourceOptions) {
    super("homelab:postgres:Operator", name, {}, opts);
    const home = makeNamespace(`${name}-operator-namespace`, operatorNamespace, {
      parent: this,
      dependsOn: [...args.after],
    });
    const operator = this.release("cloudnative-pg", args.charts.operator, operatorValues(args), [
      home,
    ]);
    this.ready = this.release("plugin-barman-cloud", args.charts.plugin, pluginValues(), [
      operator,
    ]);
    this.namespace = makeNamespace(`${name}-namespace`, postgresNamespace, {
      parent: this,
      dependsOn: [this.ready],
    });
    this.registerOutputs({});
  }

  private release(
    chart: string,
    version: string,
    values: Record<string, unknown>,
    after: readonly Resource[],
  ): Resource {
    return helmRelease(
      chart,
      {
        name: chart,
        namespace: operatorNamespace.name,
        chart,
        version,
        repositoryOpts: { repo: postgresCharts },
        skipCrds: true,
        values,
        timeout: 600,
      },
      { parent: this, dependsOn: [...after] },
    );
  }
}
