/** `npm run restore -- --app NAME` or `--claim NAMESPACE/CLAIM`: volumes become what their backups are. */
import { withCluster } from "../../stacks/doctor/cluster.ts";
import { objects } from "../../stacks/doctor/kubectl.ts";
import type { ReplicationInForce } from "../../stacks/parts/backup/doctor.ts";
import {
  savedPlan,
  savingPlan,
  wantedBackups,
  type WantedBackup,
} from "../../stacks/parts/backup/volumes.ts";
import { knownSecrets } from "../../stacks/parts/secrets/doctor.ts";
import { consent } from "../consent.ts";
import { say, selectStack } from "../site-stack.ts";
import { soundSite } from "../sound-site.ts";
import { choose, moment, told } from "./choice.ts";
import { restoreVolumes } from "./restore-volumes.ts";
import { offers } from "./store.ts";

/** What a person asks for. */
export interface Wish {
  readonly stack: string;
  readonly app?: string;
  readonly claim?: string;
  readonly at?: string;
  readonly yes?: boolean;
}

/** The volumes that a person means. Throws, with those that there are, where there is none. */
export function meant(
  all: readonly WantedBackup[],
  { app, claim }: Pick<Wish, "app" | "claim">,
): readonly WantedBackup[] {
  const found = all.filter((one) =>
    app === undefined ? `${one.namespace}/${one.claim}` === claim : one.app === app,
  );
  if (found.length > 0) return found;
  const apps = [...new Set(all.flatMap((one) => one.app ?? []))];
  const claims = all.map(({ namespace, claim: name }) => `${namespace}/${name}`);
  throw new Error(
    `${app ?? claim ?? ""} has no volume that is backed up; --app takes ${apps.join(", ") || "none"}, --claim takes ${claims.join(", ") || "none"}`,
  );
}

/** When syncs began that have not ended, by NAMESPACE/CLAIM. */
export function begunSyncs(sources: readonly ReplicationInForce[]): ReadonlyMap<string, Date> {
  return new Map(
    sources.flatMap(({ metadata: { namespace, name }, status }) =>
      status?.lastSyncStartTime === undefined
        ? []
        : [[`${namespace}/${name}`, new Date(status.lastSyncStartTime)] as const],
    ),
  );
}

export async function restoreBackups(wish: Wish): Promise<void> {
  const { stack: name, yes = false } = wish;
  const site = await soundSite(await selectStack(name, { existing: true }), name);
  const { backup } = site.config;
  if (backup === undefined) throw new Error(`${name} has no homelab:backup; docs/backup.md`);
  if (site.kubeconfig === undefined)
    throw new Error(`${name} has no cluster to restore into: npm run up -- --stack ${name} first`);
  const volumes = meant(wantedBackups(site.config), wish);
  const at = wish.at === undefined ? undefined : moment(wish.at);
  const { known } = await knownSecrets(site);
  const stored = await offers(name, { backup, known }, volumes);
  const saving = savingPlan(name, backup);
  await withCluster(site.kubeconfig, async (run) => {
    const kind = "replicationsources.volsync.backube";
    const began = begunSyncs(await objects<ReplicationInForce>(run, kind));
    const offered = stored.map((one) => ({ ...one, began: began.get(one.volume) }));
    await consent({
      about: `${told(choose(offered, at))}: the volumes become what they were; what came later is lost. Their pods are away meanwhile.`,
      ...{ word: name, yes, otherwise: "nothing was restored" },
    });
    for (const namespace of new Set(volumes.map((one) => one.namespace)))
      await restoreVolumes(
        {
          ...{ namespace, saving, at, began },
          volumes: volumes
            .filter((one) => one.namespace === namespace)
            .map((one) => savedPlan(site.config, one)),
        },
        { run, tell: say },
      );
  });
}
