import { StoredBucket } from "../../../components/buckets/bucket.ts";
import { bucketsNamespace } from "../../../components/buckets/names.ts";
import { makeNamespace } from "../../../components/workload/namespace.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { SiteLogins } from "../../logins/told.ts";
import type { Site } from "../../open-site.ts";
import { storeKey } from "../../config/s3-store.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import { copyPlan } from "./copies.ts";
import { bucketPlan } from "./plan.ts";
import { bucketAddress } from "./stores.ts";

/** What the parts before it have made. */
export interface BucketsSurroundings {
  readonly running: RunningCluster;
  readonly storage: SiteStorage | undefined;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
}

/** Makes the site's buckets, where the config has any; returns their logins by address. */
export function deployBuckets(
  { name, config, secrets }: Site,
  { nodes: [server] }: SiteCluster,
  { running: { ready, kubernetes }, storage, answers }: BucketsSurroundings,
): SiteLogins {
  const all = Object.entries(config.buckets);
  if (all.length === 0) return new Map();
  const opts = { providers: [kubernetes], dependsOn: [ready] };
  const namespace = makeNamespace(`${name}-buckets-namespace`, bucketsNamespace, {
    provider: kubernetes,
    dependsOn: [ready],
  });
  const after = [namespace, ...(storage === undefined ? [] : [storage.ready])];
  return new Map(
    all.map(([bucket, written]) => {
      const plan = bucketPlan(bucket, written);
      const copy = copyPlan(name, config, bucket);
      const { backup } = config;
      const made = new StoredBucket(
        `bucket-${bucket}`,
        {
          ...{ plan, server, answers, after },
          ...(copy === undefined || backup === undefined
            ? {}
            : { copy: { plan: copy, storeKey: storeKey(secrets, backup.s3) } }),
        },
        opts,
      );
      return [bucketAddress(bucket), made.login];
    }),
  );
}
