/**
 * Fills volumes that are there from their backups: their pods go, each volume becomes what its backup is, and the pods come
 * back. Each step finds what an earlier run has left, so that a run which was cut off is repeated as a whole.
 */
import { begunBackup, inPlaceName } from "../../components/backup/names.ts";
import { replicationInPlace, repositorySettings } from "../../components/backup/objects.ts";
import { momentOf } from "../../components/backup/moments.ts";
import type { SavedPlan, SavingPlan } from "../../components/backup/plan.ts";
import { stamp } from "../../components/days.ts";
import { lastLine, objects } from "../../stacks/doctor/kubectl.ts";
import { arrive, half } from "./arrival.ts";
import { ask, interval, minutes, wait, type Means } from "./means.ts";
import {
  holders,
  replicasAnnotation,
  usersOf,
  type PodInForce,
  type User,
  type WorkloadInForce,
} from "./workloads.ts";

/** What is restored, all in one namespace. */
export interface Restore {
  readonly namespace: string;
  readonly volumes: readonly SavedPlan[];
  readonly saving: SavingPlan;
  /** The newest backups when left out. */
  readonly at?: Date | undefined;
  /** When syncs began that have not ended, by NAMESPACE/CLAIM: what was saved since is of then. */
  readonly began?: ReadonlyMap<string, Date>;
}

/** Throws with what stands against it, and says whether anything was changed by then. */
export async function restoreVolumes(restore: Restore, means: Means): Promise<void> {
  const { namespace, volumes } = restore;
  const { tell } = means;
  const claims = new Set(volumes.map(({ claim }) => claim));
  const kinds = "deployments.apps,statefulsets.apps";
  const workloads = await objects<WorkloadInForce>(means.run, kinds, namespace);
  const { users, obstacles } = usersOf(claims, workloads);
  if (obstacles.length > 0) throw new Error(["nothing was changed:", ...obstacles].join("\n  "));
  for (const volume of volumes) await endRestore(volume, means);
  for (const volume of volumes) await backupEnds(volume, means);
  await pauseBackups(restore, means);
  await stop(namespace, users, claims, means);
  for (const volume of volumes) await fill(volume, restore, means);
  await resumeBackups(restore, means);
  await start(namespace, users, means);
  tell(`${namespace}: ${users.map(({ name }) => name).join(", ") || "no pods"} run again`);
}

/** A first backup of a library takes days, and nothing is away meanwhile; a prune takes hours at most. */
const backupMinutes = 6 * 60;

/**
 * Waits until no mover saves the volume. A source that pauses ends its mover (internal/controller/mover/restic/mover.go,
 * ensureJob), and restic's lock outlives it: an exclusive one, of forget and prune, would stop the restore
 * (restic v0.18.1, internal/restic/lock.go, checkForOtherLocks), and a destination cannot unlock.
 */
async function backupEnds({ namespace, claim }: SavedPlan, means: Means): Promise<void> {
  const job = ["get", "job", `volsync-src-${claim}`, "--ignore-not-found"];
  for (let waited = 0; ; waited += interval) {
    const active = await ask(means, namespace, ...job, "-o", "jsonpath={.status.active}");
    if (Number(active) === 0) return;
    if (waited === 0)
      means.tell(`${namespace}/${claim}: waiting until its backup, which is at work, has ended`);
    if (waited > minutes(backupMinutes))
      throw new Error(
        `nothing was changed: the backup of ${namespace}/${claim} has been at work for ${backupMinutes / 60} hours, and one that is ended leaves a lock which no restore passes; ` +
          `kubectl -n ${namespace} logs job/volsync-src-${claim} says how far it is`,
      );
    await wait(means);
  }
}

/** A backup of half a volume would be one of those that are kept. */
async function pauseBackups({ volumes }: Restore, means: Means): Promise<void> {
  for (const saved of volumes) await patchBackup(saved, { paused: true }, means);
}

/**
 * A source that is paused has no mover, and takes its snapshot all the same (internal/controller/mover/restic/mover.go,
 * ensureJob): what it has begun is of the volume from before, or of half of it. Without these VolSync takes another one.
 * restic's lock outlives a mover that was ended; unlock removes those that nobody holds any more, before the next backup.
 */
async function resumeBackups({ volumes }: Restore, means: Means): Promise<void> {
  const { tag = new Date().toISOString() } = means;
  for (const saved of volumes) {
    const begun = [...begunBackup(saved.claim), "--ignore-not-found"];
    await ask(means, saved.namespace, "delete", ...begun, "--wait=true", "--timeout=100s");
    await patchBackup(saved, { paused: false, restic: { unlock: tag } }, means);
  }
}

