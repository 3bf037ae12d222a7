/** What volumes that are not there yet would begin with, and what backups that are there would not bear, told before anything is made. */
import { asOf, repeated } from "../../../components/backup/moments.ts";
import { repositorySettings } from "../../../components/backup/objects.ts";
import type { TargetPlan } from "../../../components/backup/plan.ts";
import {
  backupTimes,
  staleLocks,
  type ListStore,
  type OpenStore,
  type StoredObject,
} from "../../../components/backup/store.ts";
import { ServiceError } from "../../../components/http/service-error.ts";
import type { Problem } from "../../../components/problem.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import type { Judged } from "../../config/problem.ts";
import type { Site } from "../../open-site.ts";
import type { SiteConfig } from "../../schema.ts";
import { classOf, targetPlan, wantedBackups, type WantedBackup } from "./volumes.ts";
import type { BackupConfig } from "./schema.ts";

/** The store of a site's backups; `reveal` gives the secret behind a reference. */
export function openStore(
  { s3: { endpoint, bucket, region, ca, accessKey, secretKey } }: Pick<BackupConfig, "s3">,
  reveal: (ref: string) => string,
): OpenStore {
  return {
    ...{ endpoint, bucket, region, ca },
    ...{ accessKey: reveal(accessKey), secretKey: reveal(secretKey) },
  };
}

type Found = Pick<Judged<unknown>, "problems" | "notes">;

/** Asks the store and the state. */
export async function judgeBackups(
  site: Site,
  known: Pick<Known, "claims" | "backups">,
  list?: ListStore,
): Promise<Found> {
  const { backups = [] } = known;
  const { problems, notes } = await judgeBeginnings(site, known, list);
  const others = await judgeOthers(site, backups, list);
  return {
    problems: [...judgeCaches(site.config, backups), ...problems],
    notes: [...notes, ...others],
  };
}

/**
 * VolSync asks the cache's claim for its size at each sync (internal/controller/volumehandler/volumehandler.go, EnsureNewPVC).
 * Where the API server refuses that, for no claim shrinks and one grows in a class that lets it alone (kubernetes,
 * pkg/apis/core/validation, ValidatePersistentVolumeClaimUpdate; plugin/pkg/admission/storage/persistentvolume/resize), it
 * begins no mover any more.
 */
function judgeCaches(config: SiteConfig, known: NonNullable<Known["backups"]>): readonly Problem[] {
  const { backup } = config;
  if (backup === undefined) return [];
  const wanted = backup.cacheGiB;
  const refused = wantedBackups(config).flatMap((one) => {
    const had = known.find((k) => k.namespace === one.namespace && k.claim === one.claim)?.cacheGiB;
    if (had === undefined || had === 0 || had === wanted) return [];
    const name = `${one.namespace}/${one.claim}`;
    if (wanted < had) return [{ name, had, why: "no volume shrinks" }];
    const found = classOf(config, one);
    if (found === undefined || found.kind === "bucket" || found.expansion) return [];
    return [{ name, had, why: `no volume of ${found.name} grows` }];
  });
  return [...new Set(refused.map(({ why }) => why))].map((why) => {
    const ones = refused.filter((one) => one.why === why);
    const list = ones.map(({ name, had }) => `${name} (${had} GiB)`).join(", ");
    const largest = Math.max(...ones.map(({ had }) => had));
    const text = `the caches of ${list} are there, and with ${wanted} GiB VolSync would make no backup of them any more, for ${why}; write ${largest}`;
    return { path: "homelab:backup.cacheGiB", text };
  });
}

/**
 * Looks into the repositories of volumes that the state does not have. One that cannot be seen is not taken for empty: the
 * volume would wait for it in the cluster, and the run with it, or hold nothing where a backup is. Nobody is asked where every
 * volume is there.
 */
