/** What buckets that are not there yet would begin with, told before anything is made. */
import { bucketsNamespace } from "../../../components/buckets/names.ts";
import { copyFolder, marks } from "../../../components/buckets/copy-objects.ts";
import { listStore, type ListStore } from "../../../components/backup/store.ts";
import { ServiceError } from "../../../components/http/service-error.ts";
import type { Known } from "../../../components/proxmox/known-machines.ts";
import type { Judged } from "../../config/problem.ts";
import type { Site } from "../../open-site.ts";
import { openStore } from "../backup/look.ts";
import { copiedBuckets } from "./copies.ts";

/**
 * Looks for copies of buckets that the state does not have. One that cannot be seen is not taken for none: the bucket would wait
 * for it in the cluster, and the run with it. Nobody is asked where every bucket is there.
 */
export async function judgeCopies(
  { config, secrets, name: stack }: Site,
  { keepers = [] }: Pick<Known, "keepers">,
  list: ListStore = listStore,
): Promise<Pick<Judged<unknown>, "problems" | "notes">> {
  const { backup } = config;
  const there = keepers
    .filter(({ namespace }) => namespace === bucketsNamespace.name)
    .map(({ name }) => name);
  const fresh = copiedBuckets(stack, config).filter(({ name }) => !there.includes(name));
  if (backup === undefined || fresh.length === 0) return { problems: [], notes: [] };
  const store = openStore(backup, (ref) => secrets.reveal(ref));
  try {
    const notes = await Promise.all(
      fresh.map(async ({ name, plan }) => {
        const [mark] = await list(store, `${copyFolder(plan, name)}/${marks.copied}`);
        return mark === undefined
          ? `bucket ${name} begins empty: the store has no whole copy of it`
          : `bucket ${name} begins with its copy of ${mark.modified.toISOString()}`;
      }),
    );
    return { problems: [], notes };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const names = fresh.map(({ name }) => name).join(", ");
    const text =
      `${error.message}; what the buckets ${names} would begin with cannot be seen, and not seen is not empty. ` +
      "Bring the store back, or leave their backup out for this run: they begin empty, and you say later what counts (docs/buckets.md)";
    return { problems: [{ path: "homelab:backup.s3", text }], notes: [] };
  }
}
