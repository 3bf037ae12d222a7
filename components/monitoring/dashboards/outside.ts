import { failingDisks, freeMemory } from "../rules/outside.ts";
import { graph, stat, table, type Dashboard } from "./panels.ts";

/** What `homelab:monitoring.scrapes` asks: hosts, their disks, the UPS. */
export function outsideDashboard(jobs: readonly string[]): Dashboard {
  const job = `job=~"${jobs.join("|")}"`;
  return {
    ...{ name: "homelab-hosts", title: "Hosts and power" },
    panels: [
      stat("Disks that fail", `count(${failingDisks(jobs)}) or vector(0)`, {
        steps: [{ color: "green" }, { color: "red", from: 1 }],
      }),
      stat("Charge of the UPS", `min(network_ups_tools_battery_charge{${job}})`, {
        unit: "percent",
        steps: [{ color: "red" }, { color: "green", from: 50 }],
      }),
      stat("Battery lasts for", `min(network_ups_tools_battery_runtime{${job}})`, {
        unit: "dtdurations",
      }),
      graph(
        "Processors",
        [
          {
            expression: `1 - avg by (instance) (rate(node_cpu_seconds_total{${job},mode="idle"}[$__rate_interval]))`,
            legend: "{{instance}}",
          },
        ],
        { unit: "percentunit", max: 1 },
      ),
      graph("Memory", [{ expression: `1 - ${freeMemory(jobs)}`, legend: "{{instance}}" }], {
        unit: "percentunit",
        max: 1,
      }),
      graph(
        "Temperature of disks",
        [
          {
            expression: `smartctl_device_temperature{${job},temperature_type="current"}`,
            legend: "{{instance}} {{device}}",
          },
        ],
        { unit: "celsius" },
      ),
      graph(
        "Load of the UPS",
        [{ expression: `network_ups_tools_ups_load{${job}}`, legend: "{{instance}}" }],
        {
          unit: "percent",
        },
      ),
      table(
        "Filesystems: free",
        `sort(node_filesystem_avail_bytes{${job},fstype!~"tmpfs|ramfs"} / node_filesystem_size_bytes{${job},fstype!~"tmpfs|ramfs"})`,
        { unit: "percentunit" },
      ),
    ],
  };
}
