import type { Problem } from "../../../components/problem.ts";
import { checkStore } from "../../config/store-checks.ts";
import type { SiteConfig } from "../../schema.ts";
import { copiedNames } from "../buckets/copies.ts";
import type { BackupConfig } from "./schema.ts";
import { bucketsFolder, classOf, targetPlan, wantedBackups, type WantedBackup } from "./volumes.ts";

/** Volumes can be saved, to a place that is there when the cluster is not, and each to its own. */
export function checkBackup(config: SiteConfig, stack: string): readonly Problem[] {
  const { backup } = config;
  if (backup === undefined) return [];
  const wanted = wantedBackups(config);
  return [
    ...target(config, backup, stack),
    ...keep(backup),
    ...wanted.flatMap((one) => volume(config, one)),
    ...doubles(wanted),
  ];
}

function target(config: SiteConfig, backup: BackupConfig, stack: string): readonly Problem[] {
  const { s3 } = backup;
  const path = "homelab:backup";
  const { hostname } = new URL(s3.endpoint);
  if (hostname.endsWith(".svc") || hostname.endsWith(`.${config.network.clusterDomain}`))
    return [
      {
        path: `${path}.s3.endpoint`,
        text: `${hostname} is inside of the cluster, and lost with it; name a store outside`,
      },
    ];
  return [...checkStore(config, path, { s3 }), ...snapshots(config, backup, stack)];
}

/** RKE2 deletes what is beyond its retention in its folder, whoever wrote it (k3s, pkg/etcd/s3). */
function snapshots(config: SiteConfig, backup: BackupConfig, stack: string): readonly Problem[] {
  const { s3: etcd } = config.cluster.snapshots;
  const { endpoint, bucket, folder: volumes } = targetPlan(stack, backup);
  if (etcd === undefined || etcd.bucket !== bucket) return [];
  if (new URL(etcd.endpoint).origin !== new URL(endpoint).origin) return [];
  const theirs = etcd.folder ?? stack;
  const ours = [volumes, ...(copiedNames(config).length > 0 ? [bucketsFolder(stack, backup)] : [])];
  const folder = ours.find((one) => `${one}/`.startsWith(`${theirs}/`));
  if (folder === undefined) return [];
  const text = `${folder} is in ${theirs}, where RKE2 keeps snapshots of etcd and deletes by their age; name another folder`;
  return [{ path: "homelab:backup.s3.folder", text }];
}

function keep({ keep: kept }: BackupConfig): readonly Problem[] {
  if (Object.values(kept).some((number) => number !== undefined)) return [];
  const text = "keeps nothing but the last backup of each volume; write daily: 7, or what you want";
  return [{ path: "homelab:backup.keep", text }];
}

function volume(config: SiteConfig, wanted: WantedBackup): readonly Problem[] {
  const { path } = wanted;
  const known = (config.storage?.classes ?? []).filter(({ kind }) => kind !== "bucket");
  const list = known.map(({ name }) => name).join(", ") || "none";
  const found = classOf(config, wanted);
  if (found === undefined) {
    const what = wanted.class === undefined ? "is of the default class, and there is none" : "";
    const text = `${what || `${wanted.class ?? ""} is no class of homelab:storage`}; volumes are saved from snapshots, which classes of its own alone have; known are ${list}`;
    return [{ path: `${path}.class`, text }];
  }
  if (found.kind === "bucket") {
    const text = `${found.name} keeps buckets, of which volumes are none; known are ${list}`;
    return [{ path: `${path}.class`, text }];
  }
  return [];
}

/** Two sources in one repository would forget each other's backups. */
function doubles(wanted: readonly WantedBackup[]): readonly Problem[] {
  return wanted.flatMap(({ path, namespace, claim }, i) => {
    const first = wanted.findIndex((one) => one.namespace === namespace && one.claim === claim);
    if (first === i) return [];
    const text = `${namespace}/${claim} is saved by ${wanted[first]?.path ?? ""} already; remove it here`;
    return [{ path, text }];
  });
}
