/** The store of a site's backups, as whoever runs a script reaches it. */
import { backupTimes, type OpenStore, type StorePlace } from "../../components/backup/store.ts";
import type { BackupConfig } from "../../stacks/parts/backup/schema.ts";
import { targetPlan, type WantedBackup } from "../../stacks/parts/backup/volumes.ts";
import type { Offered } from "./choice.ts";

/** A store by its section, whose secrets are known by their paths. Throws where its key is not. */
export function storeBy(
  { endpoint, bucket, region, ca, lookup }: StorePlace,
  path: string,
  known: ReadonlyMap<string, string>,
): OpenStore {
  const [accessKey, secretKey] = ["accessKey", "secretKey"].map((key) =>
    known.get(`${path}.${key}`),
  );
  if (accessKey === undefined || secretKey === undefined)
    throw new Error(`the key of ${path} cannot be read; npm run doctor says why`);
  return { endpoint, bucket, region, ca, lookup, accessKey, secretKey };
}

/** What there is of volumes. */
export function offers(
  stack: string,
  { backup, known }: { readonly backup: BackupConfig; readonly known: ReadonlyMap<string, string> },
  volumes: readonly WantedBackup[],
): Promise<readonly Offered[]> {
  const store = storeBy(backup.s3, "homelab:backup.s3", known);
  const target = targetPlan(stack, backup);
  return Promise.all(
    volumes.map(async (one) => ({
      volume: `${one.namespace}/${one.claim}`,
      times: await backupTimes(store, target, one),
    })),
  );
}
