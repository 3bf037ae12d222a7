/** What the cluster says of its nodes. */
import { nodeTaints, outOfService, serversOnly } from "../../../../components/rke2/config.ts";
import { conditionOf, whyNot, type Condition } from "../../../doctor/conditions.ts";
import type { ClusterCommand } from "../../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";
import { objects } from "../../../doctor/kubectl.ts";
import type { SiteConfig } from "../../../schema.ts";

/** A Node, as far as the doctor looks. */
export interface NodeInForce {
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly unschedulable?: boolean;
    readonly taints?: readonly {
      readonly key: string;
      readonly value?: string;
      readonly effect: string;
    }[];
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
  };
}

const pressures: Readonly<Record<string, string>> = {
  DiskPressure:
    "free some of its disk (du -xh / | sort -h | tail), or raise diskGiB; pods come back by themselves",
  MemoryPressure: "give the machine more memoryGiB, or move pods away",
  PIDPressure: "look for a program that forks without end: ps -eo pid,nlwp,cmd --sort=-nlwp | head",
};

/**
 * Every machine is a node that is Ready and under no pressure, and no node is another's: a machine that left while its host
 * was down registers again when the host comes back.
 */
export function judgeNodes(
  machines: SiteConfig["machines"],
  nodes: readonly NodeInForce[],
): readonly Finding[] {
  return [...judgeMachines(machines, nodes), ...strangers(machines, nodes)];
}

function strangers(
  machines: SiteConfig["machines"],
  nodes: readonly NodeInForce[],
): readonly Finding[] {
  return nodes
    .map(({ metadata: { name } }) => name)
    .filter((name) => !machines.some((machine) => machine.name === name))
    .map((name) =>
      problem(
        `node ${name}`,
        "is in the cluster, and homelab:machines has no machine of that name",
        `when its machine is gone (npm run up destroys one that left): kubectl delete node ${name}`,
      ),
    );
}

function judgeMachines(
  machines: SiteConfig["machines"],
  nodes: readonly NodeInForce[],
): readonly Finding[] {
  return machines.flatMap((machine): Finding[] => {
    const { name, role } = machine;
    const subject = `node ${name}`;
    const node = nodes.find(({ metadata }) => metadata.name === name);
    if (node === undefined) {
      return [
        problem(
          subject,
          "is not in the cluster",
          `npm run up; if it stays away: ssh root@${name} journalctl -u rke2-${role}`,
        ),
      ];
    }
    const conditions = node.status?.conditions ?? [];
    const reason = whyNot(conditions, "Ready", "it says nothing");
    const found = conditions
      .filter(({ type, status }) => status === "True" && type in pressures)
      .map(({ type, message }) =>
        problem(subject, `is under ${type}: ${message ?? ""}`, pressures[type] ?? ""),
      );
    if (reason !== undefined) {
      found.push(
        problem(
          subject,
          `is not Ready: ${reason}`,
          `look at the machine (above); else kubectl describe node ${name}, and kubectl -n kube-system get pods -o wide${ifItStaysAway(node)}`,
        ),
      );
    }
    found.push(...judgeTaints(subject, machine, node), ...judgeReturn(subject, node));
    if (node.spec?.unschedulable === true) {
      found.push(
        warning(
          subject,
          "is cordoned, so that it takes no new pods: by a person, or by a restart that was cut off",
          `kubectl uncordon ${name}, once its machine is well`,
        ),
      );
    }
    return found.length > 0 ? found : [ok(subject, "Ready")];
  });
}

const [outOfServiceKey = ""] = outOfService.split("=");

const isMarked = ({ spec }: NodeInForce): boolean =>
  (spec?.taints ?? []).some(({ key }) => key === outOfServiceKey);

/**
 * A node that is silent keeps what it alone may have: Kubernetes never takes its silence for its end, it is a person who
 * knows. Empty where the node speaks, or somebody has said so.
 */
function ifItStaysAway(node: NodeInForce): string {
  const { name } = node.metadata;
  if (conditionOf(node.status?.conditions, "Ready")?.status !== "Unknown" || isMarked(node))
    return "";
  return (
    ". Pods of StatefulSets and volumes that it had start nowhere else until it is back; if it stays off, and only when its " +
    `machine is surely off: kubectl taint node ${name} ${outOfService}`
  );
}

/** Nobody but a person takes the word back that a node is out of service. */
function judgeReturn(subject: string, node: NodeInForce): readonly Finding[] {
  const ready = conditionOf(node.status?.conditions, "Ready")?.status;
  if (ready !== "True" || !isMarked(node)) return [];
  const taint = `kubectl taint node ${node.metadata.name} ${outOfServiceKey}-`;
  return [
    problem(subject, "is back, and marked as out of service, so that it runs no pods", taint),
  ];
}

/** A step set the taints once; what is changed by hand since, nobody has put right. */
function judgeTaints(
  subject: string,
  machine: SiteConfig["machines"][number],
  { metadata: { name }, spec }: NodeInForce,
): readonly Finding[] {
  const has = (spec?.taints ?? []).map(
    ({ key, value = "", effect }) => `${key}=${value}:${effect}`,
  );
  const wanted = nodeTaints(machine);
  const missing = wanted
    .filter((taint) => !has.includes(taint))
    .map((taint) =>
      problem(subject, `lacks the taint ${taint}`, `kubectl taint node ${name} ${taint}`),
    );
  const left = has
    .filter((taint) => taint === serversOnly && !wanted.includes(taint))
    .map((taint) =>
      problem(
        subject,
        `has the taint ${taint}, which keeps ordinary pods away, and its config says otherwise`,
        `kubectl taint node ${name} ${taint}-`,
      ),
    );
  return [...missing, ...left];
}

/** Asks the cluster. */
export async function checkNodes(
  { machines }: Pick<SiteConfig, "machines">,
  run: ClusterCommand,
): Promise<readonly Finding[]> {
  return judgeNodes(machines, await objects<NodeInForce>(run, "nodes"));
}
