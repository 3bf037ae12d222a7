import type { AlertGroup } from "./alert.ts";

/** What the chart's own alerts on machines leave out; disks, clocks and memory it watches itself. */
export const machineAlerts: AlertGroup = {
  name: "machines",
  alerts: [
    {
      name: "ProcessKilledForMemory",
      severity: "warning",
      expression:
        "increase(node_vmstat_oom_kill[15m]) * on (job, instance) group_left (nodename) node_uname_info > 0",
      for: "1m",
      summary: "{{ $labels.nodename }} ended a process for want of memory",
      description:
        '{{ $value | printf "%.0f" }} processes within a quarter of an hour: of a pod that is above its limit, or of a machine that is full.',
    },
  ],
};
