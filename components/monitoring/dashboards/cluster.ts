import { graph, noneIsGood, stat, table, type Dashboard } from "./panels.ts";
import { busy, memory } from "./overview.ts";

/** Kubernetes: what runs, what does not, and the control plane. */
export const cluster: Dashboard = {
  ...{ name: "homelab-cluster", title: "Cluster" },
  panels: [
    stat("Machines", "count(kube_node_info)"),
    stat("Pods", 'sum(kube_pod_status_phase{phase="Running"})'),
    stat(
      "Deployments short of pods",
      "count(kube_deployment_status_replicas_available < kube_deployment_spec_replicas) or vector(0)",
      { steps: noneIsGood },
    ),
    stat("Failed jobs", "count(kube_job_failed > 0) or vector(0)", { steps: noneIsGood }),
    stat(
      "Fullest volume",
      "max(kubelet_volume_stats_used_bytes / kubelet_volume_stats_capacity_bytes)",
      { unit: "percentunit", steps: [{ color: "green" }, { color: "red", from: 0.9 }] },
    ),
    stat("etcd", "max(etcd_mvcc_db_total_size_in_bytes)", { unit: "bytes" }),
    graph(
      "Processors by namespace",
      [
        {
          expression:
            'topk(10, sum by (namespace) (rate(container_cpu_usage_seconds_total{container!=""}[$__rate_interval])))',
          legend: "{{namespace}}",
        },
      ],
      { unit: "cores" },
    ),
    graph(
      "Memory by namespace",
      [
        {
          expression:
            'topk(10, sum by (namespace) (container_memory_working_set_bytes{container!=""}))',
          legend: "{{namespace}}",
        },
      ],
      { unit: "bytes" },
    ),
    graph(
      "Requests to the API server",
      [
        {
          expression: "sum by (verb) (rate(apiserver_request_total[$__rate_interval]))",
          legend: "{{verb}}",
        },
      ],
      { unit: "reqps" },
    ),
    graph(
      "etcd: 99 % of writes within",
      [
        {
          expression:
            "histogram_quantile(0.99, sum by (instance, le) (rate(etcd_disk_wal_fsync_duration_seconds_bucket[$__rate_interval])))",
          legend: "{{instance}}",
        },
      ],
      { unit: "s" },
    ),
    table("Containers that wait", "kube_pod_container_status_waiting_reason > 0"),
  ],
};

const job = 'job="node-exporter"';

/** The cluster's machines, a line each. */
export const nodes: Dashboard = {
  ...{ name: "homelab-nodes", title: "Machines" },
  panels: [
    graph("Processors", [busy], { unit: "percentunit", max: 1 }),
    graph("Memory", [memory], { unit: "percentunit", max: 1 }),
    graph("Waiting for a processor (load of 5 minutes)", [
      { expression: `node_load5{${job}}`, legend: "{{instance}}" },
    ]),
    graph(
      "Disks: full",
      [
        {
          expression: `1 - node_filesystem_avail_bytes{${job},fstype!~"tmpfs|ramfs"} / node_filesystem_size_bytes{${job},fstype!~"tmpfs|ramfs"}`,
          legend: "{{instance}} {{mountpoint}}",
        },
      ],
      { unit: "percentunit", max: 1 },
    ),
    graph(
      "Disks: busy",
      [
        {
          expression: `rate(node_disk_io_time_seconds_total{${job}}[$__rate_interval])`,
          legend: "{{instance}} {{device}}",
        },
      ],
      { unit: "percentunit" },
    ),
    graph(
      "Network",
      [
        {
          expression: `sum by (instance) (rate(node_network_receive_bytes_total{${job},device!~"lo|lxc.+|cilium.+"}[$__rate_interval]))`,
          legend: "{{instance}} in",
        },
        {
          expression: `sum by (instance) (rate(node_network_transmit_bytes_total{${job},device!~"lo|lxc.+|cilium.+"}[$__rate_interval]))`,
          legend: "{{instance}} out",
        },
      ],
      { unit: "Bps" },
    ),
    graph(
      "Clock: off by",
      [{ expression: `abs(node_timex_offset_seconds{${job}})`, legend: "{{instance}}" }],
      { unit: "s" },
    ),
    graph("Processes ended for want of memory", [
      {
        expression: `increase(node_vmstat_oom_kill{${job}}[$__rate_interval])`,
        legend: "{{instance}}",
      },
    ]),
  ],
};
