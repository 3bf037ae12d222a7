/** Flows as Cilium's policies: one clusterwide policy a namespace, which denies by default and allows what flows say. */
import type { Flow, HttpRule, Peer, Pods, Port } from "./flow.ts";
import { fqdnSelector, namesBelow, type DnsName } from "./names.ts";

/** What the policies of a site are made of. */
export interface PolicyPlan {
  /** What may only talk as flows say: whole namespaces, or some pods of a namespace that others own too. */
  readonly guarded: readonly Pods[];
  readonly flows: readonly Flow[];
  /** Pods that answer the cluster's lookups: those of the cluster's DNS, and the nodes' own caches before it. */
  readonly dns: readonly Pods[];
  /** DNS domain of the cluster's services. */
  readonly clusterDomain: string;
}

type Rule = Readonly<Record<string, unknown>>;

/** One part of a policy (`cilium.io/v2`): a selector of pods, and rules for them. */
export interface PolicySpec {
  readonly description: string;
  readonly endpointSelector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/** A CiliumClusterwideNetworkPolicy. */
export interface Policy {
  readonly name: string;
  readonly specs: readonly PolicySpec[];
}

/**
 * The policies that let the flows through and nothing else, one a namespace, sorted. They are clusterwide ones, which stand
 * before the namespaces that they guard are made and after they are gone: no pod runs without its policy.
 * @see https://docs.cilium.io/en/v1.19/security/policy/
 */
export function networkPolicies(plan: PolicyPlan): readonly Policy[] {
  return guardedNamespaces(plan).map((namespace) => ({
    name: policyName(namespace),
    specs: [
      ...plan.guarded
        .filter((area) => area.namespace === namespace)
        .flatMap((area) => base(area, plan)),
      ...allowances(namespace, plan),
    ],
  }));
}

/** The namespaces of what is guarded, sorted. */
export function guardedNamespaces({ guarded }: Pick<PolicyPlan, "guarded">): readonly string[] {
  return [...new Set(guarded.map(({ namespace }) => namespace))].sort();
}

/** Name of a namespace's policy. */
export const policyName = (namespace: string): string => `homelab-${namespace}`;

/** Default deny in both directions, and questions about the cluster's own names. */
function base(area: Pods, { dns, clusterDomain }: PolicyPlan): readonly PolicySpec[] {
  const endpointSelector = selector(area);
  const deny = {
    description: `${titleOf(area)}: nothing but what is allowed`,
    endpointSelector,
    ingress: [{}],
    egress: [{}],
  };
  if (dns.some((server) => covers(area, server))) return [deny];
  const lookups = {
    description: `${titleOf(area)}: names of the cluster`,
    endpointSelector,
    egress: [questions(dns, [namesBelow(clusterDomain)])],
  };
  return [deny, lookups];
}

/** What each group of a namespace's guarded pods may do. */
function allowances(namespace: string, plan: PolicyPlan): readonly PolicySpec[] {
  const flows = plan.flows.flatMap((flow) => inside(flow, plan.guarded));
  const groups = new Map<
    string,
    { readonly pods: Pods; readonly ingress: Rule[]; readonly egress: Rule[] }
  >();
  const group = (pods: Pods) => {
    const key = JSON.stringify(selector(pods));
    const found = groups.get(key) ?? { pods, ingress: [], egress: [] };
    groups.set(key, found);
    return found;
  };
  const own = (peer: Peer): peer is Pods => isGuarded(peer, namespace, plan);
  for (const flow of flows) {
    if (own(flow.from)) group(flow.from).egress.push(...egress(flow, plan));
    if (own(flow.to)) group(flow.to).ingress.push(ingress(flow, plan));
  }
  return [...groups.values()].map(({ pods, ingress: into, egress: out }) => ({
    description: `${titleOf(pods)}: what it needs`,
    endpointSelector: selector(pods),
    ...(into.length === 0 ? {} : { ingress: into }),
    ...(out.length === 0 ? {} : { egress: out }),
  }));
}

/** A flow to the whole cluster is also one to each of the guarded pods, whose side has to let it in. */
function inside(flow: Flow, guarded: readonly Pods[]): readonly Flow[] {
  if (flow.to.kind !== "cluster" || flow.from.kind !== "pods" || !("ports" in flow)) return [flow];
  const { from, ports, why } = flow;
  return [flow, ...guarded.map((to): Flow => ({ from, to, ports, why }))];
}

/** Whether a peer is pods of a namespace that are guarded there. */
export function isGuarded(
  peer: Peer,
  namespace: string,
  { guarded }: Pick<PolicyPlan, "guarded">,
): peer is Pods {
  return peer.kind === "pods" && peer.namespace === namespace && guards(guarded, peer);
}

/** Whether pods belong to what is guarded. */
function guards(guarded: readonly Pods[], pods: Pods): boolean {
  return guarded.some((area) => covers(area, pods));
}

function covers(area: Pods, pods: Pods): boolean {
  if (area.namespace !== pods.namespace) return false;
  return Object.entries(area.labels ?? {}).every(([key, value]) => pods.labels?.[key] === value);
}

/** Port of the API servers on their machines, where the Service `kubernetes` leads to. */
const apiPort: Port = { port: 6443, protocol: "TCP" };

function egress(flow: Flow, plan: PolicyPlan): readonly Rule[] {
  const { to } = flow;
  const { dns, guarded } = plan;
  if (to.kind === "questions") return [questions(dns, to.names)];
  if (to.kind === "api-server") return [{ toEntities: ["kube-apiserver"], ...onPorts([apiPort]) }];
  if (!("ports" in flow)) return [];
  // Requests are read once: on the way into guarded pods, else on the way out.
  const readThere = to.kind === "pods" && guards(guarded, to);
  const ports = onPorts(flow.ports, readThere ? undefined : flow.http);
  switch (to.kind) {
    case "pods":
      return [{ toEndpoints: [selector(to)], ...ports }];
    case "nodes":
      return [{ toEntities: ["host", "remote-node"], ...ports }];
    case "others":
      return [{ toEndpoints: [elsewhere(plan)], ...ports }];
    case "cluster":
    case "world":
      return [{ toEntities: [to.kind], ...ports }];
    case "networks":
      return [{ toCIDRSet: to.networks, ...ports }];
    case "names":
      return [questions(dns, to.names), { toFQDNs: to.names.map(fqdnSelector), ...ports }];
  }
}

/** Cilium's entities of who calls from the machines: an API server is `host` to the pods of its own machine. */
const callers = {
  nodes: ["host", "remote-node"],
  "api-server": ["kube-apiserver", "host", "remote-node"],
  cluster: ["cluster"],
  // A load balancer's connection that a machine passes on to another one's pod comes from that machine.
  world: ["world", "host", "remote-node"],
} as const;

function ingress(flow: Flow, plan: PolicyPlan): Rule {
  const { from } = flow;
  const ports = "ports" in flow ? onPorts(flow.ports, flow.http) : {};
  switch (from.kind) {
    case "pods":
      return { fromEndpoints: [selector(from)], ...ports };
    case "others":
      return { fromEndpoints: [elsewhere(plan)], ...ports };
    case "networks":
      return { fromCIDRSet: from.networks, ...ports };
    case "nodes":
    case "api-server":
    case "cluster":
    case "world":
      return { fromEntities: callers[from.kind], ...ports };
  }
}

/** Lookups of these names, which Cilium's DNS proxy reads, in the cluster's DNS and in the nodes' caches before it. */
function questions(dns: readonly Pods[], names: readonly DnsName[]): Rule {
  const ports = (["UDP", "TCP"] as const).map((protocol) => ({ port: "53", protocol }));
  return {
    toEndpoints: dns.map(selector),
    toPorts: [{ ports, rules: { dns: names.map(fqdnSelector) } }],
  };
}

function onPorts(ports: readonly Port[] | "all", http?: readonly HttpRule[]): Rule {
  if (ports === "all") return {};
  const list = ports.map(({ port, end, protocol }) => ({
    port: String(port),
    ...(end === undefined ? {} : { endPort: end }),
    protocol,
  }));
  return { toPorts: [{ ports: list, ...(http === undefined ? {} : { rules: { http } }) }] };
}

const namespaceLabel = "k8s:io.kubernetes.pod.namespace";

function selector({ namespace, labels }: Pods): PolicySpec["endpointSelector"] {
  return { matchLabels: { [namespaceLabel]: namespace, ...labels } };
}

/** Machines and addresses are in no namespace, and `NotIn` alone would take them too. */
function elsewhere(plan: PolicyPlan): Rule {
  return {
    matchExpressions: [
      { key: namespaceLabel, operator: "Exists" },
      { key: namespaceLabel, operator: "NotIn", values: guardedNamespaces(plan) },
    ],
  };
}

const titleOf = ({ title, namespace }: Pods): string =>
  title === namespace ? namespace : `${title} in ${namespace}`;
