import { ComponentResource, type ComponentResourceOptions, type Resource } from "@pulumi/pulumi";
import { own, type Custody } from "./custody.ts";
import { makeNamespace, type NamespacePlan } from "./namespace.ts";
import { helmRelease, releaseArgs, type ReleasePlan } from "./release.ts";

/**
 * Annotation of a Deployment, StatefulSet or DaemonSet, or of its pods' template, that asks for new pods when a Secret or
 * ConfigMap which they mount or take their environment from has changed.
 * @see https://github.com/stakater/Reloader#1--automatic-reload-default
 */
export const reloads = { "reloader.stakater.com/auto": "true" } as const;

/** Annotation of the same for one Secret alone. */
export const reloadsWith = (secret: string) => ({ "secret.reloader.stakater.com/reload": secret });

export const reloaderNamespace: NamespacePlan = { name: "reloader" };

/** Where the reloader chart is: https://github.com/stakater/Reloader#installation */
export const stakaterCharts = "https://stakater.github.io/stakater-charts";

/**
 * Values of the reloader chart. A restart is an annotation of the pods' template, as `kubectl rollout restart` makes it: the
 * chart's default, a variable in the container, would differ from what the workload's owner applies. Whoever does not ask
 * for it is left alone.
 * @see https://github.com/stakater/Reloader/blob/v1.4.21/deployments/kubernetes/chart/reloader/values.yaml
 */
export function reloaderValues(): Record<string, unknown> {
  return {
    fullnameOverride: "reloader",
    reloader: {
      autoReloadAll: false,
      reloadStrategy: "annotations",
      // Jobs and CronJobs read what they need at their next start; without them no right to delete Jobs is asked for.
      ignoreJobs: true,
      ignoreCronJobs: true,
      readOnlyRootFileSystem: true,
      deployment: {
        resources: {
          requests: { cpu: "10m", memory: "64Mi" },
          limits: { cpu: "500m", memory: "256Mi" },
        },
        containerSecurityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"] },
        },
      },
    },
  };
}

/** Reloader's release. */
export function reloaderRelease(version: string): ReleasePlan {
  const { name: namespace } = reloaderNamespace;
  const chart = { chart: "reloader", repo: stakaterCharts, version };
  return { name: "reloader", namespace, ...chart, values: reloaderValues() };
}

export interface ReloaderArgs {
  /** Version of the reloader chart. */
  readonly chart: string;
  /** In whose hands the release is; the program's when left out. The namespace is the program's. */
  readonly custody?: Custody;
}

/** Restarts workloads that ask for it when their Secrets change. The cluster's provider is that of `opts.providers`. */
export class Reloader extends ComponentResource {
  constructor(name: string, args: ReloaderArgs, opts?: ComponentResourceOptions) {
    super("homelab:workload:Reloader", name, {}, opts);
    const { chart, custody = own } = args;
    const namespace = makeNamespace(`${name}-namespace`, reloaderNamespace, { parent: this });
    const release = custody.here ? [this.release(reloaderRelease(chart), custody, namespace)] : [];
    custody.registered([namespace, ...release]);
    this.registerOutputs({});
  }

  private release(plan: ReleasePlan, custody: Custody, namespace: Resource): Resource {
    return helmRelease(
      "reloader",
      { ...releaseArgs(plan), timeout: 300 },
      custody.options({ ...plan, kind: "Release" }, { parent: this, dependsOn: [namespace] }),
    );
  }
}
