/** Helm releases that a killed run left in between. */
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import { stringInput, type StateResource } from "../state.ts";

/** The type of a release. */
export const release = "kubernetes:helm.sh/v3:Release";

interface Revision {
  readonly revision: number;
  readonly status: string;
}

/** What Helm calls a release. Throws for one without a name. */
export function identify(resource: StateResource): { name: string; namespace: string } {
  const name = stringInput(resource, "name");
  if (name === undefined)
    throw new Error(`${resource.urn}: a release without a name cannot be repaired`);
  return { name, namespace: stringInput(resource, "namespace") ?? "default" };
}

/** Arguments of kubectl that name all of Helm's records of a release. */
export const recordsOf = (name: string, namespace: string): readonly string[] => [
  ...["secret", "-n", namespace],
  ...["-l", `owner=helm,name=${name}`],
];

/**
 * A first install that the state does not know: its record is removed, its objects stay. The next install
 * takes over objects that carry this release's ownership marks (`meta.helm.sh/release-name`), so that nothing
 * that already runs is interrupted. Records from before `since` (milliseconds) are somebody else's, and stay.
 */
export async function forgetReleaseRecord(
  resource: StateResource,
  since: number,
  cluster: ClusterCommand,
  say: (text: string) => void,
): Promise<void> {
  const { name, namespace } = identify(resource);
  const selector = recordsOf(name, namespace);
  const dates = "jsonpath={range .items[*]}{.metadata.creationTimestamp}{'\\n'}{end}";
  const records = await cluster("kubectl", ["get", ...selector, "-o", dates]);
  if (!records.ok) throw new Error(`release ${namespace}/${name}: ${records.stderr}`);
  const created = records.stdout.split("\n").filter((line) => line !== "");
  if (created.length === 0) return;
  if (!created.every((date) => Date.parse(date) >= since)) {
    say(
      `repair: release ${namespace}/${name} is left alone: it is older than the run that was cut off`,
    );
    return;
  }
  say(
    `repair: release ${namespace}/${name} is unknown to the state; the next install takes its objects over`,
  );
  const removed = await cluster("kubectl", ["delete", ...selector]);
  if (!removed.ok) throw new Error(`release ${namespace}/${name}: ${removed.stderr}`);
}

/**
 * A change that Helm still calls pending is rolled back to the last good revision. Without a good one it is ended instead, by
 * a rollback to itself: the state knows the release, so that the next run upgrades it, and Helm upgrades neither what is
 * pending nor what has no record (helm, pkg/action/upgrade.go). Returns where Helm has no record at all (helm,
 * pkg/storage/driver/driver.go).
 */
export async function rollBackRelease(
  resource: StateResource,
  cluster: ClusterCommand,
  say: (text: string) => void,
): Promise<void> {
  const { name, namespace } = identify(resource);
  const history = await cluster("helm", ["history", name, "-n", namespace, "-o", "json"]);
  // Nothing hangs of a release that was uninstalled by hand; the next run says that it is gone.
  if (/release: not found/.test(history.stderr)) return;
  if (!history.ok) throw new Error(`release ${namespace}/${name}: ${history.stderr}`);
  const revisions = JSON.parse(history.stdout) as Revision[];
  const last = revisions.at(-1);
  if (last?.status.startsWith("pending") !== true) return;
  const { revision } =
    revisions.findLast(({ status }) => status === "deployed" || status === "superseded") ?? last;
  say(
    `repair: release ${namespace}/${name} hangs in ${last.status}; ` +
      (revision === last.revision ? "ending that" : `rolling back to revision ${revision}`),
  );
  const done = await cluster("helm", ["rollback", name, String(revision), "-n", namespace]);
  if (!done.ok) throw new Error(`release ${namespace}/${name}: ${done.stderr}`);
}
