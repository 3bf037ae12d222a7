import type { ReleaseArgs } from "@pulumi/kubernetes/helm/v3/release.js";

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
