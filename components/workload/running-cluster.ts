import type { Provider } from "@pulumi/kubernetes/provider.js";
import type { Resource } from "@pulumi/pulumi";

/** A cluster that runs pods: what everything on it needs. */
export interface RunningCluster {
  /** The step after which pods run. */
  readonly ready: Resource;
  readonly kubernetes: Provider;
}
