/** Clusters of the config as components are told them. */
import type { BackupPlan, ClusterPlan } from "../../../components/postgres/plan.ts";
import type { PostgresConfig } from "./schema.ts";

/** A cluster as its component is told, without its secrets. */
export function clusterPlan(
  name: string,
  cluster: PostgresConfig["clusters"][string],
): ClusterPlan {
  const { image, instances, storage, wal, memoryMiB, parameters, preload, pooler } = cluster;
  return {
    ...{ name, image, instances, memoryMiB, parameters, preload },
    storage: disk(storage),
    ...(wal === undefined ? {} : { wal: disk(wal) }),
    roles: Object.entries(cluster.roles).map(([role, { superuser, inRoles }]) => ({
      ...{ name: role, superuser, inRoles },
    })),
    databases: Object.entries(cluster.databases).map(([database, plan]) => ({
      ...{ name: database, ...plan },
    })),
    ...(pooler === undefined ? {} : { pooler }),
    ...(cluster.backup === undefined ? {} : { backup: backupPlan(cluster.backup) }),
    ...(cluster.recover === undefined ? {} : { recover: cluster.recover }),
  };
}

type Disk = PostgresConfig["clusters"][string]["storage"];

const disk = ({ class: named, sizeGiB }: Disk) => ({
  sizeGiB,
  ...(named === undefined ? {} : { class: named }),
});

function backupPlan(backup: NonNullable<PostgresConfig["clusters"][string]["backup"]>): BackupPlan {
  const { bucket, maxSizeGiB, s3, archive, at, weekdays, keepDays } = backup;
  const rest = { archive, at, weekdays, keepDays };
  if (s3 !== undefined) {
    const { endpoint, bucket: outside, region, ca } = s3;
    const store = { kind: "s3", endpoint, bucket: outside, region } as const;
    return { ...rest, store: ca === undefined ? store : { ...store, ca } };
  }
  if (bucket === undefined)
    throw new Error("the config was checked to name a store, and names none");
  const store = { kind: "bucket", class: bucket } as const;
  return { ...rest, store: maxSizeGiB === undefined ? store : { ...store, maxSizeGiB } };
}
