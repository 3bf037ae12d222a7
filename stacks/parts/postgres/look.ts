/** What a run would do to databases that are there, told before anything is changed. */
import type { DataKeeper, Known } from "../../../components/proxmox/known-machines.ts";
import { bucketName, postgresNamespace } from "../../../components/postgres/names.ts";
import { firstUpgradableMajor, majorOf } from "../../../components/postgres/releases.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import type { PostgresConfig } from "./schema.ts";

/** A Cluster's spec, as far as it is compared. */
interface KnownSpec {
  readonly imageName?: string;
  readonly storage?: { readonly size?: string };
  readonly walStorage?: { readonly size?: string };
}

type Part = Pick<SiteConfig, "postgres" | "allowDataLoss">;

/**
 * Compares with the state: what it has and the config has not would be deleted, and a Cluster takes its volumes with it. Names
 * what would be lost, and what the operator would refuse half way.
 */
export function judgePostgres(
  { postgres, allowDataLoss }: Part,
  { keepers = [] }: Pick<Known, "keepers">,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const clusters = postgres?.clusters ?? {};
  const ours = keepers.filter(({ namespace }) => namespace === postgresNamespace.name);
  const before = ours.filter(({ kind }) => kind === "Cluster");
  const allowed = new Set(allowDataLoss);
  return {
    problems: [
      ...before
        .filter(({ name }) => !(name in clusters) && !allowed.has(`postgres/${name}`))
        .map(({ name }) => lostCluster(name)),
      ...lostBuckets(clusters, ours, allowed),
      ...ours.flatMap((one) => movedBucket(clusters, one)),
      ...before.flatMap(({ name, spec }) => changes(name, clusters[name], spec as KnownSpec)),
    ],
    notes: before.flatMap(({ name }) => {
      if (clusters[name]?.recover === undefined) return [];
      return [
        `homelab:postgres.clusters.${name}.recover: ${name} is there, so nothing is recovered; a recovered cluster has a name of its own`,
      ];
    }),
  };
}

function lostCluster(name: string): Problem {
  const text =
    `the Postgres cluster ${name} is not in the file any more, and its volumes would go with it; put it back, or allow it: ` +
    `add postgres/${name}. What is in a store outside stays there`;
  return { path: "homelab:allowDataLoss", text };
}

function lostBuckets(
  clusters: PostgresConfig["clusters"],
  ours: readonly DataKeeper[],
  allowed: ReadonlySet<string>,
): readonly Problem[] {
  const kept = new Set(
    Object.entries(clusters).flatMap(([name, { backup }]) =>
      backup?.bucket === undefined ? [] : [bucketName(name)],
    ),
  );
  return ours
    .filter(({ kind, name }) => kind === "ObjectBucketClaim" && !kept.has(name))
    .map(({ name }) => name.slice(bucketName("").length))
    .filter((name) => !allowed.has(`postgres/${name}/backup`))
    .map((name) => ({
      path: "homelab:allowDataLoss",
      text: `the bucket with the backups of ${name} is not in the file any more, and they would go with it; put it back, or allow it: add postgres/${name}/backup`,
    }));
}

/** A claim's class is for good, and Rook does not say that it passes another one over. */
function movedBucket(
  clusters: PostgresConfig["clusters"],
  { kind, name, spec }: DataKeeper,
): readonly Problem[] {
  const cluster = name.slice(bucketName("").length);
  const [wanted, there] = [clusters[cluster]?.backup?.bucket, spec["storageClassName"]];
  if (kind !== "ObjectBucketClaim" || wanted === undefined || wanted === there) return [];
  const text = `the bucket of ${cluster} is of the class ${String(there)}, and stays there; put it back, or write s3 in its place`;
  return [{ path: `homelab:postgres.clusters.${cluster}.backup.bucket`, text }];
}

const gib = (size: string | undefined): number => Number(/^(\d+)Gi$/.exec(size ?? "")?.[1] ?? 0);

/** What the operator's webhook refuses (cloudnative-pg v1.30.0, internal/webhook/v1/cluster_webhook.go). */
function changes(
  name: string,
  cluster: PostgresConfig["clusters"][string] | undefined,
  spec: KnownSpec,
): readonly Problem[] {
  if (cluster === undefined) return [];
  const at = `homelab:postgres.clusters.${name}`;
  const [old, next] = [
    Number(/:(\d+)/.exec(spec.imageName ?? "")?.[1] ?? NaN),
    majorOf(cluster.version),
  ];
  const problems: Problem[] = [];
  if (next < old)
    problems.push({
      path: `${at}.version`,
      text: `${name} is of PostgreSQL ${old}, whose data ${next} cannot read; put ${old} back, or recover a backup of ${next} into a new cluster`,
    });
  if (next > old && next < firstUpgradableMajor)
    problems.push({
      path: `${at}.version`,
      text: `the operator upgrades to ${firstUpgradableMajor} and newer only; use one of these`,
    });
  const disks = [
    { key: "storage", from: spec.storage, to: cluster.storage },
    { key: "wal", from: spec.walStorage, to: cluster.wal },
  ];
  for (const { key, from, to } of disks) {
    if (from === undefined) continue;
    if (to === undefined)
      problems.push({
        path: `${at}.${key}`,
        text: `${name} has a volume for its log, and keeps it; put it back`,
      });
    else if (to.sizeGiB < gib(from.size))
      problems.push({
        path: `${at}.${key}.sizeGiB`,
        text: `${to.sizeGiB} is less than the ${gib(from.size)} GiB that ${name} has, and volumes do not shrink; put it back`,
      });
  }
  return problems;
}
