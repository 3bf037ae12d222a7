/** Alerts on lines, which Loki itself looks at and tells Alertmanager of. */
import { stringify } from "yaml";
import type { Severity } from "../monitoring/alerts.ts";
import { runbook } from "../monitoring/rules/alert.ts";
import { alloyNamespace, lokiNamespace, nodeLabel, rulesMap, sources } from "./names.ts";

export interface LogAlert {
  readonly name: string;
  readonly severity: Severity;
  /** Lines that are looked at: a selector of LogQL. */
  readonly of: string;
  /** Lines among them that tell of it: a regular expression, of what RE2 and JavaScript read alike. */
  readonly pattern: RegExp;
  /** Labels by which it is told apart, one alert each. */
  readonly by: readonly string[];
  /** One line for whoever is told, with Prometheus' templates. */
  readonly summary: string;
  readonly description: string;
}

const kernel = `{job="${sources.kernel}"}`;
const onNode = `{{ $labels.${nodeLabel} }}`;

/**
 * What is told of in lines and in no metric. The kernel's words are those of Linux 6.12: block/blk-core.c, fs/buffer.c,
 * fs/ext4/super.c, fs/xfs; kernel/hung_task.c; kernel/watchdog.c, arch/x86/kernel/dumpstack.c and lib/bug.c.
 */
export const logAlerts: readonly LogAlert[] = [
  {
    name: "KernelDiskError",
    severity: "critical",
    of: kernel,
    pattern:
      /I\/O error, dev |Buffer I\/O error on dev |critical (medium|target) error, dev |EXT4-fs error |XFS \(.+\): (Corruption|Metadata corruption|metadata I\/O error|log I\/O error)/,
    by: [nodeLabel],
    summary: `a disk of ${onNode} gives errors`,
    description:
      "The kernel said so {{ $value }} times within a quarter of an hour: a disk, or a file system on it, cannot be read or written.",
  },
  {
    name: "KernelTaskHung",
    severity: "warning",
    of: kernel,
    pattern: /task .+ blocked for more than \d+ seconds/,
    by: [nodeLabel],
    summary: `a process of ${onNode} waits and does not get on`,
    description:
      "The kernel told of {{ $value }} that wait for two minutes, most often for a disk or for a volume that does not answer.",
  },
  {
    name: "KernelFault",
    severity: "critical",
    of: kernel,
    pattern:
      /BUG: |kernel BUG at |Oops: |general protection fault|soft lockup - CPU|Hardware Error/,
    by: [nodeLabel],
    summary: `the kernel of ${onNode} is in trouble`,
    description:
      "{{ $value }} of its lines within a quarter of an hour tell of a fault of its own, of a stuck processor or of the hardware.",
  },
  {
    name: "Rke2Failed",
    severity: "critical",
    of: `{job="${sources.journal}",unit=~"rke2-(server|agent)[.]service"}`,
    pattern: /level=fatal/,
    by: [nodeLabel],
    summary: `RKE2 on ${onNode} has ended`,
    description:
      "It ended with an error {{ $value }} times within a quarter of an hour. systemd starts it again.",
  },
  {
    name: "JournalNotRead",
    severity: "warning",
    of: `{job="${sources.pods}",namespace="${alloyNamespace.name}"}`,
    // Its reader ends for good and calls itself healthy (alloy v1.18.1, internal/component/loki/source/journal/tailer.go).
    pattern: /unable to follow journal|error creating journal tailer/,
    by: [nodeLabel],
    summary: `the journal of ${onNode} is not read any more`,
    description: "No line of the kernel and of RKE2 comes from there, nor an alert about one.",
  },
  {
    name: "ProgramPanics",
    severity: "warning",
    of: `{job="${sources.pods}"}`,
    pattern: /^(panic: |fatal error: |thread '.+' panicked at )/,
    by: ["namespace", "container"],
    summary: "{{ $labels.container }} in {{ $labels.namespace }} has crashed",
    description: "{{ $value }} times within a quarter of an hour, by a fault in its program.",
  },
];

/**
 * The question that holds while such lines are young. The pattern stands between backticks, in which LogQL takes nothing for
 * special.
 * @see https://grafana.com/docs/loki/latest/query/
 */
export function logQuestion({ of, pattern, by }: LogAlert): string {
  const source = pattern.source.replaceAll("\\/", "/");
  return `sum by (${by.join(", ")}) (count_over_time(${of} |~ \`${source}\` [15m])) > 0`;
}

/** Rules as a file of Loki's ruler. `runbooks` is the address of the pages' folder. */
export function logRules(runbooks?: string) {
  return {
    groups: [
      {
        name: "homelab.logs",
        rules: logAlerts.map((alert) => ({
          alert: alert.name,
          expr: logQuestion(alert),
          labels: { severity: alert.severity },
          annotations: {
            summary: alert.summary,
            description: alert.description,
            runbook_url: runbook(alert.name, runbooks),
          },
        })),
      },
    ],
  };
}

/** The ConfigMap that Loki's pod has them from; it reads them again every minute. */
export function logRulesMap(runbooks?: string) {
  return {
    metadata: { name: rulesMap, namespace: lokiNamespace.name },
    data: { "homelab.yaml": stringify(logRules(runbooks), { lineWidth: 0 }) },
  };
}
