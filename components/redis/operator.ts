import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { dragonflyChart, operatorNamespace, redisNamespace } from "./names.ts";
import { operatorValues, type OperatorPlan } from "./operator-values.ts";

export interface RedisOperatorArgs extends OperatorPlan {
  /** Version of the chart dragonfly-operator, which is its operator's. */
  readonly chart: string;
  /** Its kind. */
  readonly after: readonly Resource[];
}

/** Dragonfly's operator, and the namespace of instances. The cluster's provider is that of `opts.providers`. */
export class RedisOperator extends ComponentResource {
  /** The operator runs: instances depend on it. */
  readonly ready: Resource;
  /** Namespace of the instances; it outlives what is in it, and goes before the operator. */
  readonly namespace: Namespace;

  constructor(name: string, args: RedisOperatorArgs, opts?: ComponentResourceOptions) {
    super("homelab:redis:Operator", name, {}, opts);
    const home = makeNamespace(`${name}-operator-namespace`, operatorNamespace, {
      parent: this,
      dependsOn: [...args.after],
    });
    this.ready = helmRelease(
      "dragonfly-operator",
      {
        name: "dragonfly-operator",
        namespace: operatorNamespace.name,
        chart: dragonflyChart,
        version: args.chart,
        skipCrds: true,
        values: operatorValues(args),
        timeout: 600,
      },
      { parent: this, dependsOn: [home] },
    );
    this.namespace = makeNamespace(`${name}-namespace`, redisNamespace, {
      parent: this,
      dependsOn: [this.ready],
    });
    this.registerOutputs({});
  }
}
