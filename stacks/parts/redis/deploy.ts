import type { InstancePlan, SnapshotPlan } from "../../../components/redis/plan.ts";
import { RedisInstance } from "../../../components/redis/instance.ts";
import { RedisOperator } from "../../../components/redis/operator.ts";
import { dragonflyImage } from "../../../components/redis/releases.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import { storeKey } from "../../config/s3-store.ts";
import type { SiteLogins } from "../../logins/told.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import { podHosts } from "../machines/nodes.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import type { RedisConfig } from "./schema.ts";
import { instanceAddress } from "./stores.ts";

/** What the parts before it have made. */
export interface RedisSurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly storage: SiteStorage | undefined;
  /** Whether the cluster's API can be asked. */
  readonly answers: () => Promise<boolean>;
}

/** Runs the site's Redis instances, where the config has the part; returns their logins by address. */
export function deployRedis(
  { name, config, secrets }: Site,
  { nodes: [server] }: SiteCluster,
  { definitions, running: { ready, kubernetes }, storage, answers }: RedisSurroundings,
): SiteLogins {
  const { redis } = config;
  if (redis === undefined) return new Map();
  const opts = { providers: [kubernetes], dependsOn: [ready] };
  const operator = new RedisOperator(
    `${name}-redis`,
    {
      chart: redis.chart,
      replicas: Math.min(2, podHosts(config.machines).size),
      after: definitions.dragonfly === undefined ? [] : [definitions.dragonfly],
    },
    opts,
  );
  const { clusterDomain } = config.network;
  const after = [
    ...[operator.ready, operator.namespace],
    ...(storage === undefined ? [] : [storage.ready]),
  ];
  return new Map(
    Object.entries(redis.instances).map(([instance, written]) => {
      const { password, snapshots } = written;
      const made = new RedisInstance(
        `redis-${instance}`,
        {
          ...{ plan: instancePlan(instance, written), clusterDomain, server, answers, after },
          ...(password === undefined ? {} : { password: secrets.get(password) }),
          ...(snapshots?.s3 === undefined ? {} : { storeKey: storeKey(secrets, snapshots.s3) }),
        },
        opts,
      );
      return [instanceAddress(instance), made.login];
    }),
  );
}

type Instance = RedisConfig["instances"][string];

/** An instance as its component is told, without its secrets. */
export function instancePlan(name: string, instance: Instance): InstancePlan {
  const { version, replicas, memoryMiB, evicts, undeclaredKeys, snapshots } = instance;
  return {
    ...{ name, image: dragonflyImage(version), replicas, memoryMiB, evicts, undeclaredKeys },
    ...(snapshots === undefined ? {} : { snapshots: snapshotPlan(snapshots) }),
  };
}

function snapshotPlan(snapshots: NonNullable<Instance["snapshots"]>): SnapshotPlan {
  const { bucket, s3, keepDays = 7, folder, everyHours } = snapshots;
  if (s3 !== undefined) {
    const { endpoint, bucket: outside, region } = s3;
    return { folder, everyHours, store: { kind: "s3", endpoint, bucket: outside, region } };
  }
  if (bucket === undefined)
    throw new Error("the config was checked to name a store, and names none");
  return { folder, everyHours, store: { kind: "bucket", class: bucket, keepDays } };
}
