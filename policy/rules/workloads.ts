import { exceptionsAnnotation } from "../../components/workload/exceptions.ts";
import { containersOf, map, runsOn, workload, type Workload } from "../pods.ts";
import type { Finding, ResourceRule, StackRule } from "../rule.ts";
import { at, elements, fields, text, unknown, type Seen, type SeenMap } from "../seen.ts";

/** A pod of the program's own gets no more of a node, and may do no more there, than it needs. */
export const workloads: ResourceRule = {
  name: "workloads-are-contained",
  description:
    "Every pod that the program itself writes says what it needs and at most gets, is probed, runs as nobody with a read-only " +
    "root, without privileges and without a token that it does not use, and is spread over nodes. What a container does " +
    "otherwise its workload says, with a reason, by an annotation homelab/exceptions.CONTAINER.",
  judge: (resource) => {
    const { inputs } = resource;
    const found = workload(resource);
    if (found === undefined) return [];
    const containers = [
      ...containersOf(found, "initContainers"),
      ...containersOf(found, "containers"),
    ];
    return [
      ...containers.flatMap(([path, one]) => [
        ...resources(path, one),
        ...security(path, one, found, declared(inputs, one)),
      ]),
      ...(runsOn(found) ? containersOf(found, "containers") : []).flatMap(probes),
      ...token(found),
      ...spread(found),
    ];
  },
};

/** While nodes are drained one after the other, somebody must still answer. */
export const budgets: StackRule = {
  name: "workloads-have-a-budget",
  description:
    "For every Deployment and StatefulSet that the program itself writes there is a PodDisruptionBudget, which says how many " +
    "of its pods a drain may take at a time.",
  judge: (seen) => {
    // A preview knows nothing of an object while there is no cluster yet; the up that makes it judges it.
    const resources = seen.filter(({ inputs }) => text(at(inputs, "metadata", "name")));
    const known = resources
      .filter(({ type }) => type === "kubernetes:policy/v1:PodDisruptionBudget")
      .map(({ inputs }) => ({
        namespace: text(at(inputs, "metadata", "namespace")) ?? "default",
        labels: fields(at(inputs, "spec", "selector", "matchLabels")),
      }));
    return resources.flatMap((resource) => {
      const found = workload(resource);
      if (found === undefined || !["Deployment", "StatefulSet"].includes(found.kind)) return [];
      const covered = known.some(
        ({ namespace, labels }) =>
          namespace === found.namespace &&
          labels.length > 0 &&
          labels.every(([key, value]) => text(found.labels[key]) === text(value)),
      );
      if (covered) return [];
      const finding = `no PodDisruptionBudget of ${found.namespace} selects its pods; add one, such as maxUnavailable: 1`;
      return [{ resource, finding }];
    });
  },
};

/** Namespaces whose pods do what `restricted` forbids, and why. */
const lesser: Readonly<Record<string, string>> = {
  tailscale: "proxies set up routing in their pods",
  "rook-ceph": "Ceph opens devices and mounts of its nodes",
  monitoring: "node-exporter reads its machine's files, on the machine's own network",
  alloy: "Alloy reads logs of pods and journals on its machine",
};

const modes = ["enforce", "audit", "warn"];

/** A reason is a sentence: a word alone says nothing. */
const reason = /^(root|writableRoot|capabilities): \S.{9,}$/;

/** What a workload says that one of its containers does beyond the rules, each with a reason. */
function declared(inputs: SeenMap, container: SeenMap): readonly string[] {
  const name = text(container["name"]) ?? "";
  const said = text(map(at(inputs, "metadata", "annotations"))[exceptionsAnnotation(name)]) ?? "";
  return said.split("\n").flatMap((line) => reason.exec(line)?.[1] ?? []);
}

