/** What a class keeps: volumes of one pod at a time, volumes that many pods share, or S3 buckets. */
export type ClassKind = "block" | "file" | "bucket";

/** What may be lost at once without losing data: a disk, a Proxmox host with all its machines, a rack of hosts. */
export type FailureDomain = "osd" | "host" | "rack";

/** A class of storage that claims name. */
export interface ClassPlan {
  /** Name of the StorageClass, and of the pool, filesystem or object store behind it. */
  readonly name: string;
  readonly kind: ClassKind;
  /** Copies of everything, where there is no erasure coding. Metadata is kept so in any case. */
  readonly replicas: number;
  readonly failureDomain: FailureDomain;
  /** Data is cut into `data` pieces with `coding` further ones, of which as many may be lost. */
  readonly erasureCoding?: { readonly data: number; readonly coding: number };
  readonly reclaim: "Delete" | "Retain";
  /** Whether claims may grow. */
  readonly expansion: boolean;
  readonly compression: "none" | "passive" | "aggressive";
  /** Of buckets: names that its gateways are to take for their own, besides the one of their Service. */
  readonly dnsNames?: readonly string[];
  /** Whether claims that name no class get it. */
  readonly default: boolean;
}

/** The machine's Proxmox host, which takes all of its machines with it; rke2/node-labels.ts sets it on every node. */
export const hostLabel = "topology.kubernetes.io/zone";

/**
 * The rack of the machine's host, a label that the site file gives. Rook makes CRUSH's hierarchy of the nodes' labels, region
 * above zone above all of `topology.rook.io`, and refuses a name below two others (rook pkg/operator/ceph/cluster/osd/topology):
 * since a host is a zone, what holds several hosts is a region, and `topology.rook.io/rack` would stand below a host.
 */
export const rackLabel = "topology.kubernetes.io/region";

const crushTypes: Readonly<Record<FailureDomain, string>> = {
  osd: "osd",
  host: "zone",
  rack: "region",
};

/** CRUSH's type of bucket for a failure domain. CRUSH's own `host` is a machine, and two of them may share a host. */
export function crushType(domain: FailureDomain): string {
  return crushTypes[domain];
}

/** Whether a class' data is cut into pieces instead of copied. */
export function coded({ erasureCoding }: Pick<ClassPlan, "erasureCoding">): boolean {
  return erasureCoding !== undefined;
}

/** Bytes on disks for each byte that is kept: 3 for three copies, 1.5 for two pieces with one more. */
export function overhead({
  replicas,
  erasureCoding,
}: Pick<ClassPlan, "replicas" | "erasureCoding">): number {
  return erasureCoding === undefined
    ? replicas
    : (erasureCoding.data + erasureCoding.coding) / erasureCoding.data;
}

/** How many failure domains a class needs: one for each copy, or for each piece. */
export function domainsNeeded({
  replicas,
  erasureCoding,
}: Pick<ClassPlan, "replicas" | "erasureCoding">): number {
  return Math.max(
    replicas,
    erasureCoding === undefined ? 0 : erasureCoding.data + erasureCoding.coding,
  );
}

/**
 * Share of the disks from which Ceph warns, and on which it is to have room left for what a lost host held
 * (mon_osd_nearfull_ratio, https://docs.ceph.com/en/tentacle/rados/configuration/mon-config-ref/).
 */
export const nearFull = 0.85;

/** A machine's disks for storage. */
export interface StorageMachine {
  readonly name: string;
  readonly host: string;
  readonly disks: readonly { readonly slot: number; readonly sizeGiB: number }[];
}

/** GiB of all disks. */
export function givenGiB(machines: readonly Pick<StorageMachine, "disks">[]): number {
  return machines.reduce(
    (sum, { disks }) => sum + disks.reduce((size, disk) => size + disk.sizeGiB, 0),
    0,
  );
}

/** What is planned to be lost: a host, or a disk where all are on one; nothing where there is one disk. */
export function spared(machines: readonly StorageMachine[]): "host" | "disk" | "nothing" {
  if (new Set(machines.map(({ host }) => host)).size > 1) return "host";
  return machines.reduce((sum, { disks: { length } }) => sum + length, 0) > 1 ? "disk" : "nothing";
}

/** GiB on disks that may be used while the largest part that is planned to be lost is gone, and Ceph can still make all copies anew. */
export function usableGiB(machines: readonly StorageMachine[]): number {
  const parts = {
    host: Object.values(Object.groupBy(machines, ({ host }) => host)).map((on = []) =>
      givenGiB(on),
    ),
    disk: machines.flatMap(({ disks }) => disks.map(({ sizeGiB }) => sizeGiB)),
    nothing: [],
  }[spared(machines)];
  return Math.floor((givenGiB(machines) - Math.max(0, ...parts)) * nearFull);
}
