/** How the doctor asks a cluster. */
import type { ClusterCommand } from "./examined.ts";

/** The last line of what a program said, in which most of them name what is wrong. */
export const lastLine = (text: string): string => text.trim().split("\n").at(-1) ?? "";

/** What kubectl prints; rejects with its last line. */
export async function kubectl(run: ClusterCommand, ...args: readonly string[]): Promise<string> {
  const { ok, stdout, stderr } = await run("kubectl", [...args, "--request-timeout=10s"]);
  if (!ok) throw new Error(lastLine(stderr) || "kubectl failed and says nothing");
  return stdout;
}

/** Lists objects of a kind, of all namespaces or of one; rejects with kubectl's last line. */
export async function objects<T>(
  run: ClusterCommand,
  kind: string,
  namespace?: string,
): Promise<readonly T[]> {
  const where = namespace === undefined ? ["-A"] : ["-n", namespace];
  const list = await kubectl(run, "get", kind, ...where, "-o", "json");
  return (JSON.parse(list) as { items: T[] }).items;
}

/** The certificate that a Secret holds, in base64 as the Secret has it; empty without the Secret. No key leaves the cluster. */
export function certificateIn(
  run: ClusterCommand,
  namespace: string,
  secret: string,
  key = "tls.crt",
): Promise<string> {
  return ofSecret(run, namespace, secret, `.data.${key.replace(".", "\\.")}`);
}

/** A part of a Secret by its path, values in base64 as the Secret has them; empty without the Secret. */
export function ofSecret(
  run: ClusterCommand,
  namespace: string,
  secret: string,
  path: string,
): Promise<string> {
  const object = ["-n", namespace, "get", "secret", secret, "--ignore-not-found"];
  return kubectl(run, ...object, "-o", `jsonpath={${path}}`);
}
