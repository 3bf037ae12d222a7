/** The Connector as Tailscale's operator takes it: its devices, and over what they spread. */
import type { core } from "@pulumi/kubernetes/types/input.js";
import { siteTags } from "./tags.ts";

/** The Connector: subnet router and exit node. */
export interface ConnectorPlan {
  /** Name of the Connector, and of its device where it has one alone. */
  readonly name: string;
  /** How many devices it has; each stands on a host of its own as far as there are hosts. */
  readonly replicas: number;
  /** Networks that it advertises, in CIDR form. */
  readonly routes: readonly string[];
  readonly exitNode: boolean;
}

/**
 * Names of its devices. The operator puts a number behind a prefix (tailscale/tailscale v1.102.3
 * cmd/k8s-operator/sts.go, provisionSecrets), so that the first of `NAME-0` keeps its name when a second comes.
 */
export function connectorDevices({
  name,
  replicas,
}: Pick<ConnectorPlan, "name" | "replicas">): readonly string[] {
  if (replicas === 1) return [name];
  return Array.from({ length: replicas }, (_, i) => `${prefix(name)}-${i}`);
}

const prefix = (name: string): string => name.replace(/-0$/, "");

/** Spec of the Connector; its pods are those of the class of its own name where there are several. */
export function connectorSpec(site: string, plan: ConnectorPlan): Record<string, unknown> {
  const { name, replicas, routes, exitNode } = plan;
  return {
    ...(replicas === 1
      ? { hostname: name }
      : { hostnamePrefix: prefix(name), replicas, proxyClass: name }),
    tags: [siteTags(site).connector],
    subnetRouter: { advertiseRoutes: [...routes] },
    exitNode,
  };
}

/** Names of the devices of a Connector that is there, by its spec. */
export function devicesOfSpec(spec: unknown): readonly string[] {
  const {
    hostname,
    hostnamePrefix,
    replicas = 1,
  } = (spec ?? {}) as {
    readonly hostname?: string;
    readonly hostnamePrefix?: string;
    readonly replicas?: number;
  };
  if (hostnamePrefix === undefined) return hostname === undefined ? [] : [hostname];
  return Array.from({ length: replicas }, (_, i) => `${hostnamePrefix}-${i}`);
}

/**
 * Spec of the ProxyClass that spreads its pods over hosts, which the operator leaves to chance: no host carries two while
 * another carries none. A host whose node is cordoned counts: a pod waits for it rather than join the other one, and stay
 * there. The labels are the operator's (cmd/k8s-operator/sts.go, reconcileSTS).
 */
export function connectorClass(name: string): Record<string, unknown> {
  const overHosts: core.v1.TopologySpreadConstraint = {
    maxSkew: 1,
    topologyKey: "topology.kubernetes.io/zone",
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: {
      matchLabels: {
        "tailscale.com/parent-resource-type": "connector",
        "tailscale.com/parent-resource": name,
      },
    },
  };
  return { statefulSet: { pod: { topologySpreadConstraints: [overHosts] } } };
}
