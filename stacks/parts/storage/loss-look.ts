/** What is looked at before a machine is destroyed: what the cluster has of Ceph, and on which machines. */
import { objects } from "../../doctor/kubectl.ts";
import type { ClusterCommand } from "../../doctor/examined.ts";
import type { CephInForce, OsdInForce } from "./doctor.ts";

/** A machine that is to be built anew. */
export interface RebuiltMachine {
  readonly name: string;
  /** Whether Proxmox runs it, as far as that is known; one that may run does. */
  readonly runs: boolean;
  /** Classes of storage that may have all copies of some data on its disks. */
  readonly alone: readonly string[];
}

/** What the cluster has of Ceph. */
export interface Seen {
  readonly clusters: readonly CephInForce[];
  /** Those of disks. */
  readonly daemons: readonly OsdInForce[];
  readonly monitors: readonly OsdInForce[];
}

export const nodeOf = ({ spec }: OsdInForce): string =>
  spec?.template?.spec?.nodeSelector?.["kubernetes.io/hostname"] ?? "no node";
export const runs = ({ status }: OsdInForce): boolean => (status?.readyReplicas ?? 0) > 0;

export async function look(run: ClusterCommand): Promise<Seen> {
  const [clusters, deployments] = await Promise.all([
    objects<CephInForce>(run, "cephclusters.ceph.rook.io"),
    objects<OsdInForce>(run, "deployments.apps"),
  ]);
  const of = (app: string): readonly OsdInForce[] =>
    deployments.filter(({ metadata }) => metadata.labels?.["app"] === app);
  return { clusters, daemons: of("rook-ceph-osd"), monitors: of("rook-ceph-mon") };
}
