/** Storage with every kind of class, for what judges its values. */
import type { ClassPlan } from "../../../components/storage/classes.ts";

const plan = (name: string, kind: ClassPlan["kind"], more: Partial<ClassPlan> = {}): ClassPlan => ({
  name,
  kind,
  replicas: 3,
  failureDomain: "host",
  reclaim: "Delete",
  expansion: true,
  compression: "none",
  default: false,
  ...more,
});

const coding = { erasureCoding: { data: 2, coding: 1 }, compression: "aggressive" } as const;
/** One of each kind, in copies and in pieces. */
export const classes = [
  plan("ceph-block", "block", { default: true }),
  plan("coded-block", "block", coding),
  plan("ceph-filesystem", "file"),
  plan("coded-file", "file", coding),
  plan("ceph-bucket", "bucket", { failureDomain: "rack", dnsNames: ["s3.home.arpa"] }),
];
/** Four machines on four hosts, each with a disk of 1000 GiB. */
export const machines = ["stone", "tank", "titan", "vault"].map((host) => ({
  name: `proxmox-${host}`,
  host,
  disks: [{ slot: 1, sizeGiB: 1000 }],
}));
/** A cluster of them with all that can be told. */
export const cluster = {
  ceph: "v20.2.4",
  machines,
  nodes: 4,
  classes,
  taints: ["CriticalAddonsOnly"],
  monitoring: true,
  wipeOnDestroy: false,
  prometheus: "http://prometheus:9090",
};
