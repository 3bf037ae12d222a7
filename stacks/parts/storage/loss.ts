/** Says before a machine is destroyed whether Ceph has other copies of what its disks hold. */
import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import { objects } from "../../doctor/kubectl.ts";
import type { ClusterCommand } from "../../doctor/examined.ts";
import type { CephInForce, OsdInForce } from "./doctor.ts";

/** Warnings of copies that are not there (https://docs.ceph.com/en/tentacle/rados/operations/health-checks/). */
const missingCopies = ["PG_DEGRADED", "PG_DAMAGED", "OBJECT_UNFOUND"] as const;
/**
 * Data that nobody can read now; and Ceph not having answered Rook, as without a majority of its monitors: then nothing else
 * is known (rook/pkg/operator/ceph/cluster/cephstatus.go, cephStatusOnError).
 */
const unavailable = ["PG_AVAILABILITY", "error"] as const;

const nodeOf = ({ spec }: OsdInForce): string =>
  spec?.template?.spec?.nodeSelector?.["kubernetes.io/hostname"] ?? "no node";
const runs = ({ status }: OsdInForce): boolean => (status?.readyReplicas ?? 0) > 0;

/**
 * Why the disks of a machine may not be destroyed now: disks of others are down, or copies are missing. What is missing because
 * all disks of this machine are down does not count, for they hold nothing that is in use; a dead machine is built anew.
 */
export function lossProblems(
  machine: string,
  clusters: readonly CephInForce[],
  daemons: readonly OsdInForce[],
): readonly Problem[] {
  const own = daemons.filter((daemon) => nodeOf(daemon) === machine);
  if (own.length === 0) return [];
  const down = daemons.filter((daemon) => nodeOf(daemon) !== machine && !runs(daemon));
  const details = clusters[0]?.status?.ceph?.details ?? {};
  const counted = [...unavailable, ...(own.some(runs) ? missingCopies : [])];
  const reasons = [
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
    const problems = machines.flatMap((machine) => lossProblems(machine, clusters, daemons));
    return { problems, notes: [] };
  } catch (error) {
    const { message } = error as Error;
    const note = `cannot tell whether Ceph has other copies of what the disks of ${machines.join(", ")} hold: ${message}`;
    return { problems: [], notes: [note] };
  }
}
