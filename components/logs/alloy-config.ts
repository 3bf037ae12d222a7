import { alloyText, component, expression, inner, type Block } from "./alloy-syntax.ts";
import { nodeLabel, oldestHours, sources } from "./names.ts";

/** Loki takes no line that is older; an hour is for the way. */
const oldest = `${oldestHours - 1}h`;

export interface CollectorPlan {
  /** Address of Loki. */
  readonly url: string;
  /** Units of systemd whose lines are read besides RKE2's, such as `ssh.service`. */
  readonly units: readonly string[];
}

/** RKE2's units of servers and of agents; a machine has one of them. */
const rke2Units = ["rke2-server.service", "rke2-agent.service"];

/** Where RKE2 has its kubelet write, a folder and a file: https://docs.rke2.io/reference/logging */
export const kubeletLogs = { folder: "/var/lib/rancher/rke2/agent/logs", file: "kubelet.log" };

/** Where the container runtime writes what containers say (kubelet, pkg/kubelet/kuberuntime: podLogsDirectory). */
const podLogs = "/var/log/pods";

/**
 * What Alloy reads on its machine, and where it sends it. Everything comes from files: no API server is asked, so that lines go on
 * coming while it does not answer, and the pods that RKE2 runs without it are read like all others.
 * @see https://grafana.com/docs/alloy/latest/reference/components/loki/
 */
export function alloyConfig(plan: CollectorPlan): string {
  return alloyText([...pods(), ...kubelet(), ...units(plan), ...kernel(), sink(plan)]);
}

const receiver = expression("loki.write.site.receiver");

/** A rule that sets a label: always to the same, or to what a pattern finds in another label. */
function rule(label: string, value: string, from?: { label: string; pattern?: string }): Block {
  return inner("rule", {
    ...(from === undefined ? {} : { source_labels: [from.label] }),
    ...(from?.pattern === undefined ? {} : { regex: from.pattern }),
    target_label: label,
    replacement: value,
  });
}

/**
 * Files are called NAMESPACE_POD_UID/CONTAINER/RESTARTS.log (kubelet, pkg/kubelet/kuberuntime: BuildContainerLogsDirectory), and
 * none of these names has an underscore. So the name says what the API server would, also of static pods, whose UID it knows
 * another of.
 *
 * A restart is a label, for the first start on a machine reads a container's last run and its present one at once: as one stream,
 * Loki would refuse what lies more than an hour behind the newest of both (loki v3.7.6, pkg/ingester/stream.go).
 */
function pods(): readonly Block[] {
  const parts = {
    label: "__path__",
    pattern: `${podLogs}/([^_/]+)_([^_/]+)_[^/]+/([^/]+)/([0-9]+)[.]log`,
  };
  return [
    component("local.file_match", "pods", {
      path_targets: [{ __path__: `${podLogs}/*/*/*.log` }],
    }),
    component(
      "discovery.relabel",
      "pods",
      { targets: expression("local.file_match.pods.targets") },
      rule("namespace", "$1", parts),
      rule("pod", "$2", parts),
      rule("container", "$3", parts),
      rule("restart", "$4", parts),
      rule("job", sources.pods),
    ),
    component("loki.source.file", "pods", {
      targets: expression("discovery.relabel.pods.output"),
      forward_to: [expression("loki.process.pods.receiver")],
    }),
    // Time and stream of a line are what the runtime has noted (Kubernetes' CRI); the file's name says no more than the labels.
    component(
      "loki.process",
      "pods",
      { forward_to: [receiver] },
      inner("stage.cri", {}),
      // A quiet container's file reaches back for months.
      inner("stage.drop", { older_than: oldest }),
      inner("stage.label_drop", { values: ["filename"] }),
    ),
  ];
}

function kubelet(): readonly Block[] {
  const { folder, file } = kubeletLogs;
  return [
    component("local.file_match", "kubelet", {
      path_targets: [{ __path__: `${folder}/${file}`, job: sources.kubelet }],
    }),
    component("loki.source.file", "kubelet", {
      targets: expression("local.file_match.kubelet.targets"),
      forward_to: [expression("loki.process.kubelet.receiver")],
    }),
    component(
      "loki.process",
      "kubelet",
      { forward_to: [receiver] },
      inner("stage.label_drop", { values: ["filename"] }),
    ),
  ];
}

/**
 * A reader of the journal sets the label `job` to its own name, over any that it is given (alloy v1.18.1,
 * internal/component/loki/source/journal/tailer.go), so a rule has the last word.
 */
function journal(label: string, matches: readonly string[], rules: readonly Block[]): Block[] {
  return [
    component("loki.relabel", label, { forward_to: [] }, ...rules),
    component("loki.source.journal", label, {
      // Of one field any, of different fields all (sd_journal_add_match(3)).
      matches: matches.join(" "),
      // How far back it reads at most: what is older is left out also where it had got no further before it was ended
      // (tailer.go, generateJournalConfig).
      max_age: oldest,
      relabel_rules: expression(`loki.relabel.${label}.rules`),
      forward_to: [receiver],
    }),
  ];
}

function units({ units: further }: CollectorPlan): readonly Block[] {
  const all = [...new Set([...rke2Units, ...further])];
  return journal(
    "units",
    all.map((unit) => `_SYSTEMD_UNIT=${unit}`),
    [rule("unit", "$1", { label: "__journal__systemd_unit" }), rule("job", sources.journal)],
  );
}

function kernel(): readonly Block[] {
  return journal(
    "kernel",
    ["_TRANSPORT=kernel"],
    [rule("level", "$1", { label: "__journal_priority_keyword" }), rule("job", sources.kernel)],
  );
}

/**
 * Lines that Loki does not take are sent again without end (`max_backoff_retries`): meanwhile nothing more is read, and what is not
 * read waits in files and in the journal. By itself Alloy would give a batch up after ten tries, some nine minutes.
 */
function sink({ url }: CollectorPlan): Block {
  return component(
    "loki.write",
    "site",
    { external_labels: { [nodeLabel]: expression('sys.env("K8S_NODE_NAME")') } },
    inner("endpoint", {
      url: `${url}/loki/api/v1/push`,
      max_backoff_period: "1m",
      max_backoff_retries: 0,
    }),
  );
}
