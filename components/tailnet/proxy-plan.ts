/** Classes and groups of the operator's proxies, as its custom resources take them. */
import type { core } from "@pulumi/kubernetes/types/input.js";
import { siteTags } from "./tags.ts";

/** What all proxies of the operator have in common. */
export interface ProxyClassPlan {
  /** What each of them asks of its node, as quantities of Kubernetes: `25m`, `64Mi`. */
  readonly cpu: string;
  readonly memory: string;
  /** Whether they tell Prometheus of themselves, by a ServiceMonitor each; needs that kind. */
  readonly metrics: boolean;
}

/** What a group of proxies does, in the operator's own words. */
export type ProxyGroupType = "ingress" | "egress" | "kube-apiserver";

/** Proxies that carry many Services together, or lead to the API servers. */
export interface ProxyGroupPlan {
  readonly type: ProxyGroupType;
  /** How many devices it has; each stands on a host of its own as far as there are hosts. */
  readonly replicas: number;
  /** Of `kube-apiserver`: name of the Service that leads to all of them. */
  readonly hostname?: string;
}

/** The class of proxies that nobody gives another. */
export const defaultProxyClass = "proxies";

/** Name of a group: of its object, its class and its StatefulSet, and what Services say that use it. */
export function groupName(type: ProxyGroupType): string {
  return type === "kube-apiserver" ? "api-server" : type;
}

/** Names of a group's devices (tailscale/tailscale v1.102.3 cmd/k8s-operator/proxygroup_specs.go, pgHostname). */
export function groupDevices(
  site: string,
  { type, replicas }: Pick<ProxyGroupPlan, "type" | "replicas">,
): readonly string[] {
  return Array.from({ length: replicas }, (_, i) => `${devicePrefix(site, type)}-${i}`);
}

/** What the names of a group's devices begin with. */
export function devicePrefix(site: string, type: ProxyGroupType): string {
  return `${site}-${groupName(type)}`;
}

/** How many devices a group has that is there, by its spec. */
export function replicasOfSpec(spec: unknown): number {
  return (spec as { readonly replicas?: number } | undefined)?.replicas ?? 0;
}

/** Spec of a ProxyGroup, whose pods are those of the class of its own name. */
export function proxyGroupSpec(
  site: string,
  { type, replicas, hostname }: ProxyGroupPlan,
): Record<string, unknown> {
  return {
    ...{ type, replicas, tags: [siteTags(site).connector] },
    hostnamePrefix: devicePrefix(site, type),
    proxyClass: groupName(type),
    ...(hostname === undefined ? {} : { kubeAPIServer: { mode: "auth", hostname } }),
  };
}

/** Whose pods a class is for: what the operator makes of one object, by the labels that it gives them. */
export interface ProxyOwner {
  readonly type: "connector" | "proxygroup";
  readonly name: string;
}

/**
 * Spec of a ProxyClass. With metrics alone tailscaled's debug server (/debug/ipn, /debug/pprof) would answer at port 9001 of
 * each pod, to everybody who reaches it: the operator's code still has what its kind calls the default before 1.82
 * (tailscale/tailscale v1.102.3 cmd/k8s-operator/sts.go, debugSetting), so that it is switched off by name. The operator would
 * pull each image at each start of a pod (cmd/k8s-operator/deploy/manifests/proxy.yaml): with a registry away no way in would
 * come back from a reboot, though its image lies on the node. Tags are releases, which do not move.
 * @param common what all proxies have; the operator's own choice when left out
 * @param own whose pods stand apart from each other, and their image where the operator's own is a tag that moves
 */
export function proxyClassSpec(
  common: ProxyClassPlan | undefined,
  { owner, image }: { readonly owner?: ProxyOwner; readonly image?: string } = {},
): Record<string, unknown> {
  const container = {
    ...(image === undefined ? {} : { image }),
    imagePullPolicy: "IfNotPresent",
    ...(common === undefined
      ? {}
      : { resources: { requests: { cpu: common.cpu, memory: common.memory } } }),
    ...(common?.metrics === true ? { debug: { enable: false } } : {}),
  };
  const pod = {
    ...(owner === undefined ? {} : { topologySpreadConstraints: [overHosts(owner)] }),
    tailscaleContainer: container,
  };
  return {
    statefulSet: { pod },
    ...(common?.metrics === true
      ? { metrics: { enable: true, serviceMonitor: { enable: true } } }
      : {}),
  };
}

/**
 * Spreads pods over hosts, which the operator leaves to chance: no host carries two while another carries none. A host whose
 * node is cordoned counts: a pod waits for it rather than join the other one, and stay there. The labels are the operator's
 * (cmd/k8s-operator/sts.go, reconcileSTS; proxygroup_specs.go, pgLabels).
 */
function overHosts({ type, name }: ProxyOwner): core.v1.TopologySpreadConstraint {
  return {
    maxSkew: 1,
    topologyKey: "topology.kubernetes.io/zone",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: {
      matchLabels: {
        "tailscale.com/parent-resource-type": type,
        "tailscale.com/parent-resource": name,
      },
    },
  };
}

/**
 * Image of a group's proxies where the program names it. The operator's own for the API servers is a tag that moves, which
 * no value of its chart changes (cmd/k8s-operator/operator.go, K8S_PROXY_IMAGE); that of all others is its own release.
 * @param operator version of the operator's chart
 */
export function groupImage(type: ProxyGroupType, operator: string): string | undefined {
  return type === "kube-apiserver" ? `tailscale/k8s-proxy:v${operator}` : undefined;
}
