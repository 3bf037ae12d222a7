/** Helm releases that a killed run left in between. */
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import { stringInput, type StateResource } from "../state.ts";

interface Revision {
  readonly revision: number;
  readonly status: string;
}

function identify(resource: StateResource): { name: string; namespace: string } {
  const name = stringInput(resource, "name");
  if (name === undefined)
    throw new Error(`${resource.urn}: a release without a name cannot be repaired`);
  return { name, namespace: stringInput(resource, "namespace") ?? "default" };
}

/**
 * A first install that the state does not know: its record is removed, its objects stay. The next install
 * takes over objects that carry this release's ownership marks (`meta.helm.sh/release-name`), so that nothing
 * that already runs is interrupted.
 */
export async function forgetReleaseRecord(
  resource: StateResource,
  cluster: ClusterCommand,
  say: (text: string) => void,
): Promise<void> {
  const { name, namespace } = identify(resource);
  const selector = ["secret", "-n", namespace, "-l", `owner=helm,name=${name}`];
  const records = await cluster("kubectl", ["get", ...selector, "-o", "name"]);
  if (!records.ok) throw new Error(`release ${namespace}/${name}: ${records.stderr}`);
  if (records.stdout.trim() === "") return;
  say(
    `repair: release ${namespace}/${name} is unknown to the state; the next install takes its objects over`,
  );
  const removed = await cluster("kubectl", ["delete", ...selector]);
  if (!removed.ok) throw new Error(`release ${namespace}/${name}: ${removed.stderr}`);
}

/** An upgrade that Helm still calls pending is rolled back to the last good revision. */
export async function rollBackRelease(
  resource: StateResource,
  cluster: ClusterCommand,
  say: (text: string) => void,
): Promise<void> {
  const { name, namespace } = identify(resource);
  const history = await cluster("helm", ["history", name, "-n", namespace, "-o", "json"]);
  if (!history.ok) throw new Error(`release ${namespace}/${name}: ${history.stderr}`);
  const revisions = JSON.parse(history.stdout) as Revision[];
  if (revisions.at(-1)?.status.startsWith("pending") !== true) return;
  const good = revisions.findLast(({ status }) => status === "deployed" || status === "superseded");
  if (good === undefined) return forgetReleaseRecord(resource, cluster, say);
  say(
    `repair: release ${namespace}/${name} hangs in an upgrade; rolling back to revision ${good.revision}`,
  );
  const done = await cluster("helm", ["rollback", name, String(good.revision), "-n", namespace]);
  if (!done.ok) throw new Error(`release ${namespace}/${name}: ${done.stderr}`);
}
