/** Whether addresses answer at all. */
import { unreachableKubernetes, unreachableProxmox } from "../reachability.ts";
import { tcpProblem } from "./ask.ts";
import { ok, problem, type Finding } from "./finding.ts";

/** A Proxmox API. */
export async function checkProxmoxApi(
  subject: string,
  endpoint: string,
): Promise<readonly Finding[]> {
  const reason = await unreachableProxmox(endpoint);
  if (reason === undefined) return [ok(subject, `${endpoint} answers`)];
  const certificate = /certificate|issuer|self.signed/i.test(reason);
  return [
    problem(
      subject,
      `${endpoint} does not answer: ${reason}`,
      certificate
        ? "this workstation must trust its certificate: docs/proxmox.md, Certificate"
        : "is the host on, and this workstation on its network? Else correct homelab:proxmox",
    ),
  ];
}

/** A TCP port. */
export async function checkPort(
  subject: string,
  host: string,
  port: number,
  remedy: string,
): Promise<readonly Finding[]> {
  const reason = await tcpProblem(host, port);
  if (reason === undefined) return [ok(subject, `${host}:${port} answers`)];
  return [problem(subject, `${host}:${port} does not answer: ${reason}`, remedy)];
}

/** The cluster's API, at the address that the kubeconfig names. */
export async function checkKubernetesApi(
  kubeconfig: string,
  vip: string,
): Promise<readonly Finding[]> {
  const subject = "Kubernetes API";
  const reason = await unreachableKubernetes(kubeconfig);
  if (reason === undefined) return [ok(subject, `https://${vip}:6443 is ready`)];
  return [
    problem(
      subject,
      `https://${vip}:6443 is not ready: ${reason}`,
      "look at the servers above; kube-vip on one of them holds the address (ip address show on each)",
    ),
  ];
}
