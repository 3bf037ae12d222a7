/** The Connector as Tailscale's operator takes it: its devices, and over what they spread. */
import { proxyClassSpec, type ProxyClassPlan } from "./proxy-plan.ts";
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

/** Spec of the Connector; its pods are those of the class of its own name. */
export function connectorSpec(
  site: string,
  { name, replicas, routes, exitNode }: ConnectorPlan,
): Record<string, unknown> {
  return {
    ...(replicas === 1 ? { hostname: name } : { hostnamePrefix: prefix(name), replicas }),
    proxyClass: name,
    tags: [siteTags(site).connector],
    subnetRouter: { advertiseRoutes: [...routes] },
    exitNode,
  };
}

/**
 * What says that each of its devices is in the tailnet, as `pulumi.com/waitFor` takes it. The operator's condition is True once its
 * StatefulSet is written, with no device at all; the addresses come from what the pods say of themselves (cmd/k8s-operator/
 * connector.go, maybeProvisionConnector).
 */
export function connectorJoined({ replicas }: Pick<ConnectorPlan, "replicas">): string {
  const device = (i: number) => `jsonpath={.status.devices[${i}].tailnetIPs[0]}`;
  return JSON.stringify([
    "condition=ConnectorReady",
    ...Array.from({ length: replicas }, (_, i) => device(i)),
  ]);
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

/** Spec of its class, which no default of the operator's is for. Several devices stand on hosts apart. */
export function connectorClass(
  { name, replicas }: Pick<ConnectorPlan, "name" | "replicas">,
  common: ProxyClassPlan | undefined,
): Record<string, unknown> {
  return proxyClassSpec(common, replicas > 1 ? { owner: { type: "connector", name } } : {});
}
