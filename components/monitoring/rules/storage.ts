import type { AlertGroup } from "./alert.ts";

export interface CephWatch {
  /** Disks that the site gives to Ceph. */
  readonly disks: number;
  /** What may be taken of them so that they still hold all copies when the largest host, or disk of one host, is lost. */
  readonly usableGiB: number;
}

/**
 * What only the site knows of its Ceph. Its health, disks that failed and pools that fill are told of by the rules that
 * Rook's chart brings (https://github.com/rook/rook/blob/v1.20.6/deploy/charts/rook-ceph-cluster/prometheus/localrules.yaml).
 */
export function storageAlerts({ disks, usableGiB }: CephWatch): AlertGroup {
  return {
    name: "storage",
    alerts: [
      {
        name: "CephDisksMissing",
        severity: "warning",
        // Ceph misses no disk that it has never had: Rook passes over one that was used before.
        expression: `sum(max by (ceph_daemon) (ceph_osd_up)) < ${disks}`,
        for: "30m",
        summary: `Ceph uses {{ $value }} of the ${disks} disks that the site gives it`,
        description: "A disk or its machine is gone, or Rook does not take the disk.",
      },
      {
        name: "CephNoRoomToHeal",
        severity: "warning",
        expression: `max(ceph_cluster_total_used_raw_bytes) > ${usableGiB * 1024 ** 3}`,
        for: "1h",
        summary: "Ceph could not make all copies anew when its largest part is lost",
        description: `{{ $value | humanize1024 }}B of its disks are taken; up to ${usableGiB} GiB the others hold what the largest host had, or the largest disk of one host.`,
      },
    ],
  };
}
