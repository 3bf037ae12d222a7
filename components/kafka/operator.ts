import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import { kafkaNamespace, strimziCharts } from "./names.ts";
import { operatorValues, type OperatorPlan } from "./operator-values.ts";

export interface KafkaOperatorArgs extends OperatorPlan {
  /** Version of the chart strimzi-kafka-operator, which is its operator's. */
  readonly chart: string;
  /**
   * Its kinds, and those of Gateway API where clients come by a gateway: it looks for them once, when it starts. And the storage,
   * which goes after the namespace: Rook's cluster is not deleted as long as a volume of it is there.
   */
  readonly after: readonly Resource[];
}

/** Strimzi's operator, in the namespace of the clusters. The cluster's provider is that of `opts.providers`. */
export class KafkaOperator extends ComponentResource {
  /** The operator runs: clusters depend on it. */
  readonly ready: Resource;

  constructor(name: string, args: KafkaOperatorArgs, opts?: ComponentResourceOptions) {
    super("homelab:kafka:Operator", name, {}, opts);
    const namespace = makeNamespace(`${name}-namespace`, kafkaNamespace, {
      parent: this,
      dependsOn: [...args.after],
    });
    this.ready = helmRelease(
      "strimzi-kafka-operator",
      {
        name: "strimzi-kafka-operator",
        namespace: kafkaNamespace.name,
        chart: "strimzi-kafka-operator",
        version: args.chart,
        repositoryOpts: { repo: strimziCharts },
        skipCrds: true,
        values: operatorValues(args),
        timeout: 600,
      },
      { parent: this, dependsOn: [namespace] },
    );
    this.registerOutputs({});
  }
}
