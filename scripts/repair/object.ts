/** Kubernetes objects that a killed run may have created without the state knowing. */
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import type { StateResource } from "../state.ts";

/** Kinds whose deletion would take data or everything inside with it: left to the person. */
const precious = new Set([
  "Namespace",
  "PersistentVolume",
  "PersistentVolumeClaim",
  "CustomResourceDefinition",
]);

/** Kinds that make a namespace more than a name, and what every namespace has. */
const contents =
  "pods,services,deployments,statefulsets,daemonsets,jobs,cronjobs,persistentvolumeclaims,secrets,configmaps";
const everywhere = "configmap/kube-root-ca.crt";

async function isEmpty(namespace: string, cluster: ClusterCommand): Promise<boolean> {
  const found = await cluster("kubectl", ["get", contents, "-n", namespace, "-o", "name"]);
  if (!found.ok) throw new Error(found.stderr);
  return found.stdout.split("\n").every((line) => line === "" || line === everywhere);
}

/**
 * Removes an object that a killed run may have created: the next run creates it. Throws for one that may hold something,
 * and leaves objects alone whose fields alone the run was writing.
 */
export async function removeObject(
  resource: StateResource,
  cluster: ClusterCommand,
  say: (text: string) => void,
): Promise<void> {
  const { apiVersion, kind, metadata } = (resource.inputs ?? {}) as {
    apiVersion?: string;
    kind?: string;
    metadata?: { name?: string; namespace?: string };
  };
  if (apiVersion === undefined || kind === undefined || metadata?.name === undefined) return;
  // It only wrote fields of an object that is somebody else's; the next run writes them again.
  if (resource.type.endsWith(`:${kind}Patch`)) return;
  const { name, namespace } = metadata;
  const object = JSON.stringify({ apiVersion, kind, metadata: { name, namespace } });
  const found = await cluster(
    "kubectl",
    ["get", "-f", "-", "-o", "name", "--ignore-not-found"],
    object,
  );
  if (!found.ok && !/no matches for kind/.test(found.stderr)) throw new Error(found.stderr);
  if (found.stdout.trim() === "") return;
  if (precious.has(kind) && !(kind === "Namespace" && (await isEmpty(name, cluster)))) {
    throw new Error(
      `a killed run was creating ${kind} ${name}, which exists now and is not in the state. Import it, or delete it ` +
        `if it holds nothing: pulumi import ${resource.type} ${resource.urn.split("::").at(-1)} ${name}`,
    );
  }
  say(`repair: removing ${kind} ${name}, created by a killed run and unknown to the state`);
  const removed = await cluster(
    "kubectl",
    ["delete", "-f", "-", "--wait=true", "--timeout=60s"],
    object,
  );
  if (!removed.ok) throw new Error(removed.stderr);
}
