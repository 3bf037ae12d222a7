/** Which volumes of a site are saved, from where in its file, and how. */
import type { SavedPlan, SavingPlan } from "../../../components/backup/plan.ts";
import { classInForce } from "../../config/volume-class.ts";
import type { SiteConfig } from "../../schema.ts";
import { siteVolumes, type SiteVolume } from "../../apps/data/volumes.ts";
import type { BackupConfig } from "./schema.ts";

/** A volume that is to be saved, as the site file has it. */
export interface WantedBackup extends Omit<SavedPlan, "class" | "kind"> {
  /** Config path of what says so. */
  readonly path: string;
  /** A class of the site; its default where none is named. */
  readonly class?: string;
  /** The application that it belongs to, by its name in the config. */
  readonly app?: string;
}

/** Every volume that is to be saved: those of applications whose recipe says so, then claims that others make. */
export function wantedBackups(config: SiteConfig): readonly WantedBackup[] {
  const { backup } = config;
  if (backup === undefined) return [];
  const own = siteVolumes(config).filter((volume) => volume.backup);
  return [...own.map(ofApplication), ...ofOthers(backup)];
}

/** The backup of a volume that the program makes. */
export function ofApplication(volume: SiteVolume): WantedBackup {
  const { path, namespace, name, owner, data, class: storageClass, sizeGiB, shared } = volume;
  const [kind, app = ""] = data.split("/");
  return {
    ...{ path, namespace, claim: name, ...owner, class: storageClass },
    ...(kind === "apps" ? { app } : {}),
    made: { sizeGiB, shared },
  };
}

function ofOthers({ claims }: BackupConfig): readonly WantedBackup[] {
  return claims.map(({ namespace, name, class: storageClass, uid, gid = uid }, i) => ({
    ...{ path: `homelab:backup.claims[${i}]`, namespace, claim: name, uid, gid },
    ...(storageClass === undefined ? {} : { class: storageClass }),
  }));
}

/** The class of a volume: the one that it names, or the site's default. */
export function classOf(
  { storage }: Pick<SiteConfig, "storage">,
  { class: named }: Pick<WantedBackup, "class">,
) {
  return classInForce(storage?.classes ?? [], named);
}

/** A volume as its component is told; throws where the config was not checked. */
export function savedPlan(config: Pick<SiteConfig, "storage">, wanted: WantedBackup): SavedPlan {
  const { namespace, claim, uid, gid, made } = wanted;
  const found = classOf(config, wanted);
  if (found === undefined || found.kind === "bucket")
    throw new Error(`${wanted.path}: the config was checked to name a class, and names none`);
  return {
    ...{ namespace, claim, class: found.name, kind: found.kind, uid, gid },
    ...(made === undefined ? {} : { made }),
  };
}

/** How a site's volumes are saved. */
export function savingPlan(stack: string, backup: BackupConfig): SavingPlan {
  const { at, everyHours, keep, cacheGiB, memoryMiB } = backup;
  return {
    target: targetPlan(stack, backup),
    ...{ at, everyHours, cacheGiB, memoryMiB },
    keep: Object.fromEntries(
      Object.entries(keep).filter((entry): entry is [string, number] => entry[1] !== undefined),
    ),
  };
}

/** Folder of a bucket that a site's volumes are saved in where the file names none. */
export const volumesFolder = (stack: string): string => `volumes-${stack}`;

/** Folder of that bucket in which its buckets are copied: one beside that of volumes, and as much the site's own. */
export function bucketsFolder(stack: string, { s3 }: Pick<BackupConfig, "s3">): string {
  return s3.folder === undefined ? `buckets-${stack}` : `${s3.folder}-buckets`;
}

/** Where a site's repositories are. */
export function targetPlan(
  stack: string,
  { s3: { endpoint, bucket, folder, region, ca } }: Pick<BackupConfig, "s3">,
): SavingPlan["target"] {
  return {
    ...{ endpoint, bucket, region, folder: folder ?? volumesFolder(stack) },
    ...(ca === undefined ? {} : { ca }),
  };
}
