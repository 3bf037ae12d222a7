/** What a site has that a total loss of its machines would take, and where a copy of each is to be. */
import { asOf } from "../../components/backup/moments.ts";
import { lateAfterHours, repositoryFolder } from "../../components/backup/objects.ts";
import type { StorePlace } from "../../components/backup/store.ts";
import { siteVolumes } from "../../stacks/apps/data/volumes.ts";
import type { SiteFile } from "../../stacks/open-site.ts";
import { lateAfterHours as baseBackupLate } from "../../components/postgres/backup-objects.ts";
import { copyFolder, marks } from "../../components/buckets/copy-objects.ts";
import { copyPlan } from "../../stacks/parts/buckets/copies.ts";
import { targetPlan, wantedBackups } from "../../stacks/parts/backup/volumes.ts";
import { storePlan } from "../../stacks/parts/cluster/deploy.ts";
import type { SiteConfig } from "../../stacks/schema.ts";

/** How something is after the site was raised again. */
export type Fate = "back" | "by hand" | "lost";

/** Something that a site has. */
export interface Item {
  /** What people call it: `volume immich/photos`. */
  readonly what: string;
  /** Its fate, once its copy is there where it has one. */
  readonly fate: Fate;
  /** How it comes back, or why it does not. */
  readonly how: string;
  /** The same of what a person brings back, where it must name its newest copy. */
  readonly howFrom?: (newest: Date) => string;
  /** Where its copies are; undefined of what needs none, and of what has none. */
  readonly copies?: Copies;
}

/** Copies in a store that speaks S3. */
export interface Copies {
  /** Config path of the store's section, which has its key. */
  readonly path: string;
  readonly store: StorePlace;
  readonly prefix: string;
  /** Which objects below it are a copy each; all without. */
  readonly each?: RegExp;
  /** What each is, where it may not have succeeded; a copy without. */
  readonly called?: string;
  /** From when on the newest is too old; undefined where nobody has said how often they are made. */
  readonly lateAfterHours?: number;
  /** Hours between two, where one that fails is made again of the same moment. */
  readonly everyHours?: number;
}

/** Everything, in the order in which a site is raised. */
export function inventory(site: SiteFile): readonly Item[] {
  const { config } = site;
  return [
    {
      what: "machines, cluster and what the site file says",
      fate: "back",
      how: "made anew by npm run up, with the state and the secrets that it needs: docs/backup.md",
    },
    etcd(site),
    ...items(config),
    ...certificates(config),
    ...volumes(site),
    ...unsaved(config),
    ...databases(config),
    ...caches(config),
    ...buckets(site),
    ...topics(config),
    ...observations(config),
  ];
}

/** Objects that nobody but etcd has: those of people, and of others than the program. */
function etcd(site: SiteFile): Item {
  const what = "objects of the cluster that are not the program's";
  const plan = storePlan(site);
  if (plan === undefined)
    return { what, fate: "lost", how: "snapshots of etcd stay on the machines: docs/restore.md" };
  return {
    ...{ what, fate: "by hand" },
    how: `by npm run restore in the place of a new cluster${volumes(site).length === 0 ? "" : ", and then no volume is filled from its backup"}: docs/restore.md`,
    copies: {
      path: "homelab:cluster.snapshots.s3",
      store: plan,
      prefix: `${plan.folder}/`,
      each: /-\d{10}(\.zip)?$/,
    },
  };
}

function items({ onePassword }: SiteConfig): readonly Item[] {
  const of = onePassword?.operator?.items ?? [];
  if (of.length === 0) return [];
  return [{ what: `${of.length} items`, fate: "back", how: "from 1Password, which is elsewhere" }];
}

function certificates({ certificates: part }: SiteConfig): readonly Item[] {
  if (part === undefined) return [];
  const how =
    part.keep === undefined
      ? "issued anew, within the limits of who issues them: docs/certificates.md"
      : `those that are kept from 1Password, vault ${part.keep}; others are issued anew`;
  return [{ what: "certificates", fate: "back", how }];
}

function volumes({ name, config }: SiteFile): readonly Item[] {
  const { backup } = config;
  if (backup === undefined) return [];
  const target = targetPlan(name, backup);
  return wantedBackups(config).map(({ namespace, claim, made }) => ({
    what: `volume ${namespace}/${claim}`,
    ...(made === undefined
      ? byHand(`${namespace}/${claim}`)
      : { fate: "back", how: "filled before its pods start" }),
    copies: {
      path: "homelab:backup.s3",
      store: target,
      prefix: `${repositoryFolder(target, { namespace, claim })}/snapshots/`,
      lateAfterHours: lateAfterHours(backup),
      everyHours: backup.everyHours,
    },
  }));
}

