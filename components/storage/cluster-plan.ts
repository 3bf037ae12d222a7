import type { ClassPlan, StorageMachine } from "./classes.ts";
import type { Monitored } from "./operator-values.ts";

/** What Ceph is to run on, and what it is to keep. */
export interface ClusterPlan extends Monitored {
  /** Release of Ceph, a tag of quay.io/ceph/ceph. */
  readonly ceph: string;
  /** Those with disks for it. */
  readonly machines: readonly StorageMachine[];
  /** How many machines the cluster has, on any of which its other daemons may run. */
  readonly nodes: number;
  readonly classes: readonly ClassPlan[];
  /** Keys of taints that the machines have. */
  readonly taints: readonly string[];
  /** Whether the end of the cluster is the end of its data. */
  readonly wipeOnDestroy: boolean;
  /** Where the dashboard asks for its graphs; none without a Prometheus. */
  readonly prometheus?: string;
}

/** Of what one is enough, and another one stands in where there is a machine for it. */
export const twoOf = ({ nodes }: Pick<ClusterPlan, "nodes">): number => Math.min(2, nodes);

/** How Ceph is to keep what belongs to no class: as safe as the site's hosts and disks allow. */
export function usual({
  machines,
}: Pick<ClusterPlan, "machines">): Pick<ClassPlan, "failureDomain" | "replicas"> {
  const hosts = new Set(machines.map(({ host }) => host)).size;
  if (hosts >= 3) return { failureDomain: "host", replicas: 3 };
  const disks = machines.flatMap((machine) => machine.disks).length;
  return { failureDomain: "osd", replicas: Math.min(3, disks) };
}
