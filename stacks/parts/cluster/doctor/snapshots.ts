/** How old the last etcd snapshots are, on the machines and off them. */
import type { SiteConfig } from "../../../schema.ts";
import type { ClusterCommand } from "../../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";
import { kubectl } from "../../../doctor/kubectl.ts";
import { lastDue } from "../schedule.ts";

/** An ETCDSnapshotFile (https://docs.rke2.io/datastore/backup_restore), as far as the doctor looks. */
export interface SnapshotInForce {
  readonly spec: {
    readonly snapshotName: string;
    readonly location?: string;
    /** Set where it lies in a store. */
    readonly s3?: unknown;
  };
  readonly status?: {
    readonly readyToUse?: boolean;
    /** RFC 3339. */
    readonly creationTime?: string;
    readonly error?: { readonly message?: string; readonly time?: string };
  };
}

const subject = { local: "etcd snapshots", store: "etcd snapshots off the machines" };

/** What the cluster's snapshots are worth at a time; `since` is when the cluster was founded. */
export function judgeSnapshots(
  site: string,
  { schedule, s3 }: SiteConfig["cluster"]["snapshots"],
  snapshots: readonly SnapshotInForce[],
  since: Date,
  now: Date,
): readonly Finding[] {
  // One that was due just now may still be on its way.
  const [, expected] = lastDue(schedule, now, 2);
  const judge = (title: string, found: readonly SnapshotInForce[], remedy: string): Finding => {
    const newest = timesOf(found).at(-1);
    if (newest !== undefined && (expected === undefined || newest >= expected))
      return ok(title, `the last one is of ${newest.toISOString()}`);
    if (expected === undefined || since > expected)
      return ok(title, newest === undefined ? "none is due yet" : "none is due since the last one");
    const last =
      newest === undefined ? "there is none" : `the last one is of ${newest.toISOString()}`;
    const failure = found.flatMap(({ status }) => status?.error?.message ?? []).at(-1);
    return problem(title, failure === undefined ? last : `${last}: ${failure}`, remedy);
  };
  const stored = snapshots.filter(inStore);
  const local = snapshots.filter((one) => !inStore(one));
  const look = "journalctl -u rke2-server | grep -i snapshot on each server";
  return [
    judge(subject.local, local, `${look}; npm run snapshot -- --stack ${site} takes one now`),
    s3 === undefined
      ? warning(
          subject.store,
          "they lie on the servers' own disks alone: with the machines the cluster is lost",
          `set homelab:cluster.snapshots.s3 (docs/restore.md); until then npm run snapshot -- --stack ${site} copies one here`,
        )
      : judge(
          subject.store,
          stored,
          `${look}; is ${s3.endpoint} there, does its key write in ${s3.bucket}? npm run snapshot -- --stack ${site} tries at once`,
        ),
  ];
}

/** When those that can be restored were made, oldest first. */
export function timesOf(snapshots: readonly SnapshotInForce[]): readonly Date[] {
  return snapshots
    .flatMap(({ status }) =>
      status?.readyToUse === true && status.creationTime !== undefined
        ? [new Date(status.creationTime)]
        : [],
    )
    .sort((a, b) => a.getTime() - b.getTime());
}

/** Whether a snapshot lies in the store. */
export const inStore = ({ spec }: SnapshotInForce): boolean => spec.s3 !== undefined;

/** Every snapshot that the cluster knows of. */
export async function snapshotsOf(run: ClusterCommand): Promise<readonly SnapshotInForce[]> {
  const list = await kubectl(run, "get", "etcdsnapshotfiles.k3s.cattle.io", "-o", "json");
  return (JSON.parse(list) as { items: SnapshotInForce[] }).items;
}

/** Asks the cluster. */
export async function checkSnapshots(
  site: string,
  { cluster }: Pick<SiteConfig, "cluster">,
  run: ClusterCommand,
): Promise<readonly Finding[]> {
  const [snapshots, system] = await Promise.all([
    snapshotsOf(run),
    kubectl(run, "get", "namespace", "kube-system", "-o", "json"),
  ]);
  const { metadata } = JSON.parse(system) as { metadata: { creationTimestamp: string } };
  const since = new Date(metadata.creationTimestamp);
  return judgeSnapshots(site, cluster.snapshots, snapshots, since, new Date());
}
