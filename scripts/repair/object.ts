/** Kubernetes objects that a run which was cut off may have created without the state knowing. */
import type { ClusterCommand } from "../../stacks/doctor/examined.ts";
import type { StateResource } from "../state.ts";

/** What names an object. */
export interface ObjectName {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Undefined for a kind without namespaces. */
  readonly namespace?: string;
}

/** What is asked of an object that exists. */
interface Seen {
  readonly metadata: {
    readonly name: string;
    /** RFC 3339. */
    readonly creationTimestamp: string;
    readonly managedFields?: readonly {
      readonly manager?: string;
      readonly operation?: string;
      readonly subresource?: string;
    }[];
  };
  readonly status?: { readonly phase?: string };
}

/** Kinds that make a namespace more than a name, and what every namespace has. */
const contents =
  "pods,services,deployments,statefulsets,daemonsets,jobs,cronjobs,persistentvolumeclaims,secrets,configmaps";
const everywhere = "configmap/kube-root-ca.crt";

async function isEmpty(namespace: string, cluster: ClusterCommand): Promise<boolean> {
  const found = await cluster("kubectl", ["get", contents, "-n", namespace, "-o", "name"]);
  if (!found.ok) throw new Error(found.stderr);
  return found.stdout.split("\n").every((line) => line === "" || line === everywhere);
}