async function judgeBeginnings(
  site: Site,
  { claims = [], backups = [] }: Pick<Known, "claims" | "backups">,
  list?: ListStore,
): Promise<Found> {
  const { config, secrets, name } = site;
  const { backup } = config;
  const fresh = wantedBackups(config).filter(
    ({ namespace, claim, made }) => made !== undefined && !claims.includes(`${namespace}/${claim}`),
  );
  if (backup === undefined || fresh.length === 0) return { problems: [], notes: [] };
  const store = openStore(backup, (ref) => secrets.reveal(ref));
  const target = targetPlan(name, backup);
  try {
    const notes = await Promise.all(
      fresh.map(async (one) =>
        told(one, await backupTimes(store, target, one, list), backup.everyHours),
      ),
    );
    const options = list === undefined ? {} : { list };
    const problems = await Promise.all(
      fresh.map(async (one) =>
        unlocked(one, target, await staleLocks(store, target, one, options)),
      ),
    );
    return { problems: problems.flat(), notes };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const names = fresh.map(({ namespace, claim }) => `${namespace}/${claim}`).join(", ");
    // Without the section all destinations go, and each volume of the site is restored once more, beside itself, when it is back.
    const others = claims.length > 0 && backups.length > 0;
    const text =
      `${error.message}; what ${names} would begin with cannot be seen, and not seen is not empty. ` +
      (others
        ? "Bring the store back, or leave what is new out for this run"
        : "Bring the store back, or leave the section out for this run: volumes then begin empty for good");
    return { problems: [{ path: "homelab:backup.s3", text }], notes: [] };
  }
}

/**
 * Claims of others that are saved for the first time, and that have backups: VolSync saves a new source at once, whatever its
 * schedule (internal/controller/statemachine/machine.go, doInitialState), and that backup is the newest from then on.
 */
async function judgeOthers(
  { config, secrets, name }: Site,
  known: NonNullable<Known["backups"]>,
  list?: ListStore,
): Promise<readonly string[]> {
  const { backup } = config;
  const fresh = wantedBackups(config).filter(
    ({ namespace, claim, made }) =>
      made === undefined && !known.some((k) => k.namespace === namespace && k.claim === claim),
  );
  if (backup === undefined || fresh.length === 0) return [];
  const store = openStore(backup, (ref) => secrets.reveal(ref));
  const target = targetPlan(name, backup);
  const notes = await Promise.all(
    fresh.map(async (one) => {
      const which = `${one.namespace}/${one.claim}`;
      try {
        const [newest] = await backupTimes(store, target, one, list);
        if (newest === undefined) return [];
        return [
          `claim ${which} has backups, does not begin with them, and is saved as it is from this run on: npm run restore -- --stack ${name} --claim ${which} --at ${asOf(newest)}, before that thins them`,
        ];
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        return [`claim ${which}: whether it has backups cannot be seen: ${error.message}`];
      }
    }),
  );
  return notes.flat();
}

/**
 * Nobody saves a volume that is not there, so that nobody holds these any more. An exclusive one, of forget or prune, stops the
 * restore for good (restic v0.18.1, internal/restic/lock.go, checkForOtherLocks), and any the first backup's forget after it.
 */
function unlocked(
  one: WantedBackup,
  target: TargetPlan,
  locks: readonly StoredObject[],
): readonly Problem[] {
  if (locks.length === 0) return [];
  const { namespace, claim, path } = one;
  const keys = locks.map(({ key }) => key).join(", ");
  const { RESTIC_REPOSITORY: repository } = repositorySettings(target, one);
  const text =
    `a mover of ${namespace}/${claim} was ended, and its lock is left, by which the volume may wait for its backup for good; ` +
    `restic -r ${repository} unlock (docs/backup.md), or delete ${keys} in the bucket ${target.bucket}`;
  return [{ path, text }];
}

function told(
  { namespace, claim }: WantedBackup,
  times: readonly Date[],
  everyHours: number,
): string {
  const [newest] = times;
  const again = repeated(times, everyHours);
  const doubt =
    again === undefined
      ? ""
      : `, one of ${again.copies} since ${again.since.toISOString()}, more than its schedule makes: all may be of then or of before`;
  const what =
    newest === undefined
      ? "begins empty: the store has no backup of it"
      : `begins with its backup of ${newest.toISOString()}${doubt}`;
  return `volume ${namespace}/${claim} ${what}`;
}
