import { Release, type ReleaseArgs } from "@pulumi/kubernetes/helm/v3/release.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";

/** A Helm release: all that says what it is, whoever brings it to the cluster. */
export interface ReleasePlan {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  /** Where the chart is: an `https` repository. */
  readonly repo: string;
  readonly version: string;
  /** Plain, and no secret: what the program writes here is readable in a repository too. */
  readonly values: Readonly<Record<string, unknown>>;
}

/** A release as Pulumi's provider is told it. */
export function releaseArgs({ repo, values, ...rest }: ReleasePlan): ReleaseArgs {
  return { ...rest, repositoryOpts: { repo }, values: { ...values } };
}

/**
 * How many revisions of a release Helm keeps. The provider's own is all of them (pulumi-kubernetes v4.34.2,
 * provider/pkg/provider/helm_release.go, helmUpdate: `client.MaxHistory = 0`), each a Secret of up to 600 KiB with chart, values
 * and manifest, which etcd, its snapshots and every program that watches all Secrets hold as well. Helm's command line keeps 10.
 */
const keptRevisions = 5;

/** A release, as every one of the site's is made. */
export function helmRelease(
  name: string,
  args: Omit<ReleaseArgs, "maxHistory">,
  opts?: CustomResourceOptions,
): Release {
  return new Release(name, { ...args, maxHistory: keptRevisions }, opts);
}
