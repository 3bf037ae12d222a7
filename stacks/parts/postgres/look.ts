/** What a run would do to databases that are there, told before anything is changed. */
import type { Known } from "../../../components/proxmox/known-machines.ts";
import { objectStore } from "../../../components/postgres/backup-objects.ts";
import { postgresNamespace } from "../../../components/postgres/names.ts";
import { firstUpgradableMajor, majorOf } from "../../../components/postgres/releases.ts";
import { gibibytes } from "../../../components/storage/known.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { clusterPlan } from "./plan.ts";
import type { PostgresConfig } from "./schema.ts";

interface KnownDisk {
  readonly size?: string;
  readonly storageClass?: string;
}

/** A Cluster's spec, as far as it is compared. */
interface KnownSpec {
  readonly imageName?: string;
  readonly storage?: KnownDisk;
  readonly walStorage?: KnownDisk;
  readonly plugins?: readonly { readonly parameters?: { readonly serverName?: string } }[];
}

/** An ObjectStore's spec, likewise. */
interface KnownStore {
  readonly configuration?: { readonly destinationPath?: string; readonly endpointURL?: string };
}

/** Compares with the state, and names what the operator would refuse half way. */
export function judgePostgres(
  { postgres, storage }: Pick<SiteConfig, "postgres" | "storage">,
  { keepers = [], images = new Map() }: Pick<Known, "keepers" | "images">,
): Pick<Judged<unknown>, "problems" | "notes"> {
  const clusters = postgres?.clusters ?? {};
  const ours = keepers.filter(({ namespace }) => namespace === postgresNamespace.name);
  const before = ours.filter(({ kind }) => kind === "Cluster");
  const storeOf = (of: string): KnownStore | undefined =>
    ours.find(({ kind, name }) => kind === "ObjectStore" && name === of)?.spec;
  return {
    problems: before.flatMap(({ name, spec }) => [
      ...versionChanges(name, clusters[name], spec as KnownSpec, images.get(name)),
      ...diskChanges(name, clusters[name], spec as KnownSpec, storage),
      ...moved(name, clusters[name], spec as KnownSpec, storeOf(name)),
    ]),
    notes: before.flatMap(({ name }) => {
      if (clusters[name]?.recover === undefined) return [];
      return [
        `homelab:postgres.clusters.${name}.recover: the state has ${name}, so nothing is recovered, and the operator refuses a second beginning where it has made the cluster without; a recovered cluster has a name of its own, and after a loss of all the site is destroyed first (docs/restore.md)`,
      ];
    }),
  };
}

/**
 * Into another store the log goes at once, and a base backup at once where the folder is another one too: a schedule makes its
 * first backup only once (internal/controller/scheduledbackup_controller.go).
 */
function moved(
  name: string,
  cluster: PostgresConfig["clusters"][string] | undefined,
  { plugins: [archiver] = [] }: KnownSpec,
  store: KnownStore | undefined,
): readonly Problem[] {
  const { backup } = cluster === undefined ? {} : clusterPlan(name, cluster);
  const there = store?.configuration;
  if (backup === undefined || there === undefined) return [];
  const wanted = objectStore(name, backup).spec.configuration;
  const same =
    there.destinationPath === wanted.destinationPath && there.endpointURL === wanted.endpointURL;
  if (same || archiver?.parameters?.serverName !== backup.archive) return [];
  const text = `${backup.archive} is where ${name} writes now, and in another store nothing could be recovered from it before the next backup of the schedule; name another folder, such as ${backup.archive}-b`;
  return [{ path: `homelab:postgres.clusters.${name}.backup.archive`, text }];
}

/**
 * What of its version the operator's webhook refuses (cloudnative-pg v1.30.0, internal/webhook/v1/cluster_webhook.go); and what nobody
 * does: PostgreSQL begins its log anew with a major, and in one folder with the old one nothing could be recovered, nor would there be
 * a first base backup (docs/src/postgres_upgrades.md, Backup and WAL Archive Considerations). The way back from an upgrade that failed
 * is open: data is of the major that was last seen to run (validateImageChange goes by status.pgDataImageInfo).
 */
function versionChanges(
  name: string,
  cluster: PostgresConfig["clusters"][string] | undefined,
  { imageName = "", plugins: [archiver] = [] }: KnownSpec,
  proven = imageName,
): readonly Problem[] {
  if (cluster === undefined) return [];
  const at = `homelab:postgres.clusters.${name}`;
  const [old, next] = [majorIn(imageName), majorOf(cluster.version)];
  const problems: Problem[] = [];
  const has = Math.min(old, majorIn(proven));
  if (next < has)
    problems.push({
      path: `${at}.version`,
      text: `${name} is of PostgreSQL ${has}, whose data ${next} cannot read; put ${has} back, or recover a backup of ${next} into a new cluster`,
    });
  if (next > old && next < firstUpgradableMajor)
    problems.push({
      path: `${at}.version`,
      text: `the operator upgrades to ${firstUpgradableMajor} and newer only; use one of these`,
    });
  const archive = cluster.backup?.archive;
  if (next > old && archive !== undefined && archive === archiver?.parameters?.serverName)
    problems.push({
      path: `${at}.backup.archive`,
      text: `${archive} is the archive of PostgreSQL ${old}, beside whose log that of ${next} cannot be recovered; name a new folder, such as ${name}-${next}`,
    });
  return problems;
}

const majorIn = (image: string): number => Number(/:(\d+)/.exec(image)?.[1] ?? NaN);

/**
 * What of its volumes the webhook refuses as well; and another class, which the operator takes for volumes that it makes from then on
 * without a word (pkg/reconciler/persistentvolumeclaim).
 */
function diskChanges(
  name: string,
  cluster: PostgresConfig["clusters"][string] | undefined,
  spec: KnownSpec,
  storage: SiteConfig["storage"],
): readonly Problem[] {
  if (cluster === undefined) return [];
  const at = `homelab:postgres.clusters.${name}`;
  const otherwise = storage?.classes.find((one) => one.default)?.name ?? "the default class";
  const disks = [
    { key: "storage", from: spec.storage, to: cluster.storage },
    { key: "wal", from: spec.walStorage, to: cluster.wal },
  ];
  return disks.flatMap(({ key, from, to }): readonly Problem[] => {
    if (from === undefined) return [];
    if (to === undefined)
      return [
        {
          path: `${at}.${key}`,
          text: `${name} has a volume for its log, and keeps it; put it back`,
        },
      ];
    const sizeGiB = gibibytes(from.size ?? "");
    const [has, wants] = [from.storageClass ?? otherwise, to.class ?? otherwise];
    return [
      ...(to.sizeGiB < sizeGiB
        ? [
            {
              path: `${at}.${key}.sizeGiB`,
              text: `${to.sizeGiB} is less than the ${sizeGiB} GiB that ${name} has, and volumes do not shrink; put it back`,
            },
          ]
        : []),
      ...(has === wants
        ? []
        : [
            {
              path: `${at}.${key}.class`,
              text: `${name} has its volumes in ${has}, where they stay, and in ${wants} would be those alone that are made later; put it back, or recover its backup into a new cluster`,
            },
          ]),
    ];
  });
}