/** What is left out takes the cluster's own level, which the CIS profile makes another one. */
export const namespaces: ResourceRule = {
  name: "namespaces-have-a-level",
  description:
    "Every namespace says in all three modes which pods it admits: `restricted`, unless it is declared why its pods need more, " +
    "here or by an annotation homelab/exceptions.CONTAINER of its own.",
  judge: ({ type, inputs }) => {
    if (type !== "kubernetes:core/v1:Namespace") return [];
    const name = text(at(inputs, "metadata", "name")) ?? "";
    const labels = map(at(inputs, "metadata", "labels"));
    const saidWhy = fields(at(inputs, "metadata", "annotations")).some(
      ([key, why]) => key.startsWith(exceptionsAnnotation("")) && (text(why) ?? "").length >= 10,
    );
    return modes.flatMap((mode) => {
      const key = `pod-security.kubernetes.io/${mode}`;
      const level = text(labels[key]);
      if (level === "restricted") return [];
      if (level === undefined) return [`metadata.labels lack ${key}; set it to restricted`];
      return name in lesser || saidWhy
        ? []
        : [
            `${key} is ${level}; use restricted, or declare in policy/rules/workloads.ts what its pods need more for`,
          ];
    });
  },
};

function resources(path: string, container: SeenMap): readonly Finding[] {
  const wanted = [
    ["requests", "cpu", "the node's scheduler"],
    ["requests", "memory", "the node's scheduler"],
    ["limits", "memory", "the node's other pods"],
  ] as const;
  return wanted.flatMap(([list, what, whom]) =>
    at(container, "resources", list, what) === undefined
      ? [`${path}.resources.${list}.${what} is missing; ${whom} must know it`]
      : [],
  );
}

function security(
  path: string,
  container: SeenMap,
  { spec }: Workload,
  exceptions: readonly string[],
): readonly Finding[] {
  const own = (...key: readonly string[]): Seen | undefined =>
    at(container, "securityContext", ...key);
  const either = (...key: readonly string[]): Seen | undefined =>
    own(...key) ?? at(spec, "securityContext", ...key);
  const is = (value: Seen | undefined, ...right: readonly Seen[]): boolean =>
    value === unknown || (value !== undefined && right.includes(value));
  const dropped = elements(own("capabilities", "drop")).map((one) => text(one));
  const may = (exception: string): boolean => exceptions.includes(exception);
  const checks: readonly (readonly [boolean, string])[] = [
    [may("root") || is(either("runAsNonRoot"), true), "runAsNonRoot: true"],
    [
      may("writableRoot") || is(own("readOnlyRootFilesystem"), true),
      "readOnlyRootFilesystem: true",
    ],
    [may("capabilities") || onlyBinds(own("capabilities", "add")), "capabilities.add: []"],
    [is(own("allowPrivilegeEscalation"), false), "allowPrivilegeEscalation: false"],
    [dropped.includes("ALL"), "capabilities.drop: [ALL]"],
    [
      is(either("seccompProfile", "type"), "RuntimeDefault", "Localhost"),
      "seccompProfile.type: RuntimeDefault",
    ],
  ];
  return checks.flatMap(([kept, wanted]) =>
    kept ? [] : [`${path}.securityContext lacks ${wanted}`],
  );
}

/** The one capability that the restricted profile lets back in. */
const onlyBinds = (added: Seen | undefined): boolean =>
  added === unknown || elements(added).every((one) => text(one) === "NET_BIND_SERVICE");

function probes([path, container]: readonly [string, SeenMap]): readonly Finding[] {
  return ["readinessProbe", "livenessProbe"].flatMap((probe) =>
    container[probe] === undefined
      ? [`${path}.${probe} is missing; without it nobody sees that the program hangs`]
      : [],
  );
}

/** Pods that name an account of their own use it; any other gets none. */
function token({ path, spec }: Workload): readonly Finding[] {
  if (at(spec, "automountServiceAccountToken") === false) return [];
  const account = text(spec["serviceAccountName"]);
  if (account !== undefined && account !== "default") return [];
  return [
    `${path}.automountServiceAccountToken is not false, and the pods have no account of their own; set it, or name the account`,
  ];
}

function spread({ kind, path, spec, replicas = 1 }: Workload): readonly Finding[] {
  if (!["Deployment", "StatefulSet"].includes(kind) || replicas < 2) return [];
  const apart = at(spec, "affinity", "podAntiAffinity");
  if (elements(spec["topologySpreadConstraints"]).length > 0 || apart !== undefined) return [];
  return [
    `${path}.topologySpreadConstraints are missing; without them one node may carry all ${replicas} pods`,
  ];
}
