import { graph, noneIsGood, stat, table, type Dashboard } from "./panels.ts";

/** Ceph: health, room, work. */
export const ceph: Dashboard = {
  ...{ name: "homelab-ceph", title: "Ceph" },
  panels: [
    stat("Health", "max(ceph_health_status)", {
      steps: [{ color: "green" }, { color: "yellow", from: 1 }, { color: "red", from: 2 }],
      words: { 0: "OK", 1: "WARN", 2: "ERR" },
    }),
    stat("Disks up", "sum(max by (ceph_daemon) (ceph_osd_up))"),
    stat("Disks down", "count(max by (ceph_daemon) (ceph_osd_up) == 0) or vector(0)", {
      steps: noneIsGood,
    }),
    stat("Monitors in quorum", "sum(max by (ceph_daemon) (ceph_mon_quorum_status))"),
    stat("Taken", "max(ceph_cluster_total_used_raw_bytes) / max(ceph_cluster_total_bytes)", {
      unit: "percentunit",
      steps: [{ color: "green" }, { color: "yellow", from: 0.7 }, { color: "red", from: 0.85 }],
    }),
    stat("Objects without all copies", "max(ceph_num_objects_degraded)", { steps: noneIsGood }),
    graph(
      "Clients read and write",
      [
        { expression: "sum(rate(ceph_pool_rd_bytes[$__rate_interval]))", legend: "read" },
        { expression: "sum(rate(ceph_pool_wr_bytes[$__rate_interval]))", legend: "write" },
      ],
      { unit: "Bps" },
    ),
    graph(
      "Requests of clients",
      [
        { expression: "sum(rate(ceph_pool_rd[$__rate_interval]))", legend: "read" },
        { expression: "sum(rate(ceph_pool_wr[$__rate_interval]))", legend: "write" },
      ],
      { unit: "iops" },
    ),
    graph(
      "Pools: full",
      [
        {
          expression:
            "max by (name) (ceph_pool_percent_used * on (pool_id) group_left (name) ceph_pool_metadata)",
          legend: "{{name}}",
        },
      ],
      { unit: "percentunit", max: 1 },
    ),
    graph(
      "Disks: time of a write",
      [
        {
          expression: "max by (ceph_daemon) (ceph_osd_commit_latency_ms)",
          legend: "{{ceph_daemon}}",
        },
      ],
      { unit: "ms" },
    ),
    graph("Placement groups", [
      { expression: "sum(ceph_pg_total)", legend: "all" },
      { expression: "sum(ceph_pg_clean)", legend: "clean" },
      { expression: "sum(ceph_pg_degraded)", legend: "degraded" },
    ]),
    graph(
      "Copies made anew",
      [{ expression: "sum(ceph_pool_recovering_bytes_per_sec)", legend: "recovery" }],
      { unit: "Bps" },
    ),
    table("What Ceph says", "max by (name, severity) (ceph_health_detail) == 1"),
  ],
};
