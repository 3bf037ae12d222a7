import { CustomResource } from "@pulumi/kubernetes/apiextensions/customResource.js";
import type { Resource } from "@pulumi/pulumi";
import { replicationSource } from "../../../components/backup/objects.ts";
import { BackupOperator } from "../../../components/backup/operator.ts";
import { Repository } from "../../../components/backup/repository.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import { storeKey } from "../../config/s3-store.ts";
import type { Site } from "../../open-site.ts";
import type { SiteDefinitions } from "../definitions/deploy.ts";
import type { SiteMonitoringKinds } from "../monitoring/deploy.ts";
import type { SiteStorage } from "../storage/deploy.ts";
import { savedPlan, savingPlan, wantedBackups, type WantedBackup } from "./volumes.ts";

/** What the parts before it have made. */
export interface BackupSurroundings {
  readonly definitions: SiteDefinitions;
  readonly running: RunningCluster;
  readonly kinds: SiteMonitoringKinds | undefined;
  readonly storage: SiteStorage | undefined;
}

/** Backups of a site, for those who make volumes. */
export interface SiteBackup {
  /** Where a volume is saved, and what it begins with; its namespace is there after `opts.dependsOn`. */
  repository(name: string, wanted: WantedBackup, opts: Around): Repository;
  /** Saves a volume, from when it holds what it begins with: after `opts.dependsOn`. */
  save(name: string, wanted: WantedBackup, opts: Around): void;
}

interface Around {
  readonly parent?: Resource;
  readonly dependsOn: readonly Resource[];
}

/** Runs VolSync, where the config has the part. */
export function deployBackup(
  { name, config, secrets }: Site,
  { definitions, running: { ready, kubernetes }, kinds, storage }: BackupSurroundings,
): SiteBackup | undefined {
  const { backup } = config;
  if (backup === undefined) return undefined;
  const before = [definitions.volsync, kinds?.known, storage?.ready];
  const operator = new BackupOperator(
    `${name}-backup`,
    {
      ...{ chart: backup.chart, watched: kinds !== undefined },
      after: before.filter((one) => one !== undefined),
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  const saving = savingPlan(name, backup);
  const access = { key: storeKey(secrets, backup.s3), password: secrets.get(backup.password) };
  return {
    repository: (resource, wanted, { dependsOn, ...opts }) =>
      new Repository(
        resource,
        { saved: savedPlan(config, wanted), saving, ...access },
        { ...opts, providers: [kubernetes], dependsOn: [operator.ready, ...dependsOn] },
      ),
    save: (resource, wanted, { dependsOn, ...opts }) => {
      const source = replicationSource(savedPlan(config, wanted), saving);
      new CustomResource(`${resource}-backup`, source, {
        ...opts,
        provider: kubernetes,
        dependsOn: [operator.ready, ...dependsOn],
      });
    },
  };
}

/** Saves claims that others make, after whoever makes them. */
export function saveClaims(
  { config }: Pick<Site, "config">,
  backup: SiteBackup | undefined,
  after: readonly (Resource | undefined)[],
): void {
  if (backup === undefined) return;
  const dependsOn = after.filter((one) => one !== undefined);
  for (const wanted of wantedBackups(config).filter(({ made }) => made === undefined)) {
    const name = `${wanted.namespace}-${wanted.claim}`;
    const { ready } = backup.repository(name, wanted, { dependsOn });
    backup.save(name, wanted, { dependsOn: [ready] });
  }
}
