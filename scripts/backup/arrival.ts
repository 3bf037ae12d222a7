/** Waits for the mover of a restore, and tells why it does not come. */
import type { SavedPlan } from "../../components/backup/plan.ts";
import { lastLine } from "../../stacks/doctor/kubectl.ts";
import { locked, standsStill } from "../../stacks/parts/backup/doctor.ts";
import { ask, interval, minutes, wait, type Means } from "./means.ts";
import {
  lastWarning,
  progress,
  type EventInForce,
  type Restored,
  type RestoreInForce,
} from "./mover.ts";

/** What a restore that was ended says of its volume. */
export const half = "Its pods stay away, for it may hold half a backup; run this again";

/** A restore at work. */
interface Run {
  readonly name: string;
  readonly tag: string;
  /** As restic calls it. */
  readonly repository: string;
  readonly cut: AbortSignal;
}

/**
 * Gives which backup came. VolSync tries for ever; a mover that has failed tells of it, and eight that have end this. One that
 * never begins fails neither: its cache has no room, say, or its node is lost. What the cluster says of that is told.
 */
export async function arrive(
  { namespace, claim }: SavedPlan,
  run: Run,
  means: Means,
): Promise<Restored | undefined> {
  const { name, tag, repository, cut } = run;
  const unlock = `half an hour after the lock was made this removes it, from any computer: restic -r ${repository} unlock (docs/backup.md)`;
  let failed = 0;
  let idle = 0;
  let before: string | undefined;
  const once = (words: string | undefined): void => {
    if (words === undefined || words === before) return;
    before = words;
    means.tell(`${namespace}/${claim}: no mover is at work: ${words}`);
  };
  for (;;) {
    cut.throwIfAborted();
    const text = await ask(means, namespace, "get", "replicationdestination", name, "-o", "json");
    const inForce = JSON.parse(text) as RestoreInForce;
    const found = progress(inForce, tag);
    if (found.state === "done") return found.from;
    if (found.state === "failed") {
      const why = found.locked ? `${found.reason}; ${unlock}` : found.reason;
      throw new Error(
        `${namespace}/${claim} was not restored: ${why}. ${half} once that is mended`,
      );
    }
    const job = ["get", "job", `volsync-dst-${name}`, "--ignore-not-found"];
    const counts = "jsonpath={.status.failed},{.status.ready}";
    const [now = 0, ready = 0] = (await ask(means, namespace, ...job, "-o", counts))
      .split(",")
      .map(Number);
    once(standsStill(inForce.status));
    idle = ready > 0 ? 0 : idle + interval;
    if (idle > minutes(5) && idle % minutes(1) === 0) {
      const warnings = ["get", "events", "--field-selector=type=Warning", "-o", "json"];
      const events = JSON.parse(await ask(means, namespace, ...warnings)) as {
        readonly items: readonly EventInForce[];
      };
      once(lastWarning(events.items, name));
    }
    if (now > failed) {
      const logs = ["logs", "-l", `job-name=volsync-dst-${name}`, "--tail=3"];
      const words = await ask(means, namespace, ...logs);
      means.tell(
        `${namespace}/${claim}: a mover failed, and another one tries: ${lastLine(words)}${locked({ logs: words }) ? `; ${unlock}` : ""}`,
      );
      failed = now;
    }
    await wait(means);
  }
}
