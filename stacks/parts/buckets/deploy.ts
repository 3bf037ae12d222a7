import { StoredBucket } from "../../../components/buckets/bucket.ts";
import { bucketsNamespace } from "../../../components/buckets/names.ts";
import { makeNamespace } from "../../../components/workload/namespace.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { SiteLogins } from "../../logins/told.ts";
import type { Site } from "../../open-site.ts";
import { apiAnswers } from "../cluster/answers.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import { bucketPlan } from "./plan.ts";
import { bucketAddress } from "./stores.ts";

/** What the parts before it have made. */
export interface BucketsSurroundings {
  readonly running: RunningCluster;
  readonly storage: SiteStorage | undefined;
}

/** Makes the site's buckets, where the config has any; returns their logins by address. */
export function deployBuckets(
  { name, config }: Site,
  { running: { ready, kubernetes }, storage }: BucketsSurroundings,
): SiteLogins {
  const all = Object.entries(config.buckets);
  if (all.length === 0) return new Map();
  const opts = { providers: [kubernetes], dependsOn: [ready] };
  const namespace = makeNamespace(`${name}-buckets-namespace`, bucketsNamespace, {
    provider: kubernetes,
    dependsOn: [ready],
  });
  const after = [namespace, ...(storage === undefined ? [] : [storage.ready])];
  const answers = apiAnswers(config);
  return new Map(
    all.map(([bucket, written]) => {
      const plan = bucketPlan(bucket, written);
      const made = new StoredBucket(`bucket-${bucket}`, { plan, answers, after }, opts);
      return [bucketAddress(bucket), made.login];
    }),
  );
}
