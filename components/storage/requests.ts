/** What one of Ceph's daemons asks of its machine, and may use at most. */
export interface Share {
  /** Cores. */
  readonly cpu: number;
  readonly memoryMiB: number;
  /** MiB; none where a peak must not end it. */
  readonly limitMiB?: number;
}

/**
 * What Ceph's daemons ask for. The charts' requests come to 30 GiB and 12 cores for four disks; these are what daemons of a
 * site of some disks use (https://docs.ceph.com/en/tentacle/start/hardware-recommendations/). An OSD's memory target follows
 * its limit, so request and limit are one.
 */
export const shares = {
  osd: { cpu: 0.5, memoryMiB: 4096, limitMiB: 4096 },
  mon: { cpu: 0.3, memoryMiB: 1024, limitMiB: 2048 },
  mgr: { cpu: 0.3, memoryMiB: 768, limitMiB: 1536 },
  "mgr-sidecar": { cpu: 0.05, memoryMiB: 40, limitMiB: 100 },
  mds: { cpu: 0.2, memoryMiB: 1024, limitMiB: 4096 },
  rgw: { cpu: 0.2, memoryMiB: 512, limitMiB: 2048 },
  prepareosd: { cpu: 0.1, memoryMiB: 50 },
  crashcollector: { cpu: 0.01, memoryMiB: 60, limitMiB: 60 },
  logcollector: { cpu: 0.01, memoryMiB: 50, limitMiB: 1024 },
  exporter: { cpu: 0.05, memoryMiB: 50, limitMiB: 128 },
  cleanup: { cpu: 0.1, memoryMiB: 100, limitMiB: 1024 },
  "cmd-reporter": { cpu: 0.1, memoryMiB: 100, limitMiB: 1024 },
} as const satisfies Readonly<Record<string, Share>>;

/** A share in Kubernetes' own form. */
export function resources({ cpu, memoryMiB, limitMiB }: Share): Record<string, unknown> {
  return {
    requests: { cpu: `${Math.round(cpu * 1000)}m`, memory: `${memoryMiB}Mi` },
    ...(limitMiB === undefined ? {} : { limits: { memory: `${limitMiB}Mi` } }),
  };
}

/** What is on a machine besides its OSDs: one each of what is spread over machines. */
const beside = [
  shares.mon,
  shares.mgr,
  shares.mds,
  shares.rgw,
  shares.crashcollector,
  shares.exporter,
];

/** GiB that RKE2 with its control plane takes, profiled by its makers (https://docs.rke2.io/reference/resource_profiling). */
const serverGiB = 5;
const agentGiB = 1;

/** Rook runs a second one of a filesystem's servers beside the first, in any case (rook, pkg/operator/ceph/file/filesystem.go). */
const besideAlone = [...beside, shares.mds];

/** What a machine's daemons come to: those of its disks and those beside them, all where it is alone. */
function needed(of: "cpu" | "memoryMiB", disks: number, alone: boolean): number {
  return (alone ? besideAlone : beside).reduce(
    (sum, share) => sum + share[of],
    disks * shares.osd[of],
  );
}

/** Memory in GiB that a machine with so many disks for storage needs, before any application. */
export function memoryNeededGiB(role: "server" | "agent", disks: number, alone = false): number {
  const ceph = needed("memoryMiB", disks, alone);
  return Math.ceil(ceph / 1024) + (role === "server" ? serverGiB : agentGiB);
}

/** Cores likewise: two for RKE2 and the node itself. */
export function coresNeeded(disks: number, alone = false): number {
  return Math.ceil(needed("cpu", disks, alone)) + 2;
}
