/** Says before a machine is destroyed whether Ceph has other copies of what its disks hold. */
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import { objects } from "../../doctor/kubectl.ts";
import type { ClusterCommand } from "../../doctor/examined.ts";
import type { CephInForce, OsdInForce } from "./doctor.ts";

/** Warnings of copies that are not there (https://docs.ceph.com/en/tentacle/rados/operations/health-checks/). */
const missingCopies = ["PG_DEGRADED", "PG_DAMAGED"] as const;
/**
 * Data that nobody can read now, or whose newest copy is on none of the disks that run; and Ceph not having answered Rook, as
 * without a majority of its monitors: then nothing else is known (rook/pkg/operator/ceph/cluster/cephstatus.go,
 * cephStatusOnError).
 */
const unavailable = ["PG_AVAILABILITY", "OBJECT_UNFOUND", "error"] as const;

/** How old Ceph's state may be, in milliseconds. Rook looks once a minute (cephstatus.go, defaultStatusCheckInterval). */
const oldest = 5 * 60_000;

const nodeOf = ({ spec }: OsdInForce): string =>
  spec?.template?.spec?.nodeSelector?.["kubernetes.io/hostname"] ?? "no node";
const runs = ({ status }: OsdInForce): boolean => (status?.readyReplicas ?? 0) > 0;
/** Since when a daemon is down, in milliseconds; 0 where its Deployment does not say. */
const downSince = ({ status }: OsdInForce): number =>
  Date.parse(
    status?.conditions?.find((one) => one.type === "Available" && one.status === "False")
      ?.lastTransitionTime ?? "1970-01-01T00:00:00Z",
  );

/**
 * Why the disks of a machine may not be destroyed now: disks of others are down, copies are missing, or Rook has not looked for
 * long. Where all disks of this machine are down they hold nothing that is in use: what counts then is whether something cannot
 * be read without them. So a dead machine is built anew, also one of several on a host that is lost.
 */
export function lossProblems(
  machine: string,
  clusters: readonly CephInForce[],
  daemons: readonly OsdInForce[],
  now: number,
): readonly Problem[] {
  const own = daemons.filter((daemon) => nodeOf(daemon) === machine);
  if (own.length === 0) return [];
  const runsHere = own.some(runs);
  const down = runsHere
    ? daemons.filter((daemon) => nodeOf(daemon) !== machine && !runs(daemon))
    : [];
  const { details = {}, lastChecked } = clusters[0]?.status?.ceph ?? {};
  const counted = [...unavailable, ...(runsHere ? missingCopies : [])];
  // What Ceph said while the disks ran says nothing of what can be read without them.
  const from = Math.max(now - oldest, ...(runsHere ? [] : own.map(downSince)));
  const isFresh = lastChecked !== undefined && Date.parse(lastChecked) >= from;
  const reasons = [
    ...(isFresh
      ? []
      : [
          `Rook looked at Ceph last at ${lastChecked ?? "no time"}, so what is known of it may be from before: ` +
            "kubectl -n rook-ceph get pods -l app=rook-ceph-operator",
        ]),
    ...(down.length === 0
      ? []
      : [`disks of ${[...new Set(down.map(nodeOf))].join(", ")} are down`]),
    ...counted.flatMap((code) => {
      const { message } = details[code] ?? {};
      return message === undefined ? [] : [`${code}: ${message}`];
    }),
  ];
  if (reasons.length === 0) return [];
  const text =
    `${machine} would be built anew while its disks may hold the last copies of data (${reasons.join("; ")}); ` +
    "wait until Ceph has made the others anew (npm run doctor), or bring back what is down. Where they are missing because one " +
    "of this machine's own disks is broken, shut the machine down first: what cannot be read without it is named then";
  return [{ path: "homelab:allowReplace", text }];
}

/** Asks the cluster. One that does not answer is a note: it may be what a machine is built anew for. */
export async function judgeLoss(
  machines: readonly string[],
  run: ClusterCommand,
): Promise<Pick<Judged<unknown>, "problems" | "notes">> {
  try {
    const [clusters, deployments] = await Promise.all([
      objects<CephInForce>(run, "cephclusters.ceph.rook.io"),
      objects<OsdInForce>(run, "deployments.apps"),
    ]);
    const daemons = deployments.filter(
      ({ metadata }) => metadata.labels?.["app"] === "rook-ceph-osd",
    );
    const now = Date.now();
    const problems = machines.flatMap((machine) => lossProblems(machine, clusters, daemons, now));
    return { problems, notes: [] };
  } catch (error) {
    const { message } = error as Error;
    const note = `cannot tell whether Ceph has other copies of what the disks of ${machines.join(", ")} hold: ${message}`;
    return { problems: [], notes: [note] };
  }
}
