/** How the doctor asks a cluster. */
import type { ClusterCommand } from "./examined.ts";

/** What kubectl prints; rejects with its last line. */
export async function kubectl(run: ClusterCommand, ...args: readonly string[]): Promise<string> {
  const { ok, stdout, stderr } = await run("kubectl", [...args, "--request-timeout=10s"]);
  if (!ok) throw new Error(stderr.split("\n").at(-1) || "kubectl failed and says nothing");
  return stdout;
}

/** Lists objects of a kind; rejects with kubectl's last line. */
export async function objects<T>(run: ClusterCommand, kind: string): Promise<readonly T[]> {
  const list = await kubectl(run, "get", kind, "-A", "-o", "json");
  return (JSON.parse(list) as { items: T[] }).items;
}

/** The certificate that a Secret holds, in base64 as the Secret has it; empty without the Secret. No key leaves the cluster. */
export function certificateIn(
  run: ClusterCommand,
  namespace: string,
  secret: string,
): Promise<string> {
  const object = ["-n", namespace, "get", "secret", secret, "--ignore-not-found"];
  return kubectl(run, ...object, "-o", "jsonpath={.data.tls\\.crt}");
}