/** Its backups begin when the site is raised, and the newest one would then be of the empty volume. */
function byHand(volume: string): Pick<Item, "fate" | "how" | "howFrom"> {
  const how = (at = "") => `by npm run restore -- --claim ${volume}${at}, once its claim is there`;
  return { fate: "by hand", how: how(), howFrom: (newest) => how(` --at ${asOf(newest)}`) };
}

/** Volumes of applications, and libraries, that nobody saves. */
function unsaved(config: SiteConfig): readonly Item[] {
  return siteVolumes(config)
    .filter(({ backup }) => !backup || config.backup === undefined)
    .map(({ namespace, name, backup }): Item => ({
      what: `volume ${namespace}/${name}`,
      fate: "lost",
      how: backup
        ? "it is worth a backup, and the site has no homelab:backup"
        : "what is in it can be made or had again, or is too large to be saved",
    }));
}

function databases({ postgres }: SiteConfig): readonly Item[] {
  return Object.entries(postgres?.clusters ?? {}).map(([name, { backup }]): Item => {
    const what = `Postgres ${name}`;
    if (backup?.s3 === undefined)
      return {
        ...{ what, fate: "lost" },
        how:
          backup === undefined
            ? "it has no backup"
            : "its archive is in a bucket of the site's own storage",
      };
    return {
      ...{ what, fate: "by hand" },
      how: "into a new cluster, by its base backup and the log since: docs/postgres.md",
      copies: {
        path: `homelab:postgres.clusters.${name}.backup.s3`,
        store: backup.s3,
        // A folder for each, and the file of one that failed as well (barman, barman/cloud.py, handle_backup_errors).
        prefix: `${backup.archive}/base/`,
        each: /\/backup\.info$/,
        called: "attempts; npm run doctor knows whether it succeeded",
        lateAfterHours: baseBackupLate(backup),
      },
    };
  });
}

function caches({ redis }: SiteConfig): readonly Item[] {
  return Object.entries(redis?.instances ?? {}).map(([name, { snapshots }]): Item => {
    const what = `Redis ${name}`;
    if (snapshots?.s3 === undefined)
      return {
        ...{ what, fate: "lost" },
        how:
          snapshots === undefined
            ? "what is in its memory is not saved"
            : "its snapshots are in a bucket of the site's own storage",
      };
    return {
      ...{ what, fate: "back", how: "its first pod loads its newest snapshot, and others follow" },
      copies: {
        path: `homelab:redis.instances.${name}.snapshots.s3`,
        store: snapshots.s3,
        // Where no pod has a role yet the lowest becomes the master (dragonfly-operator v1.6.1, internal/controller/util.go, isBetterCandidate).
        prefix: `${snapshots.folder}/${name}-0/`,
        lateAfterHours: 2 * snapshots.everyHours + 1,
      },
    };
  });
}

function buckets({ name: stack, config }: SiteFile): readonly Item[] {
  return Object.keys(config.buckets).map((name): Item => {
    const what = `bucket ${name}`;
    const plan = copyPlan(stack, config, name);
    if (plan === undefined) return { what, fate: "lost", how: "it has no copy outside" };
    return {
      ...{ what, fate: "back", how: "filled from its copy before anybody logs in" },
      copies: {
        path: "homelab:backup.s3",
        store: plan.target,
        prefix: `${copyFolder(plan, name)}/${marks.copied}`,
        lateAfterHours: lateAfterHours(plan),
      },
    };
  });
}

function topics({ kafka }: SiteConfig): readonly Item[] {
  return Object.keys(kafka?.clusters ?? {}).map((name) => ({
    ...{ what: `Kafka ${name}`, fate: "lost" },
    how: "what its topics hold has no copy outside: docs/backup.md",
  }));
}

function observations({ monitoring, logs }: SiteConfig): readonly Item[] {
  return [
    ...(monitoring === undefined ? [] : ["metrics, and silences of alerts"]),
    ...(logs === undefined ? [] : ["lines of logs"]),
  ].map((what) => ({ what, fate: "lost", how: "seen until the loss, and not kept elsewhere" }));
}