async function patchBackup(
  { namespace, claim }: SavedPlan,
  spec: object,
  means: Means,
): Promise<void> {
  const patch = JSON.stringify({ spec });
  await ask(means, namespace, "patch", "replicationsource", claim, "--type=merge", "-p", patch);
}

async function stop(
  namespace: string,
  users: readonly User[],
  claims: ReadonlySet<string>,
  means: Means,
): Promise<void> {
  for (const { name, replicas } of users) {
    await ask(
      means,
      namespace,
      "annotate",
      name,
      "--overwrite",
      `${replicasAnnotation}=${replicas}`,
    );
    await ask(means, namespace, "scale", name, "--replicas=0");
  }
  const rest = async () => holders(claims, await objects<PodInForce>(means.run, "pods", namespace));
  let left = await rest();
  if (left.length > 0) means.tell(`${namespace}: waiting until ${left.join(", ")} are gone`);
  for (let waited = 0; left.length > 0; waited += interval) {
    if (waited > minutes(10))
      throw new Error(
        `${left.join(", ")} still use what is to be restored, which was not touched; end them, and run this again`,
      );
    await wait(means);
    left = await rest();
  }
}

async function start(namespace: string, users: readonly User[], means: Means): Promise<void> {
  for (const { name, replicas } of users)
    await ask(means, namespace, "scale", name, `--replicas=${replicas}`);
  for (const { name } of users) {
    const status = ["rollout", "status", name, "--timeout=90s"];
    const until = 20;
    for (let attempt = 1; ; attempt += 1) {
      const { ok, stderr } = await means.run("kubectl", ["-n", namespace, ...status]);
      if (ok) break;
      if (attempt === until)
        throw new Error(`${name} has its data, and is not ready: ${lastLine(stderr)}`);
    }
    await ask(means, namespace, "annotate", name, `${replicasAnnotation}-`);
  }
}

async function fill(saved: SavedPlan, restore: Restore, means: Means): Promise<void> {
  const { namespace, claim } = saved;
  const { at, saving, began } = restore;
  const { tell, run, tag = new Date().toISOString() } = means;
  const name = inPlaceName(claim);
  const object = replicationInPlace(saved, saving, {
    ...{ name, tag },
    ...(at === undefined ? {} : { asOf: stamp(at) }),
  });
  const cut = new AbortController();
  const end = (): void => {
    cut.abort(new Error(`${namespace}/${claim}: the restore was cut off. ${half}`));
  };
  for (const signal of signals) process.once(signal, end);
  try {
    const made = await run("kubectl", ["create", "-f", "-"], JSON.stringify(object));
    if (!made.ok) throw new Error(lastLine(made.stderr));
    tell(`${namespace}/${claim}: its backup is coming`);
    const { RESTIC_REPOSITORY: repository } = repositorySettings(saving.target, saved);
    const from = await arrive(saved, { name, tag, repository, cut: cut.signal }, means);
    const of = from && momentOf(from.time, began?.get(`${namespace}/${claim}`));
    const which = from && of ? `, ${from.id} of ${stamp(of)},` : "";
    tell(`${namespace}/${claim}: is what its backup${which} was`);
  } catch (error) {
    // A signal to all of this run's processes ends kubectl as well.
    const reason = (cut.signal.aborted ? cut.signal.reason : error) as Error;
    await endRestore(saved, means, reason);
    throw reason;
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
  await endRestore(saved, means);
}

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * VolSync repeats a restore until it succeeds (internal/controller/mover/restic/mover.go, ensureJob), and its mover goes to the
 * node of a pod that has the volume (internal/controller/utils/affinity.go): one that is left would write over an
 * application that runs again.
 */
async function endRestore(
  { namespace, claim }: SavedPlan,
  means: Means,
  before?: Error,
): Promise<void> {
  const name = inPlaceName(claim);
  const remove = ["delete", "replicationdestination", name, "--ignore-not-found"];
  try {
    await ask(means, namespace, ...remove, "--wait=true");
  } catch (error) {
    const first = before === undefined ? "" : `${before.message}\n  `;
    throw new Error(
      `${first}${name} could not be deleted, and VolSync would go on filling the volume: ${(error as Error).message}. ` +
        `First of all: kubectl -n ${namespace} delete replicationdestination ${name}`,
      { cause: error },
    );
  }
}
