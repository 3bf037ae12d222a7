import type { AlertGroup } from "./alert.ts";

/** Filesystems that are no disk's, or that nobody writes to. */
const noDisk = 'fstype!~"tmpfs|ramfs|squashfs|iso9660|fuse.*"';

const of = (jobs: readonly string[]): string => `job=~"${jobs.join("|")}"`;

/**
 * Disks that say that they fail. smartctl_exporter before 0.14.0 calls a disk that says nothing of its health failing too, so
 * smartctl itself must say it: bit 3 of its exit status (smartctl(8), "DISK FAILING").
 */
export function failingDisks(jobs: readonly string[]): string {
  const job = of(jobs);
  return (
    `smartctl_device_smart_status{${job}} == 0 and on (job, instance, device) ` +
    `floor(smartctl_device_smartctl_exit_status{${job}} / 8) % 2 == 1`
  );
}

/**
 * Alerts on what `homelab:monitoring.scrapes` asks. What runs there is known by its metrics: node_exporter (the chart's own
 * alerts on it are for the cluster's machines alone), smartctl_exporter, nut_exporter. The chart's TargetDown tells of one that
 * does not answer where it is more than a tenth of its job. A disk that does not answer at all says nothing by smartctl_exporter,
 * which goes on telling the last good answer (readjson.go): its pool does.
 * @see https://github.com/prometheus-community/smartctl_exporter
 * @see https://github.com/DRuggeri/nut_exporter
 */
export function outsideAlerts(jobs: readonly string[]): AlertGroup {
  const job = of(jobs);
  const bytes = (what: string): string => `node_filesystem_${what}_bytes{${job},${noDisk}}`;
  return {
    name: "outside",
    alerts: [
      {
        name: "HostDiskNearlyFull",
        severity: "warning",
        expression: `${bytes("avail")} / ${bytes("size")} < 0.1 and node_filesystem_readonly{${job}} == 0`,
        for: "30m",
        summary: "{{ $labels.mountpoint }} at {{ $labels.instance }} is nearly full",
        description: "{{ $value | humanizePercentage }} of it are free.",
      },
      {
        name: "HostMemoryShort",
        severity: "warning",
        expression: `${freeMemory(jobs)} < 0.05`,
        for: "15m",
        summary: "{{ $labels.instance }} is short of memory",
        description:
          "{{ $value | humanizePercentage }} are left. On a Proxmox host a virtual machine is ended next.",
      },
      {
        name: "HostClockWrong",
        severity: "warning",
        expression: `min_over_time(node_timex_sync_status{${job}}[5m]) == 0 and node_timex_maxerror_seconds{${job}} >= 16`,
        for: "15m",
        summary: "the clock of {{ $labels.instance }} follows no other",
        description:
          "Machines begin with their host's time; certificates and Ceph need the right one.",
      },
      {
        name: "DiskFailing",
        severity: "critical",
        expression: `min by (instance, device) (${failingDisks(jobs)})`,
        for: "15m",
        summary: "the disk {{ $labels.device }} of {{ $labels.instance }} says that it fails",
        description: "Its own test of health (SMART) is not passed.",
      },
      {
        name: "HostPoolDegraded",
        severity: "critical",
        expression: `max by (instance, zpool, state) (node_zfs_zpool_state{${job},state!="online"}) == 1`,
        for: "5m",
        summary:
          "the ZFS pool {{ $labels.zpool }} of {{ $labels.instance }} is {{ $labels.state }}",
        description: "A disk of it is missing or gives errors: what is left may be the only copy.",
      },
      {
        name: "HostNotAnswering",
        severity: "warning",
        expression: `min by (job, instance) (up{${job}}) == 0`,
        for: "15m",
        summary: "{{ $labels.instance }} ({{ $labels.job }}) does not answer",
        description: "No alert about what it tells of comes meanwhile.",
      },
      {
        name: "UpsOnBattery",
        severity: "critical",
        expression: `max by (instance) (network_ups_tools_ups_status{${job},flag="OB"}) == 1`,
        for: "1m",
        summary: "the UPS at {{ $labels.instance }} runs on its battery",
        description: "The line is gone, or the UPS thinks so.",
      },
      {
        name: "UpsBatteryLow",
        severity: "critical",
        expression: `max by (instance) (network_ups_tools_ups_status{${job},flag="LB"}) == 1`,
        for: "0s",
        summary: "the battery of the UPS at {{ $labels.instance }} ends",
        description: "Whatever is not shut down now loses its power.",
      },
    ],
  };
}

/** Part of a host's memory that is free, with what ZFS keeps of its disks and gives back, which Linux takes for used. */
export function freeMemory(jobs: readonly string[]): string {
  const job = of(jobs);
  const total = `node_memory_MemTotal_bytes{${job}}`;
  const cache = `(node_zfs_arc_size{${job}} or 0 * ${total})`;
  return `(node_memory_MemAvailable_bytes{${job}} + ${cache}) / ${total}`;
}
