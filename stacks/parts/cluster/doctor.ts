/** What the cluster says of itself and of its nodes. */
import type { SiteConfig } from "../../schema.ts";
import type { Check } from "../../doctor/check.ts";
import { conditionOf, whyNot, type Condition } from "../../doctor/conditions.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { objects } from "../../doctor/kubectl.ts";
import {
  nodeTaints,
  outOfService,
  releaseUrl,
  serversOnly,
} from "../../../components/rke2/config.ts";
import { dayOf, fromNow } from "../../../components/days.ts";
import { clientEnd, renewal, type LastUp } from "../../../components/rke2/renewal.ts";
import type { Release } from "../../doctor/releases.ts";
import { checkSnapshots } from "./doctor/snapshots.ts";

/** RKE2 as its publisher lists it. */
export function clusterReleases({ cluster }: Pick<SiteConfig, "cluster">): readonly Release[] {
  return [
    {
      subject: `RKE2 ${cluster.version}`,
      url: `${releaseUrl(cluster.version)}/sha256sum-amd64.txt`,
      holds: {
        pattern: / {2}rke2\.linux-amd64\.tar\.gz$/m,
        otherwise: "its list names no rke2.linux-amd64.tar.gz",
      },
      path: "homelab:versions.rke2",
    },
  ];
}

/** The API, at the address that the kubeconfig names, and the nodes. */
export function clusterChecks({ name, config }: Examined, run: ClusterCommand): readonly Check[] {
  return [
    { subject: "Kubernetes API", run: () => checkKubernetesApi(config.cluster.vip, run) },
    { subject: "nodes", run: () => checkNodes(config, run) },
    { subject: "etcd snapshots", run: () => checkSnapshots(name, config, run) },
  ];
}

/** How long what the last `up` has left opens the cluster, and how long the nodes take each other. */
export function judgeCertificates(lastUp: LastUp, site: string, now = new Date()): Finding {
  const subject = "certificates of the cluster";
  const { ends, due } = renewal(lastUp, now);
  if (ends === undefined) return ok(subject, "none was made yet");
  const when = `${dayOf(ends)}, ${fromNow(ends, now)}`;
  const renew = `npm run up -- --stack ${site} has RKE2 renew them, and fetches a new kubeconfig`;
  if (ends <= now)
    return problem(
      subject,
      `ended on ${when}: the kubeconfig in the state, the nodes' own, or both`,
      `${renew}; until then the Kubernetes API takes nobody`,
    );
  return due ? warning(subject, `end on ${when}`, renew) : ok(subject, `end on ${when}`);
}

const patience = 5_000;

/** Why the cluster's API is not ready; undefined when it is. */
export async function unreachableKubernetes(run: ClusterCommand): Promise<string | undefined> {
  const answer = await run("kubectl", [
    "get",
    "--raw",
    "/readyz",
    `--request-timeout=${patience}ms`,
  ]);
  return answer.ok ? undefined : (answer.stderr.split("\n").at(-1) ?? "no answer");
}

/**
 * Whether an API that gave this reason is there, and only takes nobody with this login: one that answers is not dead. An
 * authority that nobody knows is another cluster at this address. The texts are kubectl's and Go's.
 */
export function refusesLogin(reason: string): boolean {
  return /must be logged in|provide credentials|Unauthorized|Forbidden|certificate has expired or is not yet valid|expired certificate/.test(
    reason,
  );
}

/** Why a kubeconfig opens no cluster any more: its certificate has ended. Undefined for one that lasts. */
export function endedLogin(kubeconfig: string, now = new Date()): string | undefined {
  const ends = clientEnd(kubeconfig);
  if (ends === undefined || ends > now) return undefined;
  return `the kubeconfig of the last up ended on ${dayOf(ends)}, ${fromNow(ends, now)}`;
}

async function checkKubernetesApi(vip: string, run: ClusterCommand): Promise<readonly Finding[]> {
  const subject = "Kubernetes API";
  const reason = await unreachableKubernetes(run);
  if (reason === undefined) return [ok(subject, `https://${vip}:6443 is ready`)];
  if (refusesLogin(reason)) {
    const text = `https://${vip}:6443 answers, and refuses the stack's login: ${reason}`;
    return [problem(subject, text, "npm run up renews it: docs/credentials.md")];
  }
  return [
    problem(
      subject,
      `https://${vip}:6443 is not ready: ${reason}`,
      "look at the servers above; kube-vip on one of them holds the address (ip address show on each)",
    ),
  ];
}

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
async function checkNodes(
  { machines }: Pick<SiteConfig, "machines">,
  run: ClusterCommand,
): Promise<readonly Finding[]> {
  return judgeNodes(machines, await objects<NodeInForce>(run, "nodes"));
}