async function isUnused(definition: string, cluster: ClusterCommand): Promise<boolean> {
  const found = await cluster("kubectl", ["get", definition, "-A", "-o", "name"]);
  // It is so young that nothing can be of it.
  if (/doesn't have a resource type/.test(found.stderr)) return true;
  if (!found.ok) throw new Error(found.stderr);
  return found.stdout.trim() === "";
}

/**
 * Kinds with whose objects more may go than themselves, and what keeps one from being removed. A database that is made
 * again archives nothing over what the first one has archived (barman/xlog.py), and Strimzi gives a Kafka that is made
 * again another cluster id than its disks carry (NodePoolUtils.java). A topic that was in Kafka already is taken over by
 * the object of its name, and goes with it and all its messages (BatchingTopicController.java). Such an object may go only
 * before its operator has said anything of it.
 */
const precious: Readonly<
  Record<string, (seen: Seen, cluster: ClusterCommand) => Promise<string | undefined>>
> = {
  Namespace: async ({ metadata: { name } }, cluster) =>
    (await isEmpty(name, cluster)) ? undefined : "something is in it",
  PersistentVolume: () => Promise.resolve("it stands for a disk"),
  PersistentVolumeClaim: bound,
  "ObjectBucketClaim.objectbucket.io": bound,
  "CustomResourceDefinition.apiextensions.k8s.io": async ({ metadata: { name } }, cluster) =>
    (await isUnused(name, cluster)) ? undefined : "there are objects of this kind",
  "Cluster.postgresql.cnpg.io": begun,
  "Kafka.kafka.strimzi.io": begun,
  "KafkaTopic.kafka.strimzi.io": begun,
};

/** A claim that waits has nothing yet: no pod runs with it, and no bucket is made. */
function bound({ status: { phase = "Pending" } = {} }: Seen): Promise<string | undefined> {
  return Promise.resolve(phase === "Pending" ? undefined : `it is ${phase}`);
}

function begun({ status }: Seen): Promise<string | undefined> {
  return Promise.resolve(status === undefined ? undefined : "its operator has begun with it");
}

/** The object that a resource stands for. Undefined for a release, and where the inputs do not name it. */
export function objectOf(resource: StateResource): ObjectName | undefined {
  const { apiVersion, kind, metadata } = (resource.inputs ?? {}) as {
    apiVersion?: string;
    kind?: string;
    metadata?: { name?: string; namespace?: string };
  };
  if (apiVersion === undefined || kind === undefined || metadata?.name === undefined)
    return undefined;
  const { name, namespace } = metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

/** Its id at the provider, which says to people too where it is: `namespace/name`. */
export const idOf = ({ name, namespace }: ObjectName): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

/** Its kind and id, for people. */
export const titleOf = (object: ObjectName): string => `${object.kind} ${idOf(object)}`;

/** The kind with its group, `Kind.group`; without a dot in the core group. */
function groupKind({ apiVersion, kind }: ObjectName): string {
  const [group] = apiVersion.includes("/") ? apiVersion.split("/") : [];
  return group === undefined ? kind : `${kind}.${group}`;
}

/** A kubectl command about an object, for people: `kubectl delete Service seerr -n seerr`. */
export function kubectl(verb: "get" | "delete", object: ObjectName): string {
  const [group, version] = object.apiVersion.split("/");
  const kind = version === undefined ? object.kind : `${object.kind}.${version}.${group}`;
  const where = object.namespace === undefined ? "" : ` -n ${object.namespace}`;
  return `kubectl ${verb} ${kind} ${object.name}${where}`;
}

/**
 * The command that takes an existing object into the state, at the URN that the program gives it.
 * @see https://www.pulumi.com/docs/iac/cli/commands/pulumi_import/
 */
export function adoption(resource: StateResource, object: ObjectName): string {
  const { urn, type, parent = "", provider = "" } = resource;
  const [, , stack = ""] = urn.split(":");
  const options = [
    ...(parent === "" || parent.includes("::pulumi:pulumi:Stack::")
      ? []
      : [`--parent 'parent=${parent}'`]),
    // A provider is named by its URN and, behind that, its id.
    ...(provider === "" ? [] : [`--provider 'provider=${provider.replace(/::[^:]*$/, "")}'`]),
  ];
  return [
    `pulumi import --stack ${stack} --protect=false --generate-code=false`,
    ...options,
    `${type} ${urn.split("::").at(-1)} ${idOf(object)}`,
  ].join(" ");
}

/**
 * Whether an object was created at or after `since` (milliseconds) by Pulumi's provider. That posts each new object under
 * this one name; what it applies later goes by another, with a suffix (pulumi-kubernetes, provider/pkg/await/await.go).
 */
function isOurs({ metadata: { creationTimestamp, managedFields = [] } }: Seen, since: number) {
  return (
    Date.parse(creationTimestamp) >= since &&
    managedFields.some(
      ({ manager, operation, subresource }) =>
        manager === "pulumi-kubernetes" && operation === "Update" && subresource === undefined,
    )
  );
}

/**
 * Removes an object that a run which was cut off may have created: the next run creates it. Throws for one that may hold
 * something. Leaves alone what was there before `since` (milliseconds; NaN when that is not known), what somebody else
 * created, and objects of which the run wrote some fields only.
 */
export async function removeObject(
  resource: StateResource,
  since: number,
  cluster: ClusterCommand,
  say: (text: string) => void,
): Promise<void> {
  const object = objectOf(resource);
  if (object === undefined) return;
  // It only wrote fields of an object that is somebody else's; the next run writes them again.
  if (resource.type.endsWith(`:${object.kind}Patch`)) return;
  const { apiVersion, kind, name, namespace } = object;
  const named = JSON.stringify({ apiVersion, kind, metadata: { name, namespace } });
  const seen = await look(named, cluster);
  if (seen === undefined) return;
  if (!isOurs(seen, since)) {
    say(
      `repair: ${titleOf(object)} is left alone: it was created at ${seen.metadata.creationTimestamp}, and not by the run ` +
        "that was cut off",
    );
    return;
  }
  const held = await precious[groupKind(object)]?.(seen, cluster);
  if (held !== undefined) {
    throw new Error(
      `a run was cut off while it created ${titleOf(object)}, which exists now and is not in the state. It is not removed, ` +
        `because ${held}. Take it into the state, or delete it if nothing is lost with it:\n` +
        `  ${adoption(resource, object)}\n  ${kubectl("delete", object)}`,
    );
  }
  say(
    `repair: removing ${titleOf(object)}, created by a run that was cut off and unknown to the state`,
  );
  const removed = await cluster(
    "kubectl",
    ["delete", "-f", "-", "--wait=true", "--timeout=60s"],
    named,
  );
  if (!removed.ok) throw new Error(removed.stderr);
}

/** Metadata and status alone: what a Secret holds is not asked for. What `-f -` names kubectl gives as a list. */
async function look(named: string, cluster: ClusterCommand): Promise<Seen | undefined> {
  const fields = "jsonpath={range .items[*]}{.metadata}{'\\n'}{.status}{end}";
  const found = await cluster(
    "kubectl",
    ["get", "-f", "-", "--ignore-not-found", "-o", fields],
    named,
  );
  if (!found.ok && !/no matches for kind/.test(found.stderr)) throw new Error(found.stderr);
  const [metadata = "", status = ""] = found.stdout.trim().split("\n");
  if (metadata === "") return undefined;
  return {
    metadata: JSON.parse(metadata) as Seen["metadata"],
    ...(status === "" ? {} : { status: JSON.parse(status) as Seen["status"] & object }),
  };
}
