import { apiServer, nodes, pods, tcp, type Flow } from "../../../components/policies/flow.ts";
import { storageNamespace } from "../../../components/storage/operator-values.ts";
import type { SiteConfig } from "../../schema.ts";

const { name } = storageNamespace;
const everything = pods("Rook and Ceph", name);
const daemons = { port: 6800, end: 7568, protocol: "TCP" } as const;
const monitors = tcp(3300, 6789);
export const bucketGateways = pods("object gateways", name, { app: "rook-ceph-rgw" });
/** Where a gateway's container listens (rook, pkg/operator/ceph/object: rgwPortInternalPort). */
export const bucketPort = tcp(8080);

/**
 * Ceph's daemons talk to each other on ports of a range. Volumes are mounted by the nodes' kernels, which ask the same ports;
 * buckets are used by any pod that has a key, and tried from a node.
 * @see https://docs.ceph.com/en/tentacle/rados/configuration/network-config-ref/
 */
export function storageTraffic({ storage }: SiteConfig): readonly Flow[] {
  if (storage === undefined) return [];
  return [
    { from: everything, to: everything, ports: "all", why: "Ceph's daemons and their drivers" },
    { from: everything, to: apiServer, why: "its objects" },
    { from: nodes, to: everything, ports: [...monitors, daemons], why: "mounts of volumes" },
    { from: nodes, to: bucketGateways, ports: bucketPort, why: "the trial of a bucket" },
    { from: { kind: "cluster" }, to: bucketGateways, ports: bucketPort, why: "buckets" },
  ];
}
