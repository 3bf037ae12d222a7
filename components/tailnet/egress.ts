/** Ways from the cluster to single hosts of the tailnet, through the operator's group of egress proxies. */
import type { core } from "@pulumi/kubernetes/types/input.js";
import type { PolicyEntry } from "./policy-plan.ts";
import { groupName } from "./proxy-plan.ts";
import { siteTags } from "./tags.ts";

/** A port of a host. */
export interface EgressPort {
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

/** A host of the tailnet that pods reach by the name of a Service. */
export interface EgressPlan {
  /** Name of the Service, in the operator's namespace. */
  readonly name: string;
  /** The host: its name in the tailnet, in full, or its address there. */
  readonly to: { readonly fqdn: string } | { readonly ip: string };
  /** Whether it is a device of the tailnet, and not one of its Services. */
  readonly device: boolean;
  readonly ports: readonly EgressPort[];
}

/** A host as the tailnet's policy calls it, and its ports. */
export interface EgressTarget {
  /** `tag:nas`, `svc:web`, a name of the policy's `hosts`, or an address. */
  readonly dst: string;
  readonly ports: readonly EgressPort[];
  /** Whether the site's machines reach it too: they are devices of the tailnet themselves, and take no way through proxies. */
  readonly machines?: boolean;
}

/** Stands in the Service until the operator puts the name of its own there; the kind wants one (RFC 2606, section 2). */
const placeholder = "egress.invalid";

/**
 * Annotations of the Service. What the operator calls ready a proxy was told of, and no more: neither that it has found the
 * host nor that the host answers (tailscale/tailscale v1.102.3 cmd/k8s-operator/egress-services-readiness.go,
 * cmd/containerboot/egressservices.go).
 */
export function egressAnnotations({ to }: Pick<EgressPlan, "to">): Record<string, string> {
  return {
    "tailscale.com/proxy-group": groupName("egress"),
    ...("fqdn" in to
      ? { "tailscale.com/tailnet-fqdn": to.fqdn }
      : { "tailscale.com/tailnet-ip": to.ip }),
    "pulumi.com/waitFor": "condition=TailscaleEgressSvcReady",
  };
}

/** Spec of the Service. Each port has a name: the operator gives all that have none the same one. */
export function egressSpec({ ports }: Pick<EgressPlan, "ports">): core.v1.ServiceSpec {
  return {
    type: "ExternalName",
    externalName: placeholder,
    ports: ports.map(({ port, protocol }) => ({
      name: `${protocol.toLowerCase()}-${port}`,
      port,
      protocol,
    })),
  };
}

/** Ports in the form of a grant: `tcp:445`. */
export function grantPorts(ports: readonly EgressPort[]): readonly string[] {
  return ports.map(({ port, protocol }) => `${protocol.toLowerCase()}:${port}`);
}

/** Tags of a site's devices that reach a host. */
export function egressSources(
  site: string,
  { machines = false }: Pick<EgressTarget, "machines">,
): readonly string[] {
  const { connector, node } = siteTags(site);
  return machines ? [connector, node] : [connector];
}

/** What lets a site's devices reach a host. */
export function egressGrant(site: string, target: EgressTarget): PolicyEntry {
  const { dst, ports } = target;
  return { src: egressSources(site, target), dst: [dst], ip: grantPorts(ports) };
}
