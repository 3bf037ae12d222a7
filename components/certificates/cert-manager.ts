import type { Namespace } from "@pulumi/kubernetes/core/v1/namespace.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type Resource,
  type ResourceHookBinding,
} from "@pulumi/pulumi";
import { products, releaseStepHook } from "../release-step.ts";
import { makeNamespace } from "../workload/namespace.ts";
import { helmRelease } from "../workload/release.ts";
import {
  certManagerValues,
  managerNamespace,
  trustManagerValues,
  type ManagerPlan,
} from "./cert-manager-values.ts";

export interface CertManagerArgs extends ManagerPlan {
  /** Releases of the charts, such as `v1.21.1` and `v0.24.0`. */
  readonly certManager: string;
  readonly trustManager: string;
}

/** Where both charts are, beside their registry: https://cert-manager.io/docs/installation/helm/ */
export const jetstackCharts = "https://charts.jetstack.io";

/** cert-manager, and trust-manager beside it. The cluster's provider is that of `opts.providers`. */
export class CertManager extends ComponentResource {
  readonly namespace: Namespace;
  /** cert-manager, once its webhook has answered a dry run (the chart's startupapicheck). */
  readonly answers: Resource;
  readonly trust: Resource;

  constructor(name: string, args: CertManagerArgs, opts?: ComponentResourceOptions) {
    super("homelab:certificates:CertManager", name, {}, opts);
    this.namespace = makeNamespace(`${name}-namespace`, managerNamespace, { parent: this });
    this.answers = this.release("cert-manager", args.certManager, certManagerValues(args), [], {
      beforeUpdate: [releaseStepHook(products.certManager, args.certManager)],
    });
    // Its webhook has a certificate of cert-manager's.
    this.trust = this.release("trust-manager", args.trustManager, trustManagerValues(args.hosts), [
      this.answers,
    ]);
    this.registerOutputs({});
  }

  private release(
    chart: string,
    version: string,
    values: Record<string, unknown>,
    after: readonly Resource[],
    hooks: ResourceHookBinding = {},
  ): Resource {
    return helmRelease(
      chart,
      {
        name: chart,
        namespace: this.namespace.metadata.name,
        chart,
        version,
        repositoryOpts: { repo: jetstackCharts },
        values,
        timeout: 900,
      },
      { parent: this, dependsOn: [...after], hooks },
    );
  }
}
