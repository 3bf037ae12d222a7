/** What volumes that are not there yet would begin with, told before anything is made. */
import { backupTimes, type ListStore, type OpenStore } from "../../../components/backup/store.ts";
import { ServiceError } from "../../../components/http/service-error.ts";
import type { Judged } from "../../config/problem.ts";
import type { Site } from "../../open-site.ts";
import { targetPlan, wantedBackups, type WantedBackup } from "./volumes.ts";
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

/**
 * Looks into the repositories of volumes that the state does not have. One that cannot be seen is not taken for empty: the
 * volume would wait for it in the cluster, and the run with it, or hold nothing where a backup is. Nobody is asked where every
 * volume is there.
 */
export async function judgeBackups(
  site: Site,
  claims: readonly string[],
  list?: ListStore,
): Promise<Pick<Judged<unknown>, "problems" | "notes">> {
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
      fresh.map(async (one) => told(one, await backupTimes(store, target, one, list))),
    );
    return { problems: [], notes };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const names = fresh.map(({ namespace, claim }) => `${namespace}/${claim}`).join(", ");
    const text =
      `${error.message}; what ${names} would begin with cannot be seen, and not seen is not empty. ` +
      "Bring the store back, or leave the section out for this run: volumes then begin empty for good";
    return { problems: [{ path: "homelab:backup.s3", text }], notes: [] };
  }
}

function told({ namespace, claim }: WantedBackup, [newest]: readonly Date[]): string {
  const what =
    newest === undefined
      ? "begins empty: the store has no backup of it"
      : `begins with its backup of ${newest.toISOString()}`;
  return `volume ${namespace}/${claim} ${what}`;
}
