/** Says before a machine is destroyed whether Ceph's monitors can do without the one on it. */
import type { Problem } from "../../../components/problem.ts";
import { nodeOf, runs, type RebuiltMachine, type Seen } from "./loss-look.ts";

/**
 * Why a machine may not go now with the monitor that is tied to it: what monitors know is on their machines' root disks, and one
 * that begins empty learns it from a majority of the others. Two that begin empty are a majority of three, and know nothing of the
 * data (rook/pkg/operator/ceph/cluster/mon/spec.go, makeMonFSInitContainer; Documentation/Troubleshooting/disaster-recovery.md).
 */
export function monitorProblems(
  machines: readonly Pick<RebuiltMachine, "name">[],
  { clusters, monitors }: Pick<Seen, "clusters" | "monitors">,
): readonly Problem[] {
  const path = "homelab:allowReplace";
  const going = machines.filter(({ name }) => monitors.some((one) => nodeOf(one) === name));
  if (going.length > 1) {
    const names = going.map(({ name }) => name).join(", ");
    const text = `${names} each have a monitor of Ceph, whose knowledge goes with their root disks; build them anew one in an up`;
    return [{ path, text }];
  }
  const { details = {} } = clusters[0]?.status?.ceph ?? {};
  return going.flatMap(({ name }) => {
    const own = monitors.filter((one) => nodeOf(one) === name);
    if (own.length === monitors.length) {
      const text =
        `${name} has Ceph's only monitor, without whose knowledge nothing on any disk is found; save what the site holds, ` +
        "destroy it and raise it again";
      return [{ path, text }];
    }
    const others = monitors.filter((one) => nodeOf(one) !== name && !runs(one));
    // Its own counts among them where it is down.
    const missed = Number(/^\d+/.exec(details["MON_DOWN"]?.message ?? "")?.[0] ?? 0);
    if (others.length === 0 && missed <= own.filter((one) => !runs(one)).length) return [];
    const which =
      others.length === 0
        ? `MON_DOWN: ${details["MON_DOWN"]?.message}`
        : others.map(nodeOf).join(", ");
    const text =
      `${name} has a monitor of Ceph, and others are down (${which}): what they know would be on too few machines; ` +
      "bring these back, or wait until Rook has made them anew on others (npm run doctor)";
    return [{ path, text }];
  });
}
