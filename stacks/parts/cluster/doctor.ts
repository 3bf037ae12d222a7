/** Whether the cluster takes us, and what it says of itself. */
import type { SiteConfig } from "../../schema.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { releaseUrl } from "../../../components/rke2/config.ts";
import { dayOf, fromNow } from "../../../components/days.ts";
import { authorityEnd, clientEnd, renewal, type LastUp } from "../../../components/rke2/renewal.ts";
import { judgeEnd } from "../../doctor/ends.ts";
import type { Release } from "../../doctor/releases.ts";
import { checkKubeVip } from "./doctor/kube-vip.ts";
import { checkNodes } from "./doctor/nodes.ts";
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
    { subject: "kube-vip", run: () => checkKubeVip(config, run) },
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

/**
 * How long the cluster's authorities last. RKE2 makes all of them with the cluster, for ten years, and renews none
 * (https://docs.rke2.io/security/certificates); the kubeconfig has the servers' one. A year before their end a certificate
 * that they sign may outlive them, and RKE2 begins to warn (k3s pkg/certmonitor/certmonitor.go).
 */
export function judgeAuthorities({ kubeconfig = "" }: LastUp, now = new Date()): Finding {
  const subject = "authorities of the cluster";
  const ends = authorityEnd(kubeconfig);
  if (ends === undefined) return ok(subject, "none was made yet");
  const remedy =
    "replace them: https://docs.rke2.io/security/certificates, rke2 certificate rotate-ca";
  return judgeEnd({ subject, ends, remedy, warnDays: 365 }, now);
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
