import { majorOf } from "../../../components/postgres/releases.ts";
import type { Problem } from "../../../components/problem.ts";
import { checkStore } from "../../config/store-checks.ts";
import type { SiteConfig } from "../../schema.ts";
import type { PostgresConfig } from "./schema.ts";

type Cluster = PostgresConfig["clusters"][string];

/** There is one store, pods can be let to it, and what it may hold is set where it can be. */
export function checkBackup(
  config: SiteConfig,
  at: string,
  { backup: to }: Cluster,
): readonly Problem[] {
  if (to === undefined) return [];
  const path = `${at}.backup`;
  return [
    ...checkStore(config, path, to),
    ...(to.s3 !== undefined && to.maxSizeGiB !== undefined
      ? [
          {
            path: `${path}.maxSizeGiB`,
            text: "is for a bucket of the site's own; set it at the store outside",
          },
        ]
      : []),
  ];
}

/** What is recovered from is there, of the same major, and stays as it is. */
export function checkRecovery(
  { clusters }: PostgresConfig,
  at: string,
  name: string,
  { recover, backup: to, version }: Cluster,
): readonly Problem[] {
  if (recover === undefined) return [];
  const path = `${at}.recover`;
  const source = clusters[recover.from];
  if (source === undefined) {
    const known = Object.keys(clusters).join(", ");
    return [
      {
        path: `${path}.from`,
        text: `${recover.from} is no cluster of homelab:postgres; known are ${known}. Keep its entry for as long as this one is recovered from it`,
      },
    ];
  }
  if (source.backup === undefined)
    return [
      {
        path: `${path}.from`,
        text: `${recover.from} has no backup to recover from; name another one`,
      },
    ];
  // The plugin refuses to write where another life has written: "Expected empty archive".
  if (to !== undefined && recover.from === name && recover.archive === to.archive)
    return [
      {
        path: `${at}.backup.archive`,
        text: `${to.archive} is what the cluster is recovered from, and a new life cannot write there; name another folder, such as ${to.archive}-b, and homelab:postgres.clusters.${name}.recover.archive as it was`,
      },
    ];
  const major = archivedMajor(recover.archive, source);
  if (major === undefined || major === majorOf(version)) return [];
  const text = `${version} cannot read the archive ${recover.archive ?? source.backup.archive} of ${recover.from}, which is of PostgreSQL ${major}; recover with the same major, and upgrade then`;
  return [{ path: `${at}.version`, text }];
}

/** The major that an archive is of: the present one's is its cluster's, and others say it as they are called without a word (`main-17`). */
function archivedMajor(
  archive: string | undefined,
  { version, backup }: Cluster,
): number | undefined {
  if (archive === undefined || archive === backup?.archive) return majorOf(version);
  const [, major] = /-(\d\d)(?:-|$)/.exec(archive) ?? [];
  return major === undefined ? undefined : Number(major);
}

/** Where an archive is, by what no two clusters may share. */
function place(name: string, to: NonNullable<Cluster["backup"]>): string {
  const where =
    to.s3 === undefined
      ? `the bucket of ${name}`
      : `${to.s3.endpoint.replace(/\/+$/, "")}/${to.s3.bucket}`;
  return `${where}/${to.archive}`;
}

/** Each life has a folder of its own. */
export function checkArchives({ clusters }: PostgresConfig): readonly Problem[] {
  const all = Object.entries(clusters).flatMap(([name, { backup: to }]) =>
    to === undefined ? [] : [{ name, at: place(name, to) }],
  );
  return all.flatMap(({ name, at }, i) => {
    const first = all.findIndex((one) => one.at === at);
    if (first === i) return [];
    const text = `${all[first]?.name ?? ""} writes to the same folder of the same bucket; name another one`;
    return [{ path: `homelab:postgres.clusters.${name}.backup.archive`, text }];
  });
}
